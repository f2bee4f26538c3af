//! What people see of selling: chains, wallets, assets, orders, receipts, tokens.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate::db::{AccountId, assets, receipts};
use tidegate_ocean::{Address, B256, Evidence};

use crate::support::{
    browser::Browser,
    chain::{Fault, RPC_KEY},
    content::{content, unique},
    market::{CHAIN, Market, Query, Sale},
    origin::{Origin, Reply},
    person::Person,
    server::TestServer,
    wallet::Wallet,
};

const HERE: &str = "/panel/provider";
const LISTS: [&str; 4] = ["assets", "orders", "receipts", "tokens"];

/// Wallet number 1 owns every data NFT of a market.
fn seller() -> Wallet {
    Wallet::new(1)
}

/// What stands between two texts of a page.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let start = page.find(before).unwrap_or_else(|| panic!("{before} is not in {page}")) + before.len();
    &page[start..start + page[start..].find(after).unwrap()]
}

/// The text that a wallet is asked to sign, and the field that goes back with it.
async fn asked_to_sign(browser: &mut Browser) -> (String, String) {
    let page = browser.page(HERE).await;
    let text = between(&page, "id=\"text\" tabindex=\"0\">", "</pre>").to_owned();
    (text, between(&page, "name=\"until\" value=\"", "\"").to_owned())
}

/// A browser of somebody who has registered.
async fn browser_of(market: &Market, person: &str) -> Browser {
    let mut browser = Browser::at(&market.server);
    browser.sign_in(&format!("{person}@example.org")).await;
    browser
}

async fn give_wallet(market: &Market, account: AccountId, wallet: &Wallet) {
    market.server.app.accounts.add_wallet(account, wallet.address).await.unwrap();
}

/// Somebody has bought a file, and downloaded it. The order is final.
async fn sold(market: &Market, buyer: &Wallet, files: &Value) -> (Sale, B256) {
    let sale = market.publish(files);
    let order = market.order(&sale, buyer);
    market.chain.mine_empty(20);
    market.get("download", &market.signed(&sale, buyer, order, unique() << 20)).await.expect(200);
    market.server.app.downloads.close().await;
    (sale, order)
}

#[tokio::test]
async fn chains_are_told_with_our_address_and_how_their_nodes_are() {
    let market = Market::open().await;
    let (mut ann, _) = Browser::of(&market.server, "ann").await;
    let page = ann.page(HERE).await;
    assert!(page.contains(&format!("<code id=\"endpoint\">{}</code>", market.server.url(""))), "{page}");
    for said in [
        "Ganache (chain 8996)",
        &market.provider().to_string(),
        "rpc 1 of 1: block 0, 1 day old",
        "1.5 of the",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("latest block is 1 day old") && !page.contains(RPC_KEY));
    assert!(!page.contains("USE_CHAIN_PROOF"), "settings are for administrators");

    let (mut root, _) = Browser::of_admin(&market.server, "root").await;
    let page = root.page(HERE).await;
    assert!(page.contains("Receipts are sent to the chain (USE_CHAIN_PROOF)"));
    assert!(!page.contains(&market.aquarius.url), "addresses may hold keys");
}

#[tokio::test]
async fn a_chain_that_is_away_is_said_to_be_away() {
    let market = Market::open().await;
    market.chain.fail(Fault::Silence);
    let (mut ann, _) = Browser::of(&market.server, "ann").await;
    let page = ann.page(HERE).await;
    assert!(page.contains("not answering") && page.contains("rpc 1 of 1: no answer in time"), "{page}");
}

#[tokio::test]
async fn a_server_that_sells_nothing_says_what_to_set() {
    let server = TestServer::start().await;
    let (mut root, _) = Browser::of_admin(&server, "root").await;
    assert!(root.page(HERE).await.contains("<code>NETWORK_URL</code>"));
    for list in LISTS {
        assert!(root.page(&format!("{HERE}/{list}")).await.contains("class=\"empty\""), "{list}");
        let stranger = Browser::at(&server).get(&format!("{HERE}/{list}")).await;
        assert_eq!(stranger.status, 303, "{list}");
    }
}

#[tokio::test]
async fn a_wallet_is_linked_by_its_signature_and_removed_again() {
    let market = Market::open().await;
    let (mut ann, account) = Browser::of(&market.server, "ann").await;
    let wallet = seller();
    let (text, until) = asked_to_sign(&mut ann).await;
    assert!(text.starts_with("I link this wallet to the account ann@example.org at "), "{text}");
    let link = format!("{HERE}/wallets");
    let signature = wallet.sign_plain(&text);
    let fields = [("wallet", wallet.text()), ("signature", signature.clone()), ("until", until.clone())];
    let with = |name: &str, value: String| {
        fields.clone().map(|(field, old)| (field, if field == name { value.clone() } else { old }))
    };
    for (wrong, words) in [
        (with("signature", Wallet::new(2).sign_plain(&text)), "not that of this wallet"),
        (with("signature", wallet.sign(&text)), "not that of this wallet"),
        (with("wallet", "0x12".to_owned()), "40 hexadecimal digits"),
        (with("until", "9999999999999".to_owned()), "a quarter of an hour"),
    ] {
        let wrong: Vec<_> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ann.post(&link, &wrong).await;
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.text().contains(words) && answer.text().contains("<h1>Provider</h1>"), "{words}");
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut bob, _) = Browser::of(&market.server, "bob").await;
    assert_eq!(bob.post(&link, &fields).await.status, 422, "what Ann's wallet signed is not for Bob");
    let page = ann.submit(&link, &fields).await;
    assert!(page.contains("is yours") && page.contains(&format!("<td><code>{}</code></td>", wallet.text())));
    let wallets = market.server.app.accounts.list_wallets(account).await.unwrap();
    assert_eq!(wallets.iter().map(|(wallet, _)| *wallet).collect::<Vec<_>>(), [wallet.address]);

    let page = ann.submit(&format!("{HERE}/wallets/remove"), &[("wallet", &wallet.text())]).await;
    assert!(page.contains("The wallet is removed.") && page.contains("No wallet is yours yet"));
    assert_eq!(ann.post(&format!("{HERE}/wallets/remove"), &[("wallet", &wallet.text())]).await.status, 404);
    market.server.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(ann.post(&link, &fields).await.status, 422, "the text is over");
}

#[tokio::test]
async fn a_sale_is_seen_by_its_seller_its_buyer_and_administrators() {
    let origin = Origin::start(|_| Reply::ok("0123456789")).await;
    let market = Market::open().await;
    let (mut ann, anns) = Browser::of(&market.server, "ann").await;
    let (mut cat, cats) = Browser::of(&market.server, "cat").await;
    let (mut bob, _) = Browser::of(&market.server, "bob").await;
    let (mut root, _) = Browser::of_admin(&market.server, "root").await;
    let buyer = Wallet::new(5);
    give_wallet(&market, anns, &seller()).await;
    give_wallet(&market, cats, &buyer).await;
    let (sale, order) = sold(&market, &buyer, &json!([{"type": "url", "url": origin.url("/a.csv")}])).await;

    for (who, browser) in [("the seller", &mut ann), ("the buyer", &mut cat), ("an administrator", &mut root)]
    {
        let orders = browser.page(&format!("{HERE}/orders")).await;
        assert!(orders.contains(&order.to_string()) && orders.contains("A thing"), "{who}: {orders}");
        assert!(orders.contains("<td class=\"number\">1</td>"), "{who}: one datatoken, used once: {orders}");
        assert!(orders.contains("for ever"), "{who}");
        let receipts = browser.page(&format!("{HERE}/receipts")).await;
        assert!(receipts.contains("10 B") && receipts.contains("whole"), "{who}: {receipts}");
        let receipt = browser.page(&format!("{HERE}/receipts/1")).await;
        assert!(receipt.contains("✓ Everything holds") && !receipt.contains('✗'), "{who}: {receipt}");
        for said in [
            &sale.did,
            &order.to_string(),
            &buyer.text(),
            &seller().text(),
            "That is the key of the Provider",
        ] {
            assert!(receipt.contains(said), "{who}: {said}");
        }
        let file = browser.get(&format!("{HERE}/receipts/1/receipt.json")).await.expect(200);
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"receipt-1.json\"");
        let file = file.json();
        let text = |name: &str| file[name].as_str().unwrap();
        let evidence = Evidence {
            document: text("document"),
            signature: text("signature"),
            hash: Some(text("hash").parse().unwrap()),
            provider: Some(market.provider()),
            content: None,
        };
        assert!(evidence.check().is_good());
    }
    for browser in [&mut ann, &mut root] {
        let assets = browser.page(&format!("{HERE}/assets")).await;
        assert!(
            assets.contains("A thing") && assets.contains(&sale.did) && assets.contains("10 B"),
            "{assets}"
        );
    }
    assert!(
        cat.page(&format!("{HERE}/assets")).await.contains("class=\"empty\""),
        "she has bought, not sold"
    );
    for list in LISTS {
        assert!(bob.page(&format!("{HERE}/{list}")).await.contains("class=\"empty\""), "{list}");
    }
    assert_eq!(bob.get(&format!("{HERE}/receipts/1")).await.status, 404);
    assert_eq!(bob.get(&format!("{HERE}/receipts/1/receipt.json")).await.status, 404);
    for nonsense in ["receipts/2", "receipts/x", "receipts?before=x"] {
        assert_eq!(root.get(&format!("{HERE}/{nonsense}")).await.status, 404, "{nonsense}");
    }
    let of_asset = root.page(&format!("{HERE}/receipts?asset={}", sale.did)).await;
    assert!(of_asset.contains("No. 1"), "{of_asset}");
    assert!(root.page(&format!("{HERE}/receipts?asset=did:op:0")).await.contains("class=\"empty\""));
}

#[tokio::test]
async fn an_asset_that_sells_a_pin_leads_to_the_pin_of_whoever_has_it() {
    let market = Market::open().await;
    let ann = market.server.person("ann").await;
    give_wallet(&market, ann.account, &seller()).await;
    let bytes = content(unique(), 1000);
    let cid = private(&ann, &bytes).await;
    sold(&market, &Wallet::new(5), &json!([{"type": "ipfs", "hash": cid}])).await;

    let mut browser = browser_of(&market, "ann").await;
    let assets = browser.page(&format!("{HERE}/assets")).await;
    assert!(assets.contains("href=\"/panel/pins/1\">Your pin</a>"), "{assets}");
    let steps = browser.page(HERE).await;
    assert!(steps.contains(&format!("Your latest is <code>{cid}</code>")), "{steps}");
    assert!(steps.contains(&format!("encrypt?chainId={CHAIN}")) && steps.contains("which is private"));

    let (mut root, _) = Browser::of_admin(&market.server, "root").await;
    let assets = root.page(&format!("{HERE}/assets")).await;
    assert!(assets.contains("A thing") && !assets.contains("Your pin") && !assets.contains(&cid), "{assets}");
}

async fn private(person: &Person, bytes: &Bytes) -> String {
    let cid = crate::support::content::cid_v0(bytes);
    let form = person.form(&cid).text("visibility", "private").file("film.mp4", bytes);
    person.upload(form).await.expect(200);
    cid
}

#[tokio::test]
async fn an_asset_is_there_as_soon_as_somebody_asks_for_its_price() {
    let market = Market::open().await;
    let sale =
        market.publish_as(&json!([]), |document| document["metadata"]["name"] = json!("<b>Sea & salt</b>"));
    let query = Query::new(&[
        ("documentId", &sale.did),
        ("serviceId", &sale.service),
        ("consumerAddress", &Wallet::new(5).text()),
    ]);
    market.get("initialize", &query).await.expect(200);
    market.server.app.downloads.close().await;
    let (mut root, _) = Browser::of_admin(&market.server, "root").await;
    let assets = root.page(&format!("{HERE}/assets")).await;
    assert!(assets.contains("&#60;b&#62;Sea &#38; salt&#60;/b&#62;"), "{assets}");
    assert!(assets.contains("none yet") && assets.contains(&seller().text()));
}

#[tokio::test]
async fn tokens_are_listed_and_revoked_by_their_owner_and_by_administrators() {
    let origin = Origin::start(|_| Reply::ok("0123456789")).await;
    let market = Market::open().await;
    let sale = market.publish(&json!([{"type": "url", "url": origin.url("/a.csv")}]));
    let buyer = Wallet::new(5);
    let order = market.order(&sale, &buyer);
    let mut tokens = Vec::new();
    for nonce in ["1", "2"] {
        let (address, signature) = (buyer.text(), buyer.sign(&format!("{}{nonce}", buyer.text())));
        let query = [
            ("address", address.as_str()),
            ("nonce", nonce),
            ("expiration", "1800000000"),
            ("signature", &signature),
        ];
        let answer = market.get("createAuthToken", &Query::new(&query)).await.expect(200);
        tokens.push(answer.json()["token"].as_str().unwrap().to_owned());
    }
    let (mut cat, cats) = Browser::of(&market.server, "cat").await;
    let (mut bob, _) = Browser::of(&market.server, "bob").await;
    let (mut root, _) = Browser::of_admin(&market.server, "root").await;
    give_wallet(&market, cats, &buyer).await;

    let list = format!("{HERE}/tokens");
    let page = cat.page(&list).await;
    assert_eq!(page.matches(">good<").count(), 2, "{page}");
    assert!(
        page.contains("2027-01-15 08:00 UTC") && tokens.iter().all(|token| !page.contains(token.as_str()))
    );
    assert_eq!(bob.post(&format!("{list}/1/revoke"), &[]).await.status, 404);
    assert!(cat.submit(&format!("{list}/1/revoke"), &[]).await.contains(">revoked<"));
    assert!(root.submit(&format!("{list}/2/revoke"), &[]).await.contains("The token is revoked."));
    for (nonce, token) in ["3", "4"].into_iter().zip(&tokens) {
        let query = market.unsigned(&sale, &buyer, order).with("nonce", nonce);
        market.get_with("download", &query, &[("AuthToken", token)]).await.expect(400);
    }
    assert!(origin.lines().is_empty());
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let server = TestServer::start().await;
    let write = server.app.db.write(|s| {
        Box::pin(async move {
            for number in 0..120_u8 {
                let receipt = receipts::NewReceipt {
                    chain_id: CHAIN,
                    order_tx: B256::ZERO,
                    consumer: Address::repeat_byte(number),
                    document: "{}".to_owned(),
                    signature: vec![0; 65],
                    created_at: tidegate::clock::Timestamp::MIN,
                    did: Some("did:op:00".to_owned()),
                };
                receipts::insert_receipt(s, &receipt).await?;
                let asset = assets::NewAsset {
                    did: format!("did:op:{number}"),
                    service_id: "a".to_owned(),
                    chain_id: CHAIN,
                    name: String::new(),
                    nft: None,
                    owner: None,
                    root: None,
                    asked_at: tidegate::clock::Timestamp::MIN,
                };
                assets::note_asset(s, &asset, 1000).await?;
            }
            Ok(())
        })
    });
    write.await.unwrap();
    let (mut root, _) = Browser::of_admin(&server, "root").await;
    for (path, entry) in
        [("receipts", "No. "), ("receipts?asset=did:op:00", "No. "), ("assets", "without a name")]
    {
        let (mut next, mut sizes) = (format!("{HERE}/{path}"), Vec::new());
        loop {
            let page = root.page(&next).await;
            sizes.push(page.matches(entry).count());
            assert_eq!(page.contains(">Newest</a>"), sizes.len() > 1, "{next}");
            let Some(older) = page.find(">Older</a>") else { break };
            let start = page[..older].rfind("href=\"").unwrap() + 6;
            next = page[start..].split('"').next().unwrap().replace("&#38;", "&");
        }
        assert_eq!(sizes, [50, 50, 20], "{path}");
    }
    let broken = root.page(&format!("{HERE}/receipts/1")).await;
    assert!(broken.contains("✗ Something is wrong") && broken.contains("cannot be read"), "{broken}");
}

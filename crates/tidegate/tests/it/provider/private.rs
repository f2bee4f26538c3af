//! Pinned content for sale: what is private is only delivered for an asset of its owner.

use reqwest::Method;
use serde_json::json;

use super::refusals::refusal;
use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    market::{Market, Sale},
    wallet::Wallet,
};

/// Pins `size` bytes privately for someone whose wallet is number 1, who owns every data NFT here. Returns the CID.
async fn pin(market: &Market, bytes: &bytes::Bytes) -> String {
    let person = market.server.person(&format!("seller{}", unique())).await;
    let cid = cid_v0(bytes);
    let form = person.form(&cid).text("visibility", "private").file("film.mp4", bytes);
    person.upload(form).await.expect(200);
    market.server.app.accounts.add_wallet(person.account, Wallet::new(1).address).await.unwrap();
    cid
}

async fn buy(market: &Market, sale: &Sale, buyer: &Wallet, nonce: u64) -> Answer {
    let order = market.order(sale, buyer);
    market.get("download", &market.signed(sale, buyer, order, nonce)).await
}

#[tokio::test]
async fn private_content_is_delivered_to_buyers_and_to_nobody_else() {
    let market = Market::open().await;
    for size in [1024, 300_000] {
        let bytes = content(unique(), size);
        let cid = pin(&market, &bytes).await;
        market.server.get(&format!("/ipfs/{cid}")).await.expect(404);

        let sale = market.publish(&json!([{"type": "ipfs", "hash": cid}]));
        for nonce in [1, 2] {
            let buyer = Wallet::new(5);
            let nonce = nonce + size as u64;
            let answer = buy(&market, &sale, &buyer, nonce).await.expect(200);
            assert_eq!(answer.body, bytes);
            assert_eq!(answer.header("content-length"), size.to_string());
            assert_eq!(answer.header("accept-ranges"), "bytes");
            assert!(!format!("{:?}", answer.headers).contains(&cid), "{answer:?}");
        }
        let asked = json!({"did": sale.did, "serviceId": sale.service, "checksum": true});
        let told = market.post("fileinfo", &asked).await.expect(200).json();
        assert_eq!((&told[0]["valid"], &told[0]["contentLength"]), (&json!(true), &json!(size.to_string())));
    }
}

#[tokio::test]
async fn an_asset_of_somebody_else_does_not_sell_it() {
    let market = Market::open().await;
    let cid = pin(&market, &content(unique(), 1024)).await;
    let sale = market.publish(&json!([{"type": "ipfs", "hash": cid}]));
    market.chain.set_nft(sale.nft, 0, Wallet::new(2).address);
    let answer = buy(&market, &sale, &Wallet::new(5), 1).await;
    assert!(refusal(&answer, 503).contains("IPFS_GATEWAY"), "it is looked for elsewhere: {answer:?}");
    // Nor does one whose document names an NFT of the owner that is not its own.
    let own = market.publish(&json!([]));
    let files = json!([{"type": "ipfs", "hash": cid}]);
    let stolen = market.publish_as(&files, |document| {
        document["id"] = json!("did:op:0000000000000000000000000000000000000000000000000000000000000000");
        assert_ne!(own.nft.to_string(), document["nftAddress"]);
    });
    let stolen = Sale { did: stolen.document["id"].as_str().unwrap().to_owned(), ..stolen };
    let answer = buy(&market, &stolen, &Wallet::new(6), 1).await;
    assert!(refusal(&answer, 503).contains("IPFS_GATEWAY"), "it is looked for elsewhere: {answer:?}");
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_it_from_fileinfo() {
    let market = Market::open().await;
    let cid = pin(&market, &content(unique(), 1024)).await;
    let told = market.post("fileinfo", &json!({"type": "ipfs", "hash": cid})).await.expect(200);
    assert_eq!(told.json(), json!([{"index": 0, "type": "ipfs", "valid": false}]));
    market.server.ask(Method::HEAD, &format!("/ipfs/{cid}"), &[]).await.expect(404);
}

//! Auth tokens: made, used, deleted, in both dialects.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tidegate_ocean::Address;

use super::refusals::{refusal, violations};
use crate::support::{
    answer::Answer,
    chain::FakeChain,
    market::{Market, Query, Sale},
    origin::{Origin, Reply},
    wallet::Wallet,
};

const NO_SIGNATURE: &str = "Invalid signature provided. Please check the nonce or documentId.";

fn signed(user: &Wallet, nonce: u32, more: (&str, &str)) -> Query {
    let address = user.text();
    let signature = user.sign(&format!("{address}{nonce}"));
    let nonce = nonce.to_string();
    Query::new(&[("address", &address), more, ("nonce", &nonce), ("signature", &signature)])
}

async fn create(market: &Market, user: &Wallet, nonce: u32) -> String {
    let answer = market.get("createAuthToken", &signed(user, nonce, ("expiration", "1700003600"))).await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn delete(market: &Market, user: &Wallet, nonce: u32, token: &str) -> Answer {
    market.ask(Method::DELETE, "deleteAuthToken", &signed(user, nonce, ("token", token))).await
}

struct Shop {
    market: Market,
    _origin: Origin,
    sale: Sale,
    buyer: Wallet,
    query: Query,
}

async fn shop() -> Shop {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::open().await;
    let buyer = Wallet::new(5);
    let sale = market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}]));
    let order = market.order(&sale, &buyer);
    let query = market.unsigned(&sale, &buyer, order);
    Shop { market, _origin: origin, sale, buyer, query }
}

#[tokio::test]
async fn a_token_downloads_until_it_is_deleted_for_good() {
    let Shop { market, buyer, query, _origin, .. } = shop().await;
    let token = create(&market, &buyer, 1).await;
    let with = |token: &str| [("AuthToken".to_owned(), token.to_owned())];
    let get = async |nonce: &str, token: &str| {
        let [(name, value)] = with(token);
        market.get_with("download", &query.clone().with("nonce", nonce), &[(&name, &value)]).await
    };
    assert_eq!(get("2", &token).await.expect(200).text(), "bytes");
    let again = get("2", &token).await;
    assert!(violations(&again)["signature"].as_str().unwrap().contains("expected nonce (2)"));

    let deleted = delete(&market, &buyer, 3, &token).await.expect(200);
    assert_eq!(deleted.json(), json!({"success": "Token has been deactivated."}));
    assert_eq!(violations(&get("4", &token).await), json!({"signature": [NO_SIGNATURE]}));
    let other = create(&market, &buyer, 4).await;
    assert_ne!(other, token, "asking again gives another token");
    assert_eq!(violations(&get("5", &token).await), json!({"signature": [NO_SIGNATURE]}));
    get("5", &other).await.expect(200);
}

#[tokio::test]
async fn deleting_says_what_is_wrong_with_a_token() {
    let Shop { market, buyer, .. } = shop().await;
    let other = Wallet::new(6);
    let token = create(&market, &buyer, 1).await;
    assert_eq!(refusal(&delete(&market, &other, 1, &token).await, 400), "Token is invalid.");
    assert_eq!(refusal(&delete(&market, &buyer, 2, "nonsense").await, 400), "Token is invalid.");
    let path =
        format!("/api/services/deleteAuthToken{}", signed(&buyer, 3, ("token", &token)).without("signature"));
    let signature = buyer.sign(&format!("{}3", buyer.text()));
    market.server.ask(Method::DELETE, &path, &[("signature", &signature)]).await.expect(200);
    assert_eq!(refusal(&delete(&market, &buyer, 4, &token).await, 400), "Token is deleted.");
    let token = create(&market, &buyer, 5).await;
    market.server.clock.advance(Duration::from_secs(3600));
    assert_eq!(refusal(&delete(&market, &buyer, 6, &token).await, 400), "Token is expired.");
}

#[tokio::test]
async fn a_token_that_is_not_the_callers_or_not_ours_is_no_good() {
    let Shop { market, buyer, query, _origin, .. } = shop().await;
    let foreign = create(&market, &Wallet::new(6), 1).await;
    let own = create(&market, &buyer, 1).await;
    let (head, rest) = own.split_once('.').unwrap();
    let forged = format!("{}.{rest}", head.replace('J', "K"));
    for token in [foreign.as_str(), "nonsense", "", &forged] {
        let query = query.clone().with("nonce", "9");
        let answer = market.get_with("download", &query, &[("AuthToken", token)]).await;
        assert_eq!(violations(&answer), json!({"signature": [NO_SIGNATURE]}), "{token}");
    }
    market.server.clock.advance(Duration::from_secs(3600));
    let answer = market.get_with("download", &query.with("nonce", "9"), &[("AuthToken", &own)]).await;
    assert_eq!(violations(&answer), json!({"signature": [NO_SIGNATURE]}), "expired");
}

#[tokio::test]
async fn a_signature_wins_over_a_token() {
    let Shop { market, sale, buyer, query, _origin } = shop().await;
    let token = create(&market, &buyer, 1).await;
    let forged = query.with("nonce", "2").with("signature", &Wallet::new(6).sign(&format!("{}2", sale.did)));
    let answer = market.get_with("download", &forged, &[("AuthToken", &token)]).await;
    assert!(violations(&answer)["signature"].as_str().unwrap().contains("Got"), "{answer:?}");
}

#[tokio::test]
async fn clients_of_the_node_dialect_get_along() {
    let Shop { market, sale, buyer, query, _origin } = shop().await;
    let address = buyer.text();
    let body = |nonce: u32, command: &str, more: (&str, Value)| {
        let signature = buyer.sign(&format!("{address}{nonce}{command}"));
        let mut body = json!({"address": address, "nonce": nonce.to_string(), "signature": signature});
        body[more.0] = more.1;
        body
    };
    let in_an_hour = json!(1_700_003_600_000_u64);
    let made = market.post("auth/token", &body(1, "createAuthToken", ("validUntil", in_an_hour))).await;
    let token = made.expect(200).json()["token"].as_str().unwrap().to_owned();
    for value in [token.clone(), format!("Bearer {token}")] {
        market.get_with("download", &query, &[("Authorization", &value)]).await.expect(200);
    }
    let written_out = query.clone().with("signature", "null");
    market.get_with("download", &written_out, &[("Authorization", &token)]).await.expect(200);
    let signature = buyer.sign(&format!("{address}2download"));
    let signed = query.clone().with("nonce", "2").with("signature", &signature);
    market.get("download", &signed).await.expect(200);
    let ended = market.post("auth/token/invalidate", &body(3, "", ("token", json!(token)))).await.expect(200);
    assert_eq!(ended.json(), json!({"success": true}));
    market.get_with("download", &query, &[("Authorization", &token)]).await.expect(400);
    let past = body(4, "createAuthToken", ("validUntil", json!(1_600_000_000_000_u64)));
    market.post("auth/token", &past).await.expect(400);
    assert!(sale.did.starts_with("did:op:"));
}

#[tokio::test]
async fn a_contract_wallet_gets_a_token_if_it_says_yes_on_every_chain_where_it_is() {
    let second = FakeChain::start(2).await;
    let url = SecretString::from(second.url());
    let market = Market::with(|config| {
        config.chains.by_id.insert(2, vec![url]);
    })
    .await;
    let ask = async |wallet: Address, nonce: u32| {
        let (address, nonce) = (wallet.to_string(), nonce.to_string());
        let signature = hex::encode(b"the owner says yes");
        let query = Query::new(&[("address", &address), ("expiration", "1700003600")]);
        market.get("createAuthToken", &query.with("nonce", &nonce).with("signature", &signature)).await
    };
    let says_yes = |chain: &FakeChain, wallet: Address, nonce: u32| {
        let hash = tidegate_ocean::wallet_hashes(&format!("{wallet}{nonce}"))[0];
        chain.set_wallet(wallet, hash, b"the owner says yes");
    };
    ask(Address::repeat_byte(0x75), 1).await.expect(400);

    let here = Address::repeat_byte(0x76);
    says_yes(&market.chain, here, 1);
    ask(here, 1).await.expect(200);

    // On the other chain it may be somebody else's.
    let both = Address::repeat_byte(0x77);
    says_yes(&market.chain, both, 1);
    second.set_code(both);
    ask(both, 1).await.expect(400);
    says_yes(&market.chain, both, 2);
    says_yes(&second, both, 2);
    ask(both, 2).await.expect(200);
}

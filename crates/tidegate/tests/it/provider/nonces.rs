//! Each nonce is accepted once, whatever it is sent with.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::refusals::violations;
use crate::support::{
    market::{Market, Query},
    origin::{Origin, Reply},
    wallet::Wallet,
};

#[tokio::test]
async fn a_nonce_is_told_as_a_number_and_asking_stores_nothing() {
    let market = Market::open().await;
    let user = Wallet::new(5);
    assert_eq!(market.nonce(user.address).await, json!(1));
    let lower = market.get("nonce", &Query::new(&[("userAddress", &user.text().to_lowercase())])).await;
    assert_eq!(lower.text(), "{\"nonce\":1}\n");
    assert_eq!(market.server.app.nonces.last(user.address).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_identical_requests_one_is_served() {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::open().await;
    let buyer = Wallet::new(5);
    let sale = market.publish(&json!([{"type": "url", "url": origin.url("/a.bin"), "method": "GET"}]));
    let order = market.order(&sale, &buyer);
    let query = market.signed(&sale, &buyer, order, 1_700_000_000_000_u64);
    let answers = join_all((0..64).map(|_| market.get("download", &query))).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(served, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)), "{answers:?}");
    assert_eq!(origin.lines().len(), 1, "the origin was asked once");
    assert_eq!(market.nonce(buyer.address).await, json!(1_700_000_000_000_u64));
}

#[tokio::test]
async fn a_nonce_that_is_not_greater_is_refused_with_the_last_and_the_next() {
    let market = Market::open().await;
    let user = Wallet::new(5);
    let create = |nonce: &str, address: &str| {
        Query::new(&[
            ("address", address),
            ("expiration", "1800000000"),
            ("nonce", nonce),
            ("signature", &user.sign(&format!("{address}{nonce}"))),
        ])
    };
    let (address, lower) = (user.text(), user.text().to_lowercase());
    // Numbers, not texts: 9 is less than 10, and 10.5 is between 10 and 11.
    for nonce in ["9", "10", "10.5", "11"] {
        market.get("createAuthToken", &create(nonce, &address)).await.expect(200);
    }
    for (nonce, address) in
        [("11", &address), ("11.0", &address), ("9", &address), ("0011", &address), ("11", &lower)]
    {
        let answer = market.get("createAuthToken", &create(nonce, address)).await;
        let text = violations(&answer)["signature"].as_str().unwrap().to_owned();
        assert!(text.starts_with("Invalid signature expected nonce (11) > current nonce ("), "{text}");
        assert!(text.contains("Send 12 or more."), "{text}");
    }
    for nonce in ["NaN", "Infinity", "-1", "1e3", "+5", " 7", "1_000"] {
        let answer = market.get("createAuthToken", &create(nonce, &address)).await;
        assert_eq!(violations(&answer), json!({"nonce": ["The nonce must be a number."]}), "{nonce}");
    }
    assert_eq!(market.nonce(user.address).await, json!(11));
}

#[tokio::test]
async fn every_signed_route_uses_the_nonce_up() {
    let market = Market::open().await;
    let user = Wallet::new(5);
    let address = user.text();
    let token = Query::new(&[
        ("address", &address),
        ("expiration", "1800000000"),
        ("nonce", "1"),
        ("signature", &user.sign(&format!("{address}1"))),
    ]);
    let made = market.get("createAuthToken", &token).await.expect(200).json();
    let delete = Query::new(&[
        ("address", &address),
        ("token", made["token"].as_str().unwrap()),
        ("nonce", "2"),
        ("signature", &user.sign(&format!("{address}2"))),
    ]);
    market.ask(Method::DELETE, "deleteAuthToken", &delete).await.expect(200);
    let node = json!({"address": address, "nonce": "3", "signature": user.sign(&format!("{address}3createAuthToken"))});
    market.post("auth/token", &node).await.expect(200);
    let encrypt = Query::new(&[
        ("chainId", "8996"),
        ("consumerAddress", &address),
        ("nonce", "4"),
        ("signature", &user.sign(&format!("{address}4encrypt"))),
    ]);
    let bytes = [("content-type", "application/octet-stream")];
    let path = format!("/api/services/encrypt{encrypt}");
    market.server.ask(Method::POST, &path, &bytes).await.expect(201);
    assert_eq!(market.nonce(user.address).await, json!(4));
    for answer in [
        market.get("createAuthToken", &token).await,
        market.ask(Method::DELETE, "deleteAuthToken", &delete).await,
        market.post("auth/token", &node).await,
        market.server.ask(Method::POST, &path, &bytes).await,
    ] {
        let errors = violations(&answer);
        assert!(errors["signature"].as_str().unwrap().contains("expected nonce (4)"), "{errors}");
    }
}

#[tokio::test]
async fn a_refused_download_leaves_the_nonce_for_the_next_try() {
    let market = Market::open().await;
    let buyer = Wallet::new(5);
    let sale = market.publish(&json!([]));
    let order = market.order(&sale, &buyer);
    market.get("download", &market.signed(&sale, &buyer, order, 7).with("fileIndex", "9")).await.expect(400);
    assert_eq!(market.nonce(buyer.address).await, json!(1));
    assert_eq!(Value::from(1), market.nonce(buyer.address).await);
}

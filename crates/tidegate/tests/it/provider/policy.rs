//! The operator's policy server has the last word.

use serde_json::json;

use super::refusals::refusal;
use crate::support::{
    market::{Market, Query, key},
    origin::{Origin, Reply},
    wallet::Wallet,
};

#[tokio::test]
async fn a_policy_server_is_asked_as_the_reference_asks_it_and_may_say_no() {
    let policy = Origin::start(|asked| {
        let denied = String::from_utf8_lossy(&asked.body).contains("\"eventType\":\"access\"");
        Reply::ok(if denied { "false" } else { "true" })
    })
    .await;
    let url = policy.url("/rbac").parse().unwrap();
    let market = Market::with(|config| config.provider.rbac_url = Some(url)).await;
    let (sale, buyer) =
        (market.publish(&json!([{"type": "url", "url": "http://127.0.0.1:9/"}])), Wallet::new(5));
    let consumer = buyer.text();
    let query = Query::new(&[
        ("documentId", &sale.did),
        ("serviceId", &sale.service),
        ("consumerAddress", &consumer),
    ]);
    market.get("initialize", &query).await.expect(200);
    let order = market.order(&sale, &buyer);
    let denied = market.get("download", &market.signed(&sale, &buyer, order, 1)).await.expect(400);
    assert_eq!(
        denied.text(),
        "{\"errors\":[{\"RBAC\":\"RBAC Validation failed!\"}],\"message\":\"Validation error\",\"success\":false}\n"
    );
    assert_eq!(market.nonce(buyer.address).await, json!(1));

    let asked: Vec<serde_json::Value> =
        policy.asked().iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    for (asked, action) in asked.iter().zip(["initialize", "access"]) {
        let text = format!("{action}{{\"type\": \"address\", \"value\": \"{consumer}\"}}");
        let signature = key().sign_personal(&tidegate_ocean::keccak256(text));
        assert_eq!(
            *asked,
            json!({
                "eventType": action, "component": "provider", "providerAccess": "public",
                "providerAddress": market.provider().to_string(),
                "credentials": {"type": "address", "value": consumer},
                "dids": [{"did": sale.did, "serviceId": sale.service}],
                "signature": format!("0x{}", hex::encode(signature.as_bytes())),
            })
        );
    }
}

#[tokio::test]
async fn a_private_server_tells_the_policy_server_so() {
    let policy = Origin::start(|_| Reply::ok("true")).await;
    let url = policy.url("/rbac").parse().unwrap();
    let market = Market::with(|config| {
        config.provider.rbac_url = Some(url);
        config.provider.private = true;
    })
    .await;
    let sale = market.publish(&json!([]));
    let query = Query::new(&[
        ("documentId", &sale.did),
        ("serviceId", &sale.service),
        ("consumerAddress", &Wallet::new(5).text()),
    ]);
    market.get("initialize", &query).await.expect(200);
    let asked: serde_json::Value = serde_json::from_slice(&policy.asked()[0].body).unwrap();
    assert_eq!(asked["providerAccess"], "private");
}

#[tokio::test]
async fn a_policy_server_that_says_nothing_allows_nothing() {
    for reply in ["not json", ""] {
        let policy = Origin::start(move |_| Reply::ok(reply)).await;
        let url = policy.url("/rbac").parse().unwrap();
        let market = Market::with(|config| config.provider.rbac_url = Some(url)).await;
        let sale = market.publish(&json!([]));
        let query = Query::new(&[
            ("documentId", &sale.did),
            ("serviceId", &sale.service),
            ("consumerAddress", &Wallet::new(5).text()),
        ]);
        refusal(&market.get("initialize", &query).await, 503);
    }
}

//! Receipts of downloads, as programs get them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    market::{Market, Sale},
    origin::{Origin, Reply},
    server::TestServer,
    wallet::Wallet,
};

const HERE: &str = "/api/v1/receipts";

struct Shop {
    market: Market,
    _origin: Origin,
    sale: Sale,
    buyer: Wallet,
}

impl Shop {
    /// One file was downloaded `times` times by wallet number 5; wallet number 1 sells it.
    async fn with_downloads(times: u64) -> Self {
        let origin = Origin::start(|_| Reply::ok("hello")).await;
        let market = Market::open().await;
        let sale = market.publish(&json!([{"type": "url", "url": origin.url("/a.csv")}]));
        let buyer = Wallet::new(5);
        let order = market.order(&sale, &buyer);
        for nonce in 1..=times {
            market.get("download", &market.signed(&sale, &buyer, order, nonce)).await.expect(200);
        }
        market.server.app.downloads.close().await;
        Self { market, _origin: origin, sale, buyer }
    }

    fn server(&self) -> &TestServer {
        &self.market.server
    }
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|receipt| receipt["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn receipts_are_for_administrators_and_for_those_who_sold_or_bought() {
    let shop = Shop::with_downloads(3).await;
    let accounts = &shop.server().app.accounts;
    let (ann, bob, cat) = (
        shop.server().person("ann").await,
        shop.server().person("bob").await,
        shop.server().person("cat").await,
    );
    accounts.add_wallet(ann.account, Wallet::new(1).address).await.unwrap();
    accounts.add_wallet(cat.account, shop.buyer.address).await.unwrap();
    for person in [&ann, &cat] {
        assert_eq!(ids(&person.ask(HERE).await.expect(200).json()), [3, 2, 1]);
        let first = person.ask(&format!("{HERE}?limit=2&asset={}", shop.sale.did)).await.expect(200).json();
        assert_eq!((ids(&first), &first["next"]), (vec![3, 2], &json!("2")));
        let rest = person.ask(&format!("{HERE}?limit=2&cursor=2")).await.expect(200).json();
        assert_eq!((ids(&rest), &rest["next"]), (vec![1], &Value::Null));
        assert!(ids(&person.ask(&format!("{HERE}?asset=did:op:00")).await.expect(200).json()).is_empty());
        person.ask(&format!("{HERE}/1")).await.expect(200);
    }
    assert!(ids(&bob.ask(HERE).await.expect(200).json()).is_empty());
    for missing in ["1", "4", "x", "99999999999999999999"] {
        bob.ask(&format!("{HERE}/{missing}")).await.expect(404);
    }
    accounts.set_admin(bob.account, true).await.unwrap();
    assert_eq!(ids(&bob.ask(HERE).await.expect(200).json()), [3, 2, 1]);
    bob.ask(&format!("{HERE}?cursor=x")).await.expect(400);
    bob.ask(&format!("{HERE}?limit=1001")).await.expect(400);
    shop.server().get(HERE).await.expect(401);
}

#[tokio::test]
async fn a_receipt_holds_all_that_is_needed_to_check_it() {
    let shop = Shop::with_downloads(1).await;
    let bob = shop.server().person("bob").await;
    shop.server().app.accounts.set_admin(bob.account, true).await.unwrap();
    let receipt = bob.ask(&format!("{HERE}/1")).await.expect(200).json();
    assert_eq!(receipt["provider"], shop.market.provider().to_string());
    assert_eq!(receipt["seller"], Wallet::new(1).text());
    assert_eq!(receipt["delivered"]["documentId"], shop.sale.did);
    assert_eq!(receipt["proofTx"], Value::Null);

    let verify = async |receipt: &Value| {
        bob.send(Method::POST, &format!("{HERE}/verify"), Some(receipt.clone())).await.expect(200).json()
    };
    let good = verify(&receipt).await;
    assert_eq!((&good["good"], &good["signer"]), (&json!(true), &receipt["provider"]), "{good}");
    let mut with_content = receipt.clone();
    // SHA-256 of `hello`.
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    with_content["content"] = json!({"bytes": 5, "sha256": sha256});
    assert_eq!(verify(&with_content).await["good"], true);
    with_content["content"]["bytes"] = json!(6);
    let wrong = verify(&with_content).await;
    assert_eq!(wrong["good"], false);
    let failed: Vec<_> =
        wrong["checks"].as_array().unwrap().iter().filter(|check| check["holds"] == false).collect();
    assert_eq!((failed.len(), &failed[0]["check"]), (1, &json!("content")));
    with_content["content"]["sha256"] = json!("00");
    bob.send(Method::POST, &format!("{HERE}/verify"), Some(with_content)).await.expect(400);

    let mut changed = receipt.clone();
    changed["document"] = json!(receipt["document"].as_str().unwrap().replace(":5,", ":7,"));
    assert_eq!(verify(&changed).await["good"], false);
    bob.send(Method::POST, &format!("{HERE}/verify"), Some(json!({"document": "{}"}))).await.expect(400);
}

//! What access costs.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_ocean::{Address, B256, Bytes, Signature, U256, keccak256};

use super::refusals::refusal;
use crate::support::{
    market::{Market, Query, Sale, key},
    origin::{Origin, Reply},
    wallet::Wallet,
};

pub fn query(sale: &Sale, consumer: &str) -> Query {
    Query::new(&[("documentId", &sale.did), ("serviceId", &sale.service), ("consumerAddress", consumer)])
}

#[tokio::test]
async fn a_quote_is_signed_as_the_contract_checks_it() {
    let token = Address::repeat_byte(0xfe);
    let market = Market::with(|config| {
        config.provider.fee_token = Some(tidegate::config::PerChain::All(token));
        config.provider.fee_amount = U256::from(5);
        config.provider.fee_valid_for = Duration::from_secs(600);
    })
    .await;
    let (sale, buyer) = (market.publish(&json!([])), Wallet::new(5));
    let answer = market.get("initialize", &query(&sale, &buyer.text())).await.expect(200);
    let quote = answer.json();
    let keys: Vec<_> = quote.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["datatoken", "nonce", "providerFee"]);
    assert_eq!(quote["datatoken"], sale.datatoken.to_string(), "with its checksum");
    assert_eq!(quote["nonce"], 1);
    let fee = &quote["providerFee"];
    assert_eq!(fee["providerFeeAddress"], market.provider().to_string());
    assert_eq!(fee["providerFeeToken"], token.to_string());
    assert_eq!(fee["providerFeeAmount"], "5");
    assert_eq!(fee["validUntil"], 1_700_000_600);
    let data: Bytes = fee["providerData"].as_str().unwrap().parse().unwrap();
    let purpose: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!((&purpose["dt"], &purpose["id"]), (&json!(sale.datatoken.to_string()), &json!(sale.service)));
    assert_eq!(purpose["environment"], Value::Null);

    let hash = keccak256(
        [
            &data[..],
            market.provider().as_slice(),
            token.as_slice(),
            &U256::from(5).to_be_bytes::<32>(),
            &U256::from(1_700_000_600_u64).to_be_bytes::<32>(),
        ]
        .concat(),
    );
    let word = |name: &str| fee[name].as_str().unwrap().parse::<B256>().unwrap();
    let v = u8::try_from(fee["v"].as_u64().unwrap()).unwrap();
    let signature =
        Signature::from_bytes([&word("r")[..], &word("s")[..], &[v]].concat().try_into().unwrap());
    assert_eq!(signature.unwrap(), key().sign_personal(&hash));
}

#[tokio::test]
async fn a_fee_differs_by_service_and_is_good_as_long_as_asked() {
    let market = Market::with(|config| config.provider.fee_valid_for = Duration::from_secs(600)).await;
    let sale = market.publish(&json!([]));
    let quote = query(&sale, "anybody").with("validUntil", "1700000100").with("environment", "env");
    let quote = market.get("initialize", &quote).await.expect(200).json();
    assert_eq!(quote["providerFee"]["validUntil"], 1_700_000_100);
    assert_eq!(quote["providerFee"]["providerFeeAmount"], "0");
    let data = quote["providerFee"]["providerData"].as_str().unwrap().parse::<Bytes>().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&data).unwrap()["environment"], "env");
}

#[tokio::test]
async fn what_is_paid_need_not_be_paid_again() {
    let market = Market::open().await;
    let (sale, buyer) = (market.publish(&json!([])), Wallet::new(5));
    let order = market.order(&sale, &buyer);
    let paid = query(&sale, &buyer.text()).with("transferTxId", &order.to_string());
    let answer = market.get("initialize", &paid).await.expect(200);
    assert_eq!(answer.text(), format!("{{\"validOrder\":\"{order}\"}}\n"));
    for transaction in [B256::repeat_byte(1).to_string(), "nonsense".to_owned()] {
        let quote =
            market.get("initialize", &paid.clone().with("transferTxId", &transaction)).await.expect(200);
        assert!(quote.json()["providerFee"].is_object(), "{transaction}");
    }
    let foreign = paid.with("consumerAddress", &Wallet::new(6).text());
    assert!(market.get("initialize", &foreign).await.expect(200).json()["providerFee"].is_object());
}

#[tokio::test]
async fn nobody_pays_for_a_file_that_is_not_there() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/there" => Reply::ok("bytes"),
        _ => Reply::status(404).with("Content-Length", "0"),
    })
    .await;
    let market = Market::open().await;
    let files = json!([
        {"type": "url", "url": origin.url("/there")},
        {"type": "url", "url": origin.url("/planted")},
    ]);
    let sale = market.publish(&files);
    let query = query(&sale, "anybody");
    market.get("initialize", &query.clone().with("fileIndex", "0")).await.expect(200);
    let dead = market.get("initialize", &query.clone().with("fileIndex", "1")).await;
    let text = refusal(&dead, 400);
    let start = "Provider Ganache: Asset URL not found, not available or invalid. Payload was: ";
    assert!(text.starts_with(start) && !text.contains("planted"), "{text}");
    let behind = market.get("initialize", &query.with("fileIndex", "2")).await;
    assert_eq!(refusal(&behind, 400), "Provider Ganache: No such fileIndex 2");
}

#[tokio::test]
async fn what_is_not_for_sale_is_refused() {
    let market = Market::open().await;
    let sale = market.publish_as(&json!([]), |document| document["services"][0]["type"] = json!("compute"));
    assert_eq!(
        refusal(&market.get("initialize", &query(&sale, "anybody")).await, 400),
        "Provider Ganache: Use the initializeCompute endpoint to initialize compute jobs."
    );
    let unknown = query(&sale, "anybody").with("serviceId", "none");
    assert_eq!(
        refusal(&market.get("initialize", &unknown).await, 400),
        "Provider Ganache: Invalid serviceId."
    );
    let unknown = query(&sale, "anybody").with("documentId", "anything");
    assert_eq!(refusal(&market.get("initialize", &unknown).await, 400), "Cannot resolve DID");
    let closed = market.publish(&json!([]));
    market.chain.set_nft(closed.nft, 4, Address::ZERO);
    let answer = market.get("initialize", &query(&closed, "anybody")).await;
    assert_eq!(refusal(&answer, 400), "Provider Ganache: Asset is not consumable.");
    let elsewhere = market.publish_as(&json!([]), |document| document["chainId"] = json!(1));
    assert_eq!(
        refusal(&market.get("initialize", &query(&elsewhere, "anybody")).await, 400),
        "Unsupported chain ID 1"
    );
}

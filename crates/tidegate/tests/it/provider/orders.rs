//! Which transactions pay for a download, and which only look like it.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_ocean::{Address, B256, Log, ProviderKey};

use super::refusals::refusal;
use crate::support::{
    answer::Answer,
    market::{Market, ONE, Sale, fee, key, reused, started, started_with},
    origin::{Origin, Reply},
    wallet::Wallet,
};

struct Shop {
    market: Market,
    origin: Origin,
    sale: Sale,
    buyer: Wallet,
    nonce: std::cell::Cell<u64>,
}

impl Shop {
    async fn open() -> Self {
        Self::selling(|_| {}).await
    }

    /// Selling an asset with another document.
    async fn selling(change: impl FnOnce(&mut Value)) -> Self {
        let origin = Origin::start(|_| Reply::ok("bytes")).await;
        let market = Market::open().await;
        let sale = market.publish_as(&json!([{"type": "url", "url": origin.url("/a.bin")}]), change);
        Self { market, origin, sale, buyer: Wallet::new(5), nonce: std::cell::Cell::new(0) }
    }

    /// The buyer asks for the file with this transaction.
    async fn download(&self, order: B256) -> Answer {
        self.nonce.set(self.nonce.get() + 1);
        let query = self.market.signed(&self.sale, &self.buyer, order, self.nonce.get());
        self.market.get("download", &query).await
    }

    /// A transaction of the buyer that left these logs.
    fn transaction(&self, logs: Vec<Log>) -> B256 {
        self.market.order_with(&self.sale, &self.buyer, logs)
    }

    /// The refusal of a download that should not be paid by this transaction, without the words that are always there.
    async fn refused(&self, order: B256) -> String {
        let text = refusal(&self.download(order).await, 400);
        let start =
            format!("Provider Ganache: Order with tx_id {order} could not be validated due to error: ");
        assert!(self.origin.lines().is_empty(), "nothing was fetched");
        text.strip_prefix(&start).unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

#[tokio::test]
async fn consumer_and_payer_may_download_however_the_order_was_made() {
    let shop = Shop::open().await;
    let (token, buyer) = (shop.sale.datatoken, shop.buyer.address);
    let elsewhere = Wallet::new(9).address;
    let fee = || shop.market.fee(&shop.sale);
    let foreign = started(elsewhere, buyer, buyer);
    for (what, logs) in [
        ("as clients do it", vec![fee(), started(token, buyer, buyer)]),
        ("somebody paid for the buyer", vec![fee(), started(token, buyer, elsewhere)]),
        ("the buyer paid for somebody", vec![fee(), started(token, elsewhere, buyer)]),
        (
            "among other things",
            vec![foreign, fee(), started(token, elsewhere, elsewhere), fee(), started(token, buyer, buyer)],
        ),
    ] {
        let order = shop.transaction(logs);
        assert_eq!(shop.download(order).await.status, 200, "{what}");
    }
    // A smart account or a multicall: the transaction goes to another contract than the datatoken.
    let logs = vec![fee(), started(token, buyer, buyer)];
    let order = shop.market.chain.mine(elsewhere, elsewhere, 0, logs);
    assert_eq!(shop.download(order).await.status, 200);
}

#[tokio::test]
async fn what_only_looks_like_an_order_pays_for_nothing() {
    let shop = Shop::open().await;
    let (token, buyer, service) = (shop.sale.datatoken, shop.buyer.address, shop.sale.service.as_str());
    let other = Wallet::new(9).address;
    let stranger = ProviderKey::parse(&hex::encode([9; 32])).unwrap();
    let fee_here = || shop.market.fee(&shop.sale);
    let no_fee = "Cannot find the event for the provider fee in tx id";
    let no_order = "Cannot find the event for the order transaction with tx id";
    let not_buyer = "sender of order transaction is not the consumer/payer.";
    let order = || started(token, buyer, buyer);
    for (what, logs, expected) in [
        ("nothing", vec![], no_fee),
        ("no fee", vec![order()], no_fee),
        ("a fee emitted by another contract", vec![fee(&key(), other, token, service), order()], no_fee),
        ("the fee of another datatoken", vec![fee(&key(), token, other, service), order()], no_fee),
        ("the fee of another service", vec![fee(&key(), token, token, "another"), order()], no_fee),
        ("no order", vec![fee_here()], no_fee),
        ("an order emitted by another contract", vec![fee_here(), started(other, buyer, buyer)], no_fee),
        (
            "an order of another service",
            vec![fee_here(), started_with(token, buyer, buyer, ONE, 1)],
            no_order,
        ),
        ("somebody else's order", vec![fee_here(), started(token, other, other)], not_buyer),
        (
            "too little",
            vec![fee_here(), started_with(token, buyer, buyer, ONE - 1, 0)],
            "The amount in the event is less",
        ),
        (
            "a fee for another Provider",
            vec![fee(&stranger, token, token, service), order()],
            "The providerFeeAddress",
        ),
    ] {
        let refused = shop.refused(shop.transaction(logs)).await;
        assert!(refused.starts_with(expected), "{what}: {refused}");
    }
    let failed = shop.transaction(vec![fee_here(), order()]);
    shop.market.chain.set_in_receipt(failed, "status", json!("0x0"));
    assert_eq!(shop.refused(failed).await, "order transaction failed.");
}

#[tokio::test]
async fn an_unknown_transaction_is_refused_at_once() {
    let shop = Shop::open().await;
    let unknown = B256::repeat_byte(7);
    assert_eq!(shop.refused(unknown).await, format!("Transaction HexBytes('{unknown}') is not in the chain"));
    let query = shop.market.signed(&shop.sale, &shop.buyer, unknown, 9).with("transferTxId", "0x12");
    let text = refusal(&shop.market.get("download", &query).await, 400);
    assert!(text.ends_with("it is not the hash of a transaction"), "{text}");
}

#[tokio::test]
async fn an_order_runs_out_and_can_be_used_again() {
    let shop = Shop::selling(|document| document["services"][0]["timeout"] = json!(7200)).await;
    let (token, buyer) = (shop.sale.datatoken, shop.buyer.address);
    let order = shop.market.order(&shop.sale, &shop.buyer);
    assert_eq!(shop.download(order).await.status, 200);
    shop.market.server.clock.advance(Duration::from_secs(3601));
    let expired = refusal(&shop.download(order).await, 400);
    assert!(expired.contains("The order has expired. current timestamp="), "{expired}");
    assert!(expired.ends_with("service timeout=7200"), "{expired}");

    let again = shop.transaction(vec![shop.market.fee(&shop.sale), reused(token, order, buyer, 86_400)]);
    assert_eq!(shop.download(again).await.status, 200);
    let without_fee = shop.transaction(vec![reused(token, order, buyer, 86_400)]);
    assert_eq!(shop.download(without_fee).await.status, 400);
    let of_nothing = reused(token, B256::repeat_byte(1), buyer, 86_400);
    let of_nothing = shop.transaction(vec![shop.market.fee(&shop.sale), of_nothing]);
    assert_eq!(shop.download(of_nothing).await.status, 400);
}

#[tokio::test]
async fn an_order_counts_after_enough_blocks() {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::with(|config| config.provider.confirmations = 3).await;
    let (sale, buyer) =
        (market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}])), Wallet::new(5));
    let order = market.order(&sale, &buyer);
    let query = market.signed(&sale, &buyer, order, 1);
    let text = refusal(&market.get("download", &query).await, 400);
    assert!(text.ends_with("Transaction has 1 of 3 confirmations; try again later"), "{text}");
    assert_eq!(market.nonce(buyer.address).await, json!(1), "the same request may be sent again");
}

#[tokio::test]
async fn assets_that_are_closed_to_the_buyer_are_refused_with_the_references_codes() {
    let buyer = Wallet::new(5);
    let list = |kind: &str, who: &Wallet| json!({kind: [{"type": "address", "values": [who.text().to_lowercase()]}]});
    let other = Wallet::new(6);
    for (change, code) in [
        (json!({"credentials": list("deny", &buyer)}), "CREDENTIAL_IN_DENY_LIST"),
        (json!({"credentials": list("allow", &other)}), "CREDENTIAL_NOT_IN_ALLOW_LIST"),
        (json!({"nft": {"address": null, "state": 3}}), "ASSET_DISABLED"),
    ] {
        let shop = Shop::selling(|document| {
            for (name, value) in change.as_object().unwrap() {
                let mut value = value.clone();
                if name == "nft" {
                    value["address"] = document["nftAddress"].clone();
                }
                document[name] = value;
            }
        })
        .await;
        let order = shop.market.order(&shop.sale, &shop.buyer);
        let did = &shop.sale.did;
        assert_eq!(
            refusal(&shop.download(order).await, 400),
            format!(
                "Provider Ganache: Error: Access to asset {did} was denied with code: ConsumableCodes.{code}."
            )
        );
    }
    let shop = Shop::selling(|document| document["credentials"] = list("allow", &buyer)).await;
    let order = shop.market.order(&shop.sale, &shop.buyer);
    assert_eq!(shop.download(order).await.status, 200);

    let shop = Shop::open().await;
    let order = shop.market.order(&shop.sale, &shop.buyer);
    shop.market.chain.set_nft(shop.sale.nft, 3, Address::ZERO);
    let text = refusal(&shop.download(order).await, 400);
    assert_eq!(text, "Provider Ganache: Asset is not consumable.");
}

#[tokio::test]
async fn a_contract_wallet_on_the_assets_chain_may_sign() {
    let shop = Shop::open().await;
    let (market, sale) = (&shop.market, &shop.sale);
    let wallet = Address::repeat_byte(0x77);
    let order =
        market.order_with(sale, &shop.buyer, vec![market.fee(sale), started(sale.datatoken, wallet, wallet)]);
    let text = format!("{}1", sale.did);
    let hash = tidegate_ocean::wallet_hashes(&text)[0];
    market.chain.set_wallet(wallet, hash, b"the owner says yes");
    let query = market
        .unsigned(sale, &shop.buyer, order)
        .with("consumerAddress", &wallet.to_string())
        .with("nonce", "1");
    let signature = hex::encode(b"the owner says no");
    market.get("download", &query.clone().with("signature", &signature)).await.expect(400);
    let signature = hex::encode(b"the owner says yes");
    market.get("download", &query.with("signature", &signature)).await.expect(200);
}

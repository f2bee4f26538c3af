//! Receipts that are sent to the chain (`USE_CHAIN_PROOF`).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidegate::chain::Limits;
use tidegate::clock::Timestamp;
use tidegate::db::ReceiptId;
use tidegate::db::receipts::{self, Receipt};
use tidegate::downloads::proofs::Proofs;
use tidegate::downloads::receipts::{Delivered, Delivery};
use tidegate_ocean::{Bytes, Execution, GasPrice, Transaction};

use crate::chain::{address, chain, patient};
use crate::support::{
    chain::FakeChain,
    databases::TestDatabase,
    eventually,
    market::{CHAIN, Market, Query, Sale, key},
    mempool::Offer,
    origin::{Origin, Reply},
    wallet::Wallet,
};

struct Shop {
    market: Market,
    _origin: Origin,
    sale: Sale,
    buyer: Wallet,
    order: tidegate_ocean::B256,
}

impl Shop {
    async fn open() -> Self {
        Self::posting_to(None).await
    }

    async fn posting_to(url: Option<url::Url>) -> Self {
        let origin = Origin::start(|_| Reply::ok("0123456789")).await;
        let market = Market::with(|config| {
            config.provider.use_chain_proof = true;
            config.provider.use_http_proof = url;
        })
        .await;
        let sale = market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}]));
        // As the contract does, it refuses a proof that nobody signed.
        market.chain.set_answer(sale.datatoken, [], Err(()));
        let buyer = Wallet::new(5);
        let order = market.order(&sale, &buyer);
        Self { market, _origin: origin, sale, buyer, order }
    }

    fn query(&self, nonce: u64) -> Query {
        self.market.signed(&self.sale, &self.buyer, self.order, nonce)
    }

    /// All that was sent to the chain, once everything is.
    async fn sent(&self) -> Vec<Bytes> {
        self.market.server.app.downloads.receipts.close().await;
        self.market.chain.mempool(|mempool| mempool.sent.clone())
    }

    /// The receipts that are kept.
    async fn receipts(&self) -> Vec<Receipt> {
        let (order, start) = (self.order, ReceiptId(0));
        let read = self.market.server.app.db.read(move |s| {
            Box::pin(async move { receipts::receipts_of_order(s, CHAIN, order, start, 10).await })
        });
        read.await.unwrap()
    }

    /// What they say.
    async fn documents(&self) -> Vec<String> {
        self.receipts().await.into_iter().map(|kept| kept.receipt.document).collect()
    }
}

#[tokio::test]
async fn the_receipt_of_a_signed_download_is_sent_to_its_datatoken() {
    let shop = Shop::open().await;
    shop.market.get("download", &shop.query(7)).await.expect(200);
    let sent = shop.sent().await;
    let [document] = <[_; 1]>::try_from(shop.documents().await).unwrap();
    let text = format!("{}7", shop.sale.did);
    let proof = Execution {
        order_tx: shop.order,
        document: &document,
        consumer: shop.buyer.address,
        text: &text,
        signature: &shop.buyer.sign(&text),
    };
    let transaction = Transaction {
        chain_id: CHAIN,
        nonce: 0,
        price: GasPrice::Market { tip: 5, most: 145 },
        gas: 100_000,
        to: shop.sale.datatoken,
        data: proof.call(&key()).unwrap(),
    };
    let signed = transaction.sign(&key());
    assert_eq!(sent, [signed.raw]);
    assert_eq!(
        shop.receipts().await[0].proof_tx,
        Some(signed.hash),
        "the receipt says which transaction has its proof"
    );
}

#[tokio::test]
async fn downloads_do_not_wait_for_their_proofs() {
    let shop = Shop::open().await;
    shop.market.chain.mempool(|mempool| mempool.offers.extend([Offer::Waits; 4]));
    for nonce in 1..=3 {
        shop.market.get("download", &shop.query(nonce)).await.expect(200);
    }
    eventually("a proof waits for a block", async || {
        shop.market.chain.mempool(|mempool| mempool.sent.len()) == 1
    })
    .await;
}

#[tokio::test]
async fn what_nobody_signed_is_not_proven() {
    let shop = Shop::open().await;
    let address = shop.buyer.text();
    let asked = shop.buyer.sign(&format!("{address}1"));
    let query =
        [("address", address.as_str()), ("nonce", "1"), ("expiration", "1800000000"), ("signature", &asked)];
    let answer = shop.market.get("createAuthToken", &Query::new(&query)).await.expect(200);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let unsigned = shop.market.unsigned(&shop.sale, &shop.buyer, shop.order).with("nonce", "2");
    let first = shop.market.get_with("download", &unsigned, &[("AuthToken", &token)]).await.expect(200);
    let ticket = Query::new(&[("ticket", first.header("x-tidegate-resume"))]);
    shop.market.get("download", &ticket).await.expect(200);
    shop.market.ask(reqwest::Method::HEAD, "download", &shop.query(3)).await.expect(200);
    assert!(shop.sent().await.is_empty());
    assert_eq!(shop.documents().await.len(), 2, "the receipts are kept");
}

#[tokio::test]
async fn a_datatoken_that_takes_anything_is_told_nothing() {
    let shop = Shop::open().await;
    shop.market.chain.set_answer(shop.sale.datatoken, [], Ok(vec![]));
    shop.market.get("download", &shop.query(1)).await.expect(200);
    assert!(shop.sent().await.is_empty());
    assert_eq!(shop.receipts().await.iter().map(|kept| kept.proof_tx).collect::<Vec<_>>(), [None]);
}

#[tokio::test]
async fn receipts_that_are_posted_are_not_sent_to_the_chain() {
    let posted = Origin::start(|_| Reply::ok("")).await;
    let shop = Shop::posting_to(Some(posted.url("/proofs").parse().unwrap())).await;
    shop.market.get("download", &shop.query(1)).await.expect(200);
    assert!(shop.sent().await.is_empty());
    assert_eq!(posted.lines(), ["POST /proofs"]);
}

#[tokio::test]
async fn receipts_are_kept_while_the_address_that_they_are_posted_to_never_answers() {
    let silent = Origin::start(|_| Reply::nothing().then_hang()).await;
    let shop = Shop::posting_to(Some(silent.url("/proofs").parse().unwrap())).await;
    for nonce in 1..=3 {
        shop.market.get("download", &shop.query(nonce)).await.expect(200);
        let kept = usize::try_from(nonce).unwrap();
        eventually("the receipt is kept", async || shop.documents().await.len() == kept).await;
    }
}

#[tokio::test]
async fn a_proof_is_tried_again_when_the_account_has_money_and_the_next_comes_after_it() {
    let node = FakeChain::start(CHAIN).await;
    node.mempool(|mempool| mempool.offers.extend([Offer::Refused("insufficient funds"); 2]));
    node.set_answer(address(3), [], Err(()));
    let chain = chain(&[&node], Limits { pause: Duration::from_millis(5), ..patient() }).await;
    let db = Arc::new(TestDatabase::sqlite().await.open().await);
    let proofs = Proofs::new(db, Duration::from_millis(5));
    let buyer = Wallet::new(5);
    for number in ["1", "2"] {
        let what = Delivered {
            document_id: "did:op:00".into(),
            service_id: "a service".into(),
            file_index: 0,
            range: None,
            downloaded_bytes: 10,
            sha256: "00".into(),
            time: Timestamp::from_millis(0),
        };
        let signed = Some((number.to_owned(), buyer.sign(number)));
        let delivery = Delivery {
            chain: Arc::clone(&chain),
            datatoken: address(3),
            order_tx: tidegate_ocean::B256::ZERO,
            consumer: buyer.address,
            what,
            signed,
        };
        proofs.write(&delivery, "a document", None);
    }
    proofs.close().await;
    let sent = node.mempool(|mempool| mempool.sent.clone());
    assert_eq!(sent.len(), 4);
    assert!(sent[0] == sent[1] && sent[1] == sent[2] && sent[2] != sent[3]);
}

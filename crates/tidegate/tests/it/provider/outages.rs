//! What is still sold when others are down.

use secrecy::SecretString;
use serde_json::json;
use tidegate::{config::Config, db::orders};

use super::{downloads::Shop, initialize::query, refusals::refusal};
use crate::support::{
    chain::Fault,
    databases::TestDatabase,
    eventually,
    market::{CHAIN, Market, settle},
    origin::{Origin, Reply},
    server::TestServer,
    wallet::Wallet,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_final_order_downloads_without_the_chain_also_after_a_restart() {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::open().await;
    let (sale, buyer) =
        (market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}])), Wallet::new(5));
    let order = market.order(&sale, &buyer);
    let fresh = market.order(&sale, &buyer);
    market.chain.mine_empty(12);
    market.get("download", &market.signed(&sale, &buyer, order, 1)).await.expect(200);

    market.chain.fail(Fault::Status(503));
    market.get("download", &market.signed(&sale, &buyer, order, 2)).await.expect(200);
    refusal(&market.get("download", &market.signed(&sale, &buyer, fresh, 3)).await, 503);

    let Market { mut server, chain, aquarius } = market;
    server.begin_stop();
    server.stopped().await;
    let (folder, app) = server.into_parts();
    app.close().await;
    drop(app);
    let options = tidegate::db::DbOptions::sqlite(folder.path().join("tidegate.db"));
    let database = TestDatabase { options, folder };
    let server = TestServer::on(database, |config: &mut Config| settle(config, &chain, &aquarius)).await;
    let market = Market { server, chain, aquarius };
    market.get("download", &market.signed(&sale, &buyer, order, 3)).await.expect(200);
    refusal(&market.get("download", &market.signed(&sale, &buyer, fresh, 4)).await, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_to_pay_twice_while_the_chain_is_away() {
    let Shop { market, sale, buyer, order, origin: _origin } = Shop::with(|_| Reply::ok("bytes")).await;
    let quote = query(&sale, &buyer.text());
    let with_order = quote.clone().with("transferTxId", &order.to_string());
    market.get("initialize", &quote).await.expect(200);

    market.chain.fail(Fault::Status(503));
    let fee = market.get("initialize", &quote).await.expect(200).json();
    assert!(fee["providerFee"].is_object(), "what an order costs is known without the chain");
    refusal(&market.get("initialize", &with_order).await, 503);

    market.chain.recover();
    let paid = market.get("initialize", &with_order).await.expect(200).json();
    assert_eq!(paid["validOrder"], order.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_new_is_remembered_once_it_is_final_though_nobody_comes_again() {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::open().await;
    let (sale, buyer) =
        (market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}])), Wallet::new(5));
    let order = market.order(&sale, &buyer);
    market.get("download", &market.signed(&sale, &buyer, order, 1)).await.expect(200);
    market.chain.mine_empty(12);
    let key = orders::OrderKey {
        chain_id: CHAIN,
        tx: order,
        datatoken: sale.datatoken,
        service_id: sale.service.clone(),
        buyer: buyer.text().parse().expect("an address"),
    };
    eventually("the order is written down", async || {
        let key = key.clone();
        let found =
            market.server.app.db.read(move |s| Box::pin(async move { orders::find_order(s, &key).await }));
        found.await.expect("a database").is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_metadata_cache_said_last_counts_while_it_is_down() {
    let origin = Origin::start(|_| Reply::ok("bytes")).await;
    let market = Market::open().await;
    let (sale, buyer) =
        (market.publish(&json!([{"type": "url", "url": origin.url("/a.bin")}])), Wallet::new(5));
    let order = market.order(&sale, &buyer);
    market.get("download", &market.signed(&sale, &buyer, order, 1)).await.expect(200);
    let asked = market.aquarius.asked();
    market.get("download", &market.signed(&sale, &buyer, order, 2)).await.expect(200);
    assert_eq!(market.aquarius.asked(), asked, "it is not asked each time");

    market.aquarius.set_broken(true);
    market.server.clock.advance(std::time::Duration::from_secs(60));
    market.get("download", &market.signed(&sale, &buyer, order, 3)).await.expect(200);
    assert_eq!(market.aquarius.asked(), asked + 1);
    let other = market.publish(&json!([]));
    let answer = market.get("download", &market.signed(&other, &buyer, order, 4)).await;
    refusal(&answer, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_document_count_after_a_few_seconds() {
    let market = Market::open().await;
    let (sale, buyer) = (market.publish(&json!([])), Wallet::new(5));
    let query = crate::support::market::Query::new(&[
        ("documentId", &sale.did),
        ("serviceId", &sale.service),
        ("consumerAddress", &buyer.text()),
    ]);
    market.get("initialize", &query).await.expect(200);
    let mut closed = sale.document.clone();
    closed["nft"]["state"] = json!(3);
    market.aquarius.put(&closed);
    market.server.clock.advance(std::time::Duration::from_secs(10));
    assert!(refusal(&market.get("initialize", &query).await, 400).contains("ASSET_DISABLED"));
}

#[tokio::test]
async fn a_chain_that_names_itself_is_served_once_it_answers() {
    let market = Market::with(|config| {
        let urls: Vec<SecretString> = config.chains.by_id.remove(&CHAIN).unwrap();
        config.chains.auto = urls;
    })
    .await;
    let root = market.server.get("/").await.expect(200).json();
    assert_eq!(root["chainIds"], json!([CHAIN]));
}

//! Nodes that fail, hang, lag or belong elsewhere: a buyer notices nothing while one is well, and no key is told when none is.

use std::io::Write;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use tidegate::chain::{ChainMemo, Chains, Fact};
use tidegate::telemetry::metrics;
use tidegate_ocean::B256;

use super::{ID, address, chain, hasty, mine, patient, served, settings};
use crate::support::chain::{FakeChain, Fault, RPC_KEY};

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/v3/{RPC_KEY}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_node_that_fails_is_passed_over() {
    let faults = [
        Fault::Status(500),
        Fault::Status(401),
        Fault::Status(429),
        Fault::Garbage,
        Fault::Code(-32005),
        Fault::Code(-32603),
        Fault::Redirect,
    ];
    for fault in faults {
        let (first, second) = (FakeChain::start(ID).await, FakeChain::start(ID).await);
        first.fail(fault);
        let tx = mine(&second);
        let chain = chain(&[&first, &second], patient()).await;
        assert!(chain.receipt(tx).await.unwrap().is_some(), "{fault:?}");
        let asked = first.asked("eth_chainId");
        assert!(asked > 0);
        chain.has_code(address(1)).await.unwrap();
        assert_eq!(first.asked("eth_chainId"), asked, "it is left alone for a while after {fault:?}");
    }
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_passed_over() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    let chain = served(&settings(&[&nowhere().await, node.url()]), patient()).await;
    assert!(chain.receipt(tx).await.unwrap().is_some());
}

#[tokio::test]
async fn a_silent_node_holds_nobody_up() {
    let (silent, node) = (FakeChain::start(ID).await, FakeChain::start(ID).await);
    silent.fail(Fault::Silence);
    let tx = mine(&node);
    let chain = chain(&[&silent, &node], hasty()).await;
    assert!(chain.receipt(tx).await.unwrap().is_some());
}

#[tokio::test]
async fn an_order_that_one_node_has_not_seen_yet_is_found() {
    let (behind, node) = (FakeChain::start(ID).await, FakeChain::start(ID).await);
    let tx = mine(&node);
    let chain = chain(&[&behind, &node], patient()).await;
    assert!(chain.receipt(tx).await.unwrap().is_some());
    assert_eq!(behind.asked("eth_getTransactionReceipt"), 1);
}

#[tokio::test]
async fn a_transaction_that_no_node_knows_takes_one_round() {
    let nodes = [FakeChain::start(ID).await, FakeChain::start(ID).await, FakeChain::start(ID).await];
    nodes[2].fail(Fault::Status(503));
    let chain = chain(&nodes.each_ref(), patient()).await;
    let unknown = mine(&FakeChain::start(ID).await);
    assert!(chain.receipt(unknown).await.unwrap().is_none());
    assert_eq!(nodes[0].asked("eth_getTransactionReceipt"), 1);
    assert_eq!(nodes[1].asked("eth_getTransactionReceipt"), 1);
}

#[tokio::test]
async fn a_node_of_another_chain_is_not_believed() {
    let (other, node) = (FakeChain::start(1).await, FakeChain::start(ID).await);
    let tx = mine(&other);
    node.mine_empty(1);
    let both = chain(&[&other, &node], patient()).await;
    assert!(both.receipt(tx).await.unwrap().is_none());
    let alone = chain(&[&other], patient()).await;
    assert_eq!(
        alone.receipt(tx).await.unwrap_err().to_string(),
        "chain 8996 cannot be reached: rpc 1 of 1: it serves chain 1 instead"
    );
    assert_eq!(other.asked("eth_getTransactionReceipt"), 0);
}

#[tokio::test]
async fn what_was_known_before_bridges_an_outage() {
    let node = FakeChain::start(ID).await;
    node.set_nft(address(3), 5, address(4));
    let tx = mine(&node);
    let chain = chain(&[&node], patient()).await;
    assert_eq!(chain.nft_state(address(3)).await, Ok(Fact::Fresh(5)));
    node.fail(Fault::Status(502));
    assert_eq!(chain.nft_state(address(3)).await, Ok(Fact::Fresh(5)));
    assert!(chain.nft_owner(address(3)).await.unwrap_err().is_outage());
    assert!(chain.receipt(tx).await.unwrap_err().is_outage());
    node.recover();
    assert!(chain.receipt(tx).await.unwrap().is_some());
}

#[tokio::test]
async fn many_who_ask_the_same_are_one_question() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    node.set_nft(address(3), 0, address(4));
    let chain = chain(&[&node], patient()).await;
    let receipts = futures_util::future::join_all((0..50).map(|_| chain.receipt(tx))).await;
    assert!(receipts.into_iter().all(|receipt| receipt.unwrap().is_some()));
    let states = futures_util::future::join_all((0..50).map(|_| chain.nft_state(address(3)))).await;
    assert!(states.into_iter().all(|state| state == Ok(Fact::Fresh(0))));
    assert_eq!(node.asked("eth_chainId"), 1);
    assert_eq!(node.asked("eth_getTransactionReceipt"), 1);
    assert_eq!(node.asked("eth_getBlockByHash"), 1);
    assert_eq!(node.asked("eth_call"), 1);
}

#[tokio::test]
async fn a_chain_without_an_id_is_served_once_its_node_answers() {
    let node = FakeChain::start(ID).await;
    node.fail(Fault::Status(502));
    let mut config = settings(&[]);
    config.chains.by_id.clear();
    config.chains.auto = vec![SecretString::from(node.url())];
    let chains = Chains::new(&config.provider, &config.chains, patient(), ChainMemo::default()).unwrap();
    assert!(chains.all().await.is_empty());
    assert!(chains.get(ID).await.err().unwrap().is_outage());
    node.recover();
    assert_eq!(chains.get(ID).await.unwrap().name(), "Ganache");
    assert_eq!(chains.all().await.into_keys().collect::<Vec<_>>(), [ID]);
    assert_eq!(
        chains.get(1).await.err().unwrap().to_string(),
        "chain 1 is not served here; NETWORK_URL names the chains that are"
    );
}

#[tokio::test]
async fn a_chain_that_told_its_id_before_is_known_while_its_node_is_away() {
    let node = FakeChain::start(ID).await;
    let mut config = settings(&[]);
    config.chains.by_id.clear();
    config.chains.auto = vec![SecretString::from(node.url())];
    let told = Arc::new(Mutex::new(None));
    let open = |known| {
        let told = Arc::clone(&told);
        let learned = Box::new(move |id| *told.lock().unwrap() = Some(id));
        Chains::new(&config.provider, &config.chains, patient(), ChainMemo { known, learned }).unwrap()
    };
    assert_eq!(open(None).get(ID).await.unwrap().id(), ID);
    let known = *told.lock().unwrap();
    assert_eq!(known, Some(ID));

    node.fail(Fault::Status(502));
    let after_a_restart = open(known);
    assert_eq!(after_a_restart.get(ID).await.unwrap().id(), ID);
    assert!(after_a_restart.get(1).await.is_err());
    assert!(after_a_restart.get(ID).await.unwrap().receipt(B256::ZERO).await.err().unwrap().is_outage());
}

#[tokio::test]
async fn without_chains_none_is_served() {
    let mut config = settings(&[]);
    config.chains.by_id.clear();
    config.provider.private_key = None;
    let chains = Chains::new(&config.provider, &config.chains, patient(), ChainMemo::default()).unwrap();
    assert!(chains.is_empty() && chains.all().await.is_empty());
    assert!(chains.get(ID).await.err().unwrap().to_string().contains("NETWORK_URL"));
}

/// A log that a test can read.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_key_in_an_address_is_told_nowhere() {
    metrics::recorder();
    let log = Written::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _default = tracing::subscriber::set_default(subscriber);
    // While there is but one subscriber, other threads, which have none, decide for all that a line is not wanted.
    let _other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());

    let (failing, gone) = (FakeChain::start(ID).await, nowhere().await);
    let tx = mine(&failing);
    let config = settings(&[failing.url(), &gone, &gone.replace("http", "ws")]);
    let chain = served(&config, patient()).await;
    let mut told = format!("{config:?}");
    for fault in [Fault::Garbage, Fault::Code(-32000), Fault::Redirect, Fault::Status(429)] {
        failing.fail(fault);
        let error = chain.receipt(tx).await.unwrap_err();
        told += &format!("{error} {error:?}");
    }
    failing.recover();
    assert!(chain.receipt(tx).await.unwrap().is_some());
    told += &metrics::recorder().render();
    told += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(told.contains("a chain's RPC failed") && told.contains("tidegate_chain_requests_total"));
    assert!(!told.contains(RPC_KEY));
}

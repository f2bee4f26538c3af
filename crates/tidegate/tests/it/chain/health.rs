//! How chains are, for whoever looks after them.

use tidegate::chain::{ChainMemo, Chains};
use tidegate_ocean::U256;

use super::{ID, hasty, mine, settings};
use crate::support::chain::{FakeChain, Fault, GENESIS, RPC_KEY};

#[tokio::test]
async fn each_node_tells_its_latest_block_or_what_is_wrong_with_it() {
    let (good, behind, broken) =
        (FakeChain::start(ID).await, FakeChain::start(ID).await, FakeChain::start(ID).await);
    mine(&good);
    broken.fail(Fault::Status(502));
    let other = FakeChain::start(1).await;
    let config = settings(&[good.url(), behind.url(), broken.url(), other.url()]);
    let chains = Chains::new(&config.provider, &config.chains, hasty(), ChainMemo::default()).unwrap();
    let [health] = <[_; 1]>::try_from(chains.health().await).unwrap();

    assert_eq!((health.id, health.name), (Some(ID), "Ganache"));
    let latest = health.latest().unwrap();
    assert_eq!((latest.number, latest.time, health.answering()), (1, GENESIS + 60, 2));
    assert_eq!(health.balance, Some(U256::from(1_500_000_000_000_000_000_u64)));
    assert_eq!(
        health.provider.unwrap().to_string(),
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "the first account of every development chain"
    );
    let said: Vec<String> = health
        .nodes
        .iter()
        .map(|node| match node.latest {
            Ok(block) => format!("{}: {}", node.position, block.number),
            Err(trouble) => format!("{}: {trouble}", node.position),
        })
        .collect();
    assert_eq!(
        said,
        [
            "rpc 1 of 4: 1",
            "rpc 2 of 4: 0",
            "rpc 3 of 4: HTTP status 502",
            "rpc 4 of 4: it serves chain 1 instead"
        ]
    );
    assert!(!format!("{health:?}").contains(RPC_KEY));
}

#[tokio::test]
async fn nodes_are_not_asked_again_for_everybody_who_looks() {
    let node = FakeChain::start(ID).await;
    let config = settings(&[node.url()]);
    let chains = Chains::new(&config.provider, &config.chains, hasty(), ChainMemo::default()).unwrap();
    let looks = futures_util::future::join_all((0..5).map(|_| chains.health())).await;
    assert!(looks.iter().all(|look| *look == looks[0]));
    assert_eq!(node.asked("eth_getBlockByNumber"), 1);
}

#[tokio::test]
async fn nobody_waits_for_nodes_that_say_nothing() {
    let node = FakeChain::start(ID).await;
    node.fail(Fault::Silence);
    let mut config = settings(&[node.url()]);
    config.chains.auto = config.chains.by_id.remove(&ID).unwrap();
    // As patient as can be: what ends the wait is not this.
    let chains =
        Chains::new(&config.provider, &config.chains, super::patient(), ChainMemo::default()).unwrap();
    let [health] = <[_; 1]>::try_from(chains.health().await).unwrap();
    assert_eq!((health.id, health.answering(), health.latest()), (None, 0, None));

    node.recover();
    let chains =
        Chains::new(&config.provider, &config.chains, super::patient(), ChainMemo::default()).unwrap();
    assert_eq!(chains.health().await[0].id, Some(ID), "it has said which chain it is");
}

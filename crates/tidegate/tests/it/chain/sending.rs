//! Transactions that we send: what they are, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use tidegate::chain::{Chain, Limits, SendError};
use tidegate_ocean::{Address, Bytes, GasPrice, ProviderKey, Transaction, keccak256};

use super::{ID, KEY, address, chain, patient};
use crate::support::chain::{FakeChain, Fault};
use crate::support::mempool::Offer;

const DATA: Bytes = Bytes::from_static(b"a call");

fn contract() -> Address {
    address(3)
}

/// The bytes of the transaction that the account sends, with this nonce and price.
fn sent(nonce: u64, price: GasPrice) -> Bytes {
    let key = ProviderKey::parse(KEY).unwrap();
    Transaction { chain_id: ID, nonce, price, gas: 100_000, to: contract(), data: DATA }.sign(&key).raw
}

fn market(tip: u128, most: u128) -> GasPrice {
    GasPrice::Market { tip, most }
}

async fn node_with(offers: &[Offer]) -> FakeChain {
    let node = FakeChain::start(ID).await;
    node.mempool(|mempool| mempool.offers.extend(offers));
    node
}

fn all_sent(node: &FakeChain) -> Vec<Bytes> {
    node.mempool(|mempool| mempool.sent.clone())
}

/// Waits a moment for a block, and no longer.
async fn hurried(node: &FakeChain) -> Arc<Chain> {
    let moment = Duration::from_millis(20);
    chain(&[node], Limits { mined: moment, pause: Duration::from_millis(5), ..patient() }).await
}

async fn send(chain: &Chain) -> Result<(), SendError> {
    chain.send(contract(), DATA).await.map(drop)
}

#[tokio::test]
async fn a_transaction_pays_what_others_pay() {
    let node = FakeChain::start(ID).await;
    let chain = chain(&[&node], patient()).await;
    assert_eq!(send(&chain).await, Ok(()));
    node.mempool(|mempool| mempool.base_fee = None);
    assert_eq!(send(&chain).await, Ok(()));
    assert_eq!(all_sent(&node), [sent(0, market(5, 145)), sent(1, GasPrice::Fixed(75))]);
}

#[tokio::test]
async fn each_of_many_has_its_turn() {
    let node = FakeChain::start(ID).await;
    let chain = chain(&[&node], patient()).await;
    let all = futures_util::future::join_all((0..8).map(|_| send(&chain))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    let expected: Vec<_> = (0..8).map(|nonce| sent(nonce, market(5, 145))).collect();
    assert_eq!(all_sent(&node), expected);
}

#[tokio::test]
async fn a_node_that_lags_behind_does_not_have_a_nonce_used_twice() {
    let node = FakeChain::start(ID).await;
    let chain = chain(&[&node], patient()).await;
    send(&chain).await.unwrap();
    node.mempool(|mempool| mempool.count = 0);
    send(&chain).await.unwrap();
    assert_eq!(all_sent(&node)[1], sent(1, market(5, 145)));
}

#[tokio::test]
async fn a_transaction_that_waits_is_offered_at_a_better_price() {
    let node = node_with(&[Offer::Waits, Offer::Refused("replacement transaction underpriced")]).await;
    assert_eq!(send(&*hurried(&node).await).await, Ok(()));
    assert_eq!(
        all_sent(&node),
        [sent(0, market(5, 145)), sent(0, market(6, 164)), sent(0, market(7, 185))],
        "the same transaction"
    );
}

#[tokio::test]
async fn an_earlier_version_that_got_into_a_block_counts() {
    let node = node_with(&[Offer::Waits, Offer::FirstMined("nonce too low")]).await;
    let receipt = hurried(&node).await.send(contract(), DATA).await.unwrap();
    assert_eq!(receipt.tx, keccak256(sent(0, market(5, 145))));
    assert_eq!(all_sent(&node).len(), 2);
}

#[tokio::test]
async fn a_transaction_that_no_block_takes_is_given_up_and_the_next_asks_for_its_nonce_anew() {
    let node = node_with(&[Offer::Waits; 4]).await;
    let chain = hurried(&node).await;
    assert!(matches!(send(&chain).await, Err(SendError::Waiting(_))));
    assert_eq!(all_sent(&node).len(), 4);
    assert_eq!(send(&chain).await, Ok(()));
    assert_eq!(all_sent(&node)[4], sent(0, market(5, 145)));
}

#[tokio::test]
async fn a_nonce_that_another_program_has_used_is_left_to_it() {
    let node = node_with(&[Offer::Refused("nonce too low: next nonce 1, tx nonce 0")]).await;
    let chain = chain(&[&node], patient()).await;
    assert_eq!(send(&chain).await, Ok(()));
    assert_eq!(all_sent(&node)[1], sent(1, market(5, 145)));
    node.mempool(|mempool| mempool.offers.extend([Offer::Refused("nonce too low"); 4]));
    assert!(matches!(send(&chain).await, Err(SendError::Crowded(_))));
}

#[tokio::test]
async fn a_transaction_that_is_known_already_was_sent() {
    let node = node_with(&[Offer::MinedBut("already known")]).await;
    assert_eq!(send(&*chain(&[&node], patient()).await).await, Ok(()));
    assert_eq!(all_sent(&node).len(), 1);
}

#[tokio::test]
async fn who_has_no_money_is_told_which_account_needs_some() {
    let node = node_with(&[Offer::Refused("insufficient funds for gas * price + value")]).await;
    let chain = chain(&[&node], patient()).await;
    let error = send(&chain).await.unwrap_err();
    assert!(error.is_of_the_chain());
    assert_eq!(
        error.to_string(),
        "the account 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 on chain 8996 cannot pay for gas: \
         send it some of the chain's own coin"
    );
    node.mempool(|mempool| mempool.gas = Err("insufficient funds for transfer"));
    assert_eq!(send(&chain).await, Err(error));
}

#[tokio::test]
async fn what_a_contract_refuses_or_wants_too_much_for_is_not_sent() {
    let node = FakeChain::start(ID).await;
    let chain = chain(&[&node], patient()).await;
    // Words that a contract chose are not taken for the node's.
    for gas in [Err("execution reverted: insufficient funds"), Ok(1_000_001), Ok(u64::MAX)] {
        node.mempool(|mempool| mempool.gas = gas);
        let error = send(&chain).await.unwrap_err();
        assert!(!error.is_of_the_chain(), "{error}");
    }
    assert!(all_sent(&node).is_empty());
}

#[tokio::test]
async fn a_transaction_that_fails_in_its_block_is_an_error_and_its_nonce_is_gone() {
    let node = node_with(&[Offer::Failed]).await;
    let chain = chain(&[&node], patient()).await;
    assert!(matches!(send(&chain).await, Err(SendError::Failed { .. })));
    node.mempool(|mempool| mempool.count = 0);
    assert_eq!(send(&chain).await, Ok(()));
    assert_eq!(all_sent(&node)[1], sent(1, market(5, 145)));
}

#[tokio::test]
async fn an_outage_is_one() {
    let node = FakeChain::start(ID).await;
    node.fail(Fault::Status(502));
    let error = send(&*chain(&[&node], patient()).await).await.unwrap_err();
    assert!(error.is_of_the_chain(), "{error}");
}

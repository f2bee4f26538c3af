//! What the server learns from chains and sends to them, over nodes that behave well and badly.

mod health;
mod nodes;
mod questions;
mod sending;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tidegate::chain::{Chain, ChainMemo, Chains, Limits};
use tidegate::config::{Config, PerChain};
use tidegate_ocean::{Address, B256, Log};

use crate::support::chain::FakeChain;

/// The chain of these tests.
pub const ID: u64 = 8996;

/// The first account of every development chain.
pub const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Patient, so that a busy machine changes nothing. A test with a silent node hesitates less.
pub fn patient() -> Limits {
    let minute = Duration::from_secs(60);
    Limits { attempt: minute, total: minute, hedge: minute, doubt: minute, retries: 0, ..Limits::default() }
}

/// A node that says nothing is soon given competition, and given up not much later.
pub fn hasty() -> Limits {
    let (soon, later) = (Duration::from_millis(20), Duration::from_millis(500));
    Limits { attempt: later, hedge: soon, doubt: later, ..patient() }
}

/// The settings of a server that reaches the chain at these nodes.
pub fn settings(urls: &[&str]) -> Config {
    let mut config = crate::support::server::settings("/nowhere".as_ref());
    config.provider.private_key = Some(PerChain::All(SecretString::from(KEY)));
    config.chains.by_id.insert(ID, urls.iter().map(|url| SecretString::from(*url)).collect());
    config
}

/// The chain at these nodes.
pub async fn chain(nodes: &[&FakeChain], limits: Limits) -> Arc<Chain> {
    let urls: Vec<&str> = nodes.iter().map(|node| node.url()).collect();
    served(&settings(&urls), limits).await
}

/// The chain of these settings.
pub async fn served(config: &Config, limits: Limits) -> Arc<Chain> {
    let chains = Chains::new(&config.provider, &config.chains, limits, ChainMemo::default()).unwrap();
    Arc::clone(chains.get(ID).await.unwrap())
}

/// A transaction with one log.
pub fn mine(node: &FakeChain) -> B256 {
    let log = Log { address: address(7), topics: vec![B256::repeat_byte(8)], data: vec![9].into() };
    node.mine(address(1), address(2), 60, vec![log])
}

/// Some address.
pub fn address(number: u8) -> Address {
    Address::repeat_byte(number)
}

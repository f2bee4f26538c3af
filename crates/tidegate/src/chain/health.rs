//! How a chain's nodes are now, for whoever looks after them: which answer, how old the latest block is, what our account has.
//!
//! Nobody waits longer than [`PATIENCE`] for a node, and what was found is good for [`GOOD_FOR`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;
use tidegate_ocean::{Address, U256};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::error::{Position, Trouble};
use super::one::{LARGE, SMALL};
use super::rpc::{Call, Rpc};
use super::{Chain, Chains, Unnamed};

/// How long a node may take to answer.
pub const PATIENCE: Duration = Duration::from_millis(900);
/// How long nodes are not asked again.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// How one chain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHealth {
    /// Its id; nothing for a chain that only its nodes can name, until one has.
    pub id: Option<u64>,
    /// What it is called in error texts.
    pub name: &'static str,
    /// Our address on it.
    pub provider: Option<Address>,
    /// The token that fees are paid in.
    pub fee_token: Option<Address>,
    /// Its nodes, in the order of the settings.
    pub nodes: Vec<NodeHealth>,
    /// What our account has for gas, in the smallest unit of the chain's own coin.
    pub balance: Option<U256>,
}

/// How one node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHealth {
    /// Which it is. Its address is never told: addresses hold keys.
    pub position: Position,
    /// Its latest block, or why there is none.
    pub latest: Result<Block, Trouble>,
}

/// A block that a node told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its time, in seconds since 1970.
    pub time: u64,
}

/// What was found last, and when.
#[derive(Default)]
pub(super) struct Looks(Mutex<Option<(Instant, Arc<ChainHealth>)>>);

#[derive(Deserialize)]
struct RawHead {
    number: U256,
    timestamp: U256,
}

impl ChainHealth {
    /// The newest block of all nodes.
    #[must_use]
    pub fn latest(&self) -> Option<Block> {
        self.nodes.iter().filter_map(|node| node.latest.ok()).max_by_key(|block| block.number)
    }

    /// How many nodes answer.
    #[must_use]
    pub fn answering(&self) -> usize {
        self.nodes.iter().filter(|node| node.latest.is_ok()).count()
    }
}

impl Chains {
    /// How all chains are, asked now or a few seconds ago. It takes little more than a second, whoever does not answer.
    pub async fn health(&self) -> Vec<Arc<ChainHealth>> {
        let named =
            self.named.values().map(|chain| async { chain.looks().of(chain.rpc(), Some(chain)).await });
        let mut all = join_all(named).await;
        if let Some(unnamed) = &self.unnamed {
            let known = unnamed.known().await;
            all.push(unnamed.looks.of(&unnamed.rpc, known.map(AsRef::as_ref)).await);
        }
        all
    }
}

impl Unnamed {
    /// The chain, if a node names it soon enough or it is remembered.
    async fn known(&self) -> Option<&Arc<Chain>> {
        if let Some(chain) = self.chain.get() {
            return Some(chain);
        }
        match (timeout(PATIENCE / 2, self.chain()).await, self.memo.known) {
            (Ok(told), _) => told.ok(),
            (Err(_), Some(id)) => self.before.get_or_try_init(|| async { self.with_id(id) }).await.ok(),
            (Err(_), None) => None,
        }
    }
}

impl Looks {
    async fn of(&self, rpc: &Rpc, chain: Option<&Chain>) -> Arc<ChainHealth> {
        // Held while the nodes are asked: others wait for the same answer.
        let mut last = self.0.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < GOOD_FOR
            && health.id == chain.map(Chain::id)
        {
            return Arc::clone(health);
        }
        let health = Arc::new(look(rpc, chain).await);
        *last = Some((Instant::now(), Arc::clone(&health)));
        health
    }
}

async fn look(rpc: &Rpc, chain: Option<&Chain>) -> ChainHealth {
    let head = Call::new("eth_getBlockByNumber", &json!(["latest", false]), LARGE);
    let provider = chain.map(|chain| chain.key().address());
    let money = async {
        let call = Call::new("eth_getBalance", &json!([provider?, "latest"]), SMALL);
        timeout(PATIENCE, rpc.ask::<U256>(&call)).await.ok()?.ok()
    };
    let (heads, balance) = tokio::join!(rpc.ask_each::<RawHead>(&head, PATIENCE), money);
    let nodes = heads
        .into_iter()
        .map(|(position, head)| NodeHealth { position, latest: head.and_then(|head| block(&head)) });
    ChainHealth {
        id: chain.map(Chain::id),
        name: chain.map_or("Unknown", Chain::name),
        provider,
        fee_token: chain.and_then(|chain| chain.fee_token().ok()),
        nodes: nodes.collect(),
        balance,
    }
}

fn block(head: &RawHead) -> Result<Block, Trouble> {
    let number = |number: U256| u64::try_from(number).map_err(|_| Trouble::NotUnderstood);
    Ok(Block { number: number(head.number)?, time: number(head.timestamp)? })
}

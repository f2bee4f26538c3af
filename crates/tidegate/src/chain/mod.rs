//! What the server asks of blockchains, and the only place that knows how.
//!
//! [`Chains`] are those in the settings. A [`Chain`] answers questions in terms of Ocean: is there this receipt, in
//! which state is this data NFT. Below, `rpc` asks the chain's nodes, and `memory` remembers what they said; `send` sends
//! transactions of ours, `health` looks after the nodes.
//!
//! | state of the nodes | what callers see |
//! |---|---|
//! | one is down, slow, or of another chain | nothing: another is asked |
//! | one lags behind | nothing: the others are asked before something is called unknown |
//! | all are down | [`Fact::Stale`] for states, owners and code known from before, else [`ChainError::Unavailable`] |
//!
//! No error, log line or metric holds a URL: they hold keys.

mod addresses;
mod contracts;
mod error;
mod health;
mod memory;
mod names;
mod one;
mod receipt;
mod rpc;
mod send;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tidegate_ocean::{Address, KeyError, ProviderKey};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::config;
use crate::config::PerChain;

pub use addresses::AddressFileError;
use addresses::Addresses;
pub use error::{ChainError, ChainLabel, Position, Rejection, Trouble};
pub use health::{Block, ChainHealth, NodeHealth};
pub use memory::Fact;
pub use one::Chain;
use rpc::Rpc;
pub use rpc::{Limits, RpcUrl};
pub use send::SendError;

/// All chains that are served.
pub struct Chains {
    named: BTreeMap<u64, Arc<Chain>>,
    /// One more, which says itself which it is when it is first needed.
    unnamed: Option<Unnamed>,
}

/// A chain whose id is not known until one of its nodes answers.
struct Unnamed {
    rpc: Arc<Rpc>,
    keys: PerChain<SecretString>,
    fee_tokens: Option<PerChain<Address>>,
    addresses: Addresses,
    chain: OnceCell<Arc<Chain>>,
    /// The chain as it was before, for as long as no node answers.
    before: OnceCell<Arc<Chain>>,
    memo: ChainMemo,
    looks: health::Looks,
}

/// Remembers, over restarts, which chain it is that only its nodes can name: what is known to be final on it can then be
/// told while they are away.
pub struct ChainMemo {
    /// Its id as it was remembered.
    pub known: Option<u64>,
    /// Takes its id once a node has told it.
    pub learned: Box<dyn Fn(u64) + Send + Sync>,
}

/// Settings that no chain can be served with.
#[derive(Debug, thiserror::Error)]
pub enum ChainsError {
    /// The file of contract addresses.
    #[error(transparent)]
    AddressFile(#[from] AddressFileError),
    /// A private key.
    #[error("PROVIDER_PRIVATE_KEY for chain {chain}: {error}")]
    Key {
        /// The chain.
        chain: u64,
        /// What is wrong.
        error: KeyError,
    },
    /// There are chains but no key.
    #[error("PROVIDER_PRIVATE_KEY is missing, and NETWORK_URL names chains")]
    NoKey,
    /// A URL of a node.
    #[error("NETWORK_URL: address {number} of {chain} is not an http, https, ws or wss URL")]
    Url {
        /// The chain.
        chain: ChainLabel,
        /// Which, from one.
        number: usize,
    },
    /// The system's certificates or name servers cannot be read.
    #[error("the HTTP client for chains cannot be made")]
    Client,
}

/// Remembers nothing.
impl Default for ChainMemo {
    fn default() -> Self {
        Self { known: None, learned: Box::new(|_| {}) }
    }
}

/// How long a list of all chains waits for the one without an id.
const LIST_PATIENCE: Duration = Duration::from_secs(1);

impl Chains {
    /// The chains of the settings. Nobody is asked anything yet.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(
        provider: &config::Provider,
        chains: &config::Chains,
        limits: Limits,
        memo: ChainMemo,
    ) -> Result<Self, ChainsError> {
        if chains.is_empty() {
            return Ok(Self { named: BTreeMap::new(), unnamed: None });
        }
        let keys = provider.private_key.as_ref().ok_or(ChainsError::NoKey)?;
        let addresses = match &provider.address_file {
            Some(path) => Addresses::read(path)?,
            None => Addresses::default(),
        };
        let client = Rpc::client().map_err(|_| ChainsError::Client)?;
        let rpc = |id, urls: &[SecretString]| {
            Ok::<_, ChainsError>(Arc::new(Rpc::new(id, &parse(id, urls)?, &client, limits)))
        };
        let mut named = BTreeMap::new();
        for (id, urls) in &chains.by_id {
            let token = provider.fee_token.as_ref().and_then(|tokens| tokens.get(*id)).copied();
            let chain = Chain::new(*id, rpc(Some(*id), urls)?, key(*id, keys)?, token, addresses.of(*id));
            named.insert(*id, Arc::new(chain));
        }
        let unnamed = match chains.auto.as_slice() {
            [] => None,
            urls => Some(Unnamed {
                rpc: rpc(None, urls)?,
                keys: keys.clone(),
                fee_tokens: provider.fee_token.clone(),
                addresses,
                chain: OnceCell::new(),
                before: OnceCell::new(),
                memo,
                looks: health::Looks::default(),
            }),
        };
        Ok(Self { named, unnamed })
    }

    /// The chain with this id.
    ///
    /// # Errors
    /// [`ChainError::NotServed`]; an outage while the only chain has not told its id yet.
    pub async fn get(&self, id: u64) -> Result<&Arc<Chain>, ChainError> {
        if let Some(chain) = self.named.get(&id) {
            return Ok(chain);
        }
        match &self.unnamed {
            Some(unnamed) => {
                let chain = unnamed.chain().await?;
                if chain.id() == id { Ok(chain) } else { Err(ChainError::NotServed(id)) }
            }
            None => Err(ChainError::NotServed(id)),
        }
    }

    /// All chains by id, without one that does not tell its id within a second.
    pub async fn all(&self) -> BTreeMap<u64, &Arc<Chain>> {
        let mut all: BTreeMap<_, _> = self.named.iter().map(|(id, chain)| (*id, chain)).collect();
        if let Some(unnamed) = &self.unnamed
            && let Ok(Ok(chain)) = timeout(LIST_PATIENCE, unnamed.chain()).await
        {
            all.entry(chain.id()).or_insert(chain);
        }
        all
    }

    /// Whether the settings name no chain at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.unnamed.is_none()
    }
}

impl Unnamed {
    async fn chain(&self) -> Result<&Arc<Chain>, ChainError> {
        let learn = || async {
            let id = self.rpc.learn().await?;
            let chain = self.with_id(id)?;
            (self.memo.learned)(id);
            Ok::<_, ChainError>(chain)
        };
        match (self.chain.get_or_try_init(learn).await, self.memo.known) {
            (Err(error), Some(id)) if error.is_outage() => {
                self.before.get_or_try_init(|| async { self.with_id(id) }).await
            }
            (told, _) => told,
        }
    }

    fn with_id(&self, id: u64) -> Result<Arc<Chain>, ChainError> {
        let key = key(id, &self.keys).map_err(|error| {
            tracing::error!(%error, "the chain of NETWORK_URL cannot be served");
            ChainError::NotServed(id)
        })?;
        let token = self.fee_tokens.as_ref().and_then(|tokens| tokens.get(id)).copied();
        Ok(Arc::new(Chain::new(id, Arc::clone(&self.rpc), key, token, self.addresses.of(id))))
    }
}

fn parse(chain: Option<u64>, urls: &[SecretString]) -> Result<Vec<RpcUrl>, ChainsError> {
    let parse = |(index, url): (usize, &SecretString)| {
        RpcUrl::parse(url.expose_secret())
            .ok_or(ChainsError::Url { chain: ChainLabel(chain), number: index + 1 })
    };
    urls.iter().enumerate().map(parse).collect()
}

fn key(chain: u64, keys: &PerChain<SecretString>) -> Result<ProviderKey, ChainsError> {
    let text = keys.get(chain).ok_or(ChainsError::NoKey)?;
    ProviderKey::parse(text.expose_secret()).map_err(|error| ChainsError::Key { chain, error })
}

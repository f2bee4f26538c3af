//! Asking a chain's nodes: the healthiest first, the next when it fails or hesitates, all of them when in doubt.
//! What is asked and what the answers mean is not known here.

mod call;
mod health;
mod http;
mod node;
mod socket;

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;
use tidegate_ocean::U256;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

pub(super) use call::Call;
use call::Refusal;
use http::Http;
use node::Node;
use socket::Socket;

use super::error::{ChainError, ChainLabel, Position, Trouble};

/// The nodes of one chain.
pub(super) struct Rpc {
    nodes: Vec<Node>,
    /// The chain, as configured or as the first node to answer said.
    chain: OnceLock<u64>,
    limits: Limits,
    slots: Semaphore,
    /// Half as many: however long contracts take, receipts are still found.
    contract_slots: Semaphore,
}

/// How long is waited for a chain's nodes, and how often they are asked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one answer of one node.
    pub attempt: Duration,
    /// For an answer from anyone.
    pub total: Duration,
    /// A node that has not answered by then gets competition from the next.
    pub hedge: Duration,
    /// For the other nodes when one says that something does not exist.
    pub doubt: Duration,
    /// How often all nodes are tried again when all failed.
    pub retries: u32,
    /// Before the first of these; it doubles each time.
    pub pause: Duration,
    /// For a transaction to get into a block, before it is offered at a better price.
    pub mined: Duration,
    /// Questions open at once, and half as many more to contracts.
    pub open: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(4),
            total: Duration::from_secs(8),
            hedge: Duration::from_millis(300),
            doubt: Duration::from_millis(600),
            retries: 2,
            pause: Duration::from_millis(100),
            mined: Duration::from_secs(60),
            open: 128,
        }
    }
}

/// What brings questions to a node and answers back.
trait Wire: Send + Sync {
    /// Asks once. Bounds the size of the answer; the caller bounds the time.
    fn exchange<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Bytes, Refusal>>;
}

/// A URL of a node, of which only the position may be told.
#[derive(Debug, Clone)]
pub struct RpcUrl(SecretString);

impl RpcUrl {
    /// Checks that `text` is an absolute `http`, `https`, `ws` or `wss` URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let known = matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.host_str().is_some();
        known.then(|| Self(url.as_str().into()))
    }

    fn wire(&self, client: &Client, limits: Limits) -> Option<Box<dyn Wire>> {
        let url = Url::parse(self.0.expose_secret()).ok()?;
        Some(match url.scheme() {
            "ws" | "wss" => Box::new(Socket::new(url, limits.attempt)),
            _ => Box::new(Http::new(client.clone(), url)),
        })
    }
}

/// What a round over the nodes came to.
enum Round<T> {
    Answered(usize, T),
    Refused(ChainError),
    AllFailed,
}

impl Rpc {
    /// The HTTP client that the nodes of all chains share.
    pub(super) fn client() -> Result<Client, reqwest::Error> {
        Http::client()
    }

    /// The nodes at `urls`; `chain` is `None` until one of them tells.
    pub(super) fn new(chain: Option<u64>, urls: &[RpcUrl], client: &Client, limits: Limits) -> Self {
        let wires = urls.iter().filter_map(|url| url.wire(client, limits)).collect();
        Self::over(chain, wires, limits)
    }

    fn over(chain: Option<u64>, wires: Vec<Box<dyn Wire>>, limits: Limits) -> Self {
        let of = wires.len();
        let node = |(index, wire)| Node::new(Position { number: index + 1, of }, wire);
        let nodes = wires.into_iter().enumerate().map(node).collect();
        Self {
            nodes,
            chain: chain.map_or_else(OnceLock::new, OnceLock::from),
            limits,
            slots: Semaphore::new(limits.open),
            contract_slots: Semaphore::new((limits.open / 2).max(1)),
        }
    }

    /// The chain, if it is known.
    pub(super) fn chain(&self) -> Option<u64> {
        self.chain.get().copied()
    }

    /// The chain in texts.
    pub(super) fn label(&self) -> ChainLabel {
        ChainLabel(self.chain())
    }

    /// How patient this is.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The chain, asked of the nodes if need be.
    ///
    /// # Errors
    /// An outage.
    pub(super) async fn learn(&self) -> Result<u64, ChainError> {
        if let Some(chain) = self.chain() {
            return Ok(chain);
        }
        let id: U256 = self.ask(&Call::new("eth_chainId", &json!([]), 1 << 10)).await?;
        // A node is not asked anything before it has told its chain.
        self.chain().or_else(|| u64::try_from(id).ok()).ok_or(ChainError::Unexpected(self.label()))
    }

    /// Asks until one node answers.
    ///
    /// # Errors
    /// When none does in time, when the contract refuses, when the answer is too large.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ChainError> {
        Ok(self.first(call).await?.1)
    }

    /// Asks for something that may not exist. A node can lag behind: when one knows nothing, the others are asked too, at once
    /// and for a short time, and whoever knows more is right.
    ///
    /// # Errors
    /// As [`Rpc::ask`].
    pub(super) async fn find<T: DeserializeOwned>(&self, call: &Call) -> Result<Option<T>, ChainError> {
        let (asked, found) = self.first::<Option<T>>(call).await?;
        if found.is_some() {
            return Ok(found);
        }
        let mut others: FuturesUnordered<_> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != asked)
            .map(|(_, node)| node.ask::<Option<T>>(call, &self.chain, self.limits.doubt))
            .collect();
        while let Some(answer) = others.next().await {
            if let Ok(Some(found)) = answer {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Asks every node once, at the same time, in the order of the settings. What a node refuses counts as not understood.
    pub(super) async fn ask_each<T: DeserializeOwned>(
        &self,
        call: &Call,
        patience: Duration,
    ) -> Vec<(Position, Result<T, Trouble>)> {
        join_all(self.nodes.iter().map(async |node| {
            let answer = node.ask(call, &self.chain, patience).await;
            let answer = answer.map_err(|refusal| match refusal {
                Refusal::Trouble(trouble) => trouble,
                Refusal::Reverted | Refusal::Rejected(_) | Refusal::TooLarge => Trouble::NotUnderstood,
            });
            (node.position(), answer)
        }))
        .await
    }

    /// The first answer and who gave it.
    async fn first<T: DeserializeOwned>(&self, call: &Call) -> Result<(usize, T), ChainError> {
        let mut troubles = vec![None; self.nodes.len()];
        let asking = async {
            let slots = if call.is_of_a_contract() { &self.contract_slots } else { &self.slots };
            let _slot = slots.acquire().await;
            let mut pause = self.limits.pause;
            let mut left = self.limits.retries;
            loop {
                match self.round(call, &mut troubles).await {
                    Round::Answered(index, answer) => return Some(Ok((index, answer))),
                    Round::Refused(error) => return Some(Err(error)),
                    Round::AllFailed if left > 0 && may_pass(call, &troubles) => {}
                    Round::AllFailed => return None,
                }
                left -= 1;
                sleep(pause).await;
                pause *= 2;
            }
        };
        match timeout(self.limits.total, asking).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => Err(self.unavailable(&troubles)),
        }
    }

    /// Asks the nodes in turn, the next when one fails or hesitates, and takes the first answer.
    async fn round<T: DeserializeOwned>(&self, call: &Call, troubles: &mut [Option<Trouble>]) -> Round<T> {
        let mut waiting = self.order().into_iter();
        let mut started = vec![None; self.nodes.len()];
        let mut running = FuturesUnordered::new();
        let attempt = |index: usize| async move {
            (index, self.nodes[index].ask::<T>(call, &self.chain, self.limits.attempt).await)
        };
        loop {
            // One more is asked at the start, after each failure and after each hesitation.
            match waiting.next() {
                Some(index) => {
                    started[index] = Some(Instant::now());
                    running.push(attempt(index));
                }
                None if running.is_empty() => return Round::AllFailed,
                None => {}
            }
            let hesitation = if waiting.len() > 0 { self.limits.hedge } else { self.limits.total };
            let Ok(next) = timeout(hesitation, running.next()).await else { continue };
            let Some((index, outcome)) = next else { continue };
            started[index] = None;
            match outcome {
                Ok(answer) => {
                    if !call.is_of_a_contract() {
                        self.note_slow(&started);
                    }
                    return Round::Answered(index, answer);
                }
                Err(Refusal::Reverted) => return Round::Refused(ChainError::Reverted(self.label())),
                Err(Refusal::Rejected(why)) => {
                    return Round::Refused(ChainError::Rejected(self.label(), why));
                }
                Err(Refusal::TooLarge) => return Round::Refused(ChainError::TooLarge(self.label())),
                Err(Refusal::Trouble(trouble)) => troubles[index] = Some(trouble),
            }
        }
    }

    /// The nodes, those that rest last.
    fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|index| self.nodes[*index].rest(now));
        order
    }

    /// Lets those rest that were overtaken, so that the next question does not wait for them first.
    fn note_slow(&self, started: &[Option<Instant>]) {
        for (node, started) in self.nodes.iter().zip(started) {
            if started.is_some_and(|started| started.elapsed() >= self.limits.hedge) {
                node.was_slow(&self.chain);
            }
        }
    }

    fn unavailable(&self, troubles: &[Option<Trouble>]) -> ChainError {
        let troubles = self.nodes.iter().zip(troubles);
        let troubles =
            troubles.map(|(node, trouble)| (node.position(), trouble.unwrap_or(Trouble::Timeout))).collect();
        ChainError::Unavailable { chain: self.label(), troubles }
    }
}

/// Whether it is worth while to ask all nodes once more.
fn may_pass(call: &Call, troubles: &[Option<Trouble>]) -> bool {
    let passes =
        |trouble: &Trouble| trouble.passes() && !(call.is_of_a_contract() && trouble.may_be_the_question());
    troubles.iter().flatten().any(passes)
}

#[cfg(test)]
mod tests;

//! One node of a chain: is it the right chain, how does it do, and one exchange with it.

use std::sync::OnceLock;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;
use tidegate_ocean::U256;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::super::error::{ChainLabel, Position, Trouble};
use super::Wire;
use super::call::{Call, Refusal};
use super::health::Health;
use crate::telemetry::metrics;

/// A node.
pub(super) struct Node {
    position: Position,
    wire: Box<dyn Wire>,
    health: Health,
    /// Set once the node has said that it is of the right chain.
    checked: OnceCell<()>,
}

impl Node {
    /// The node at `position` that `wire` leads to.
    pub(super) fn new(position: Position, wire: Box<dyn Wire>) -> Self {
        Self { position, wire, health: Health::default(), checked: OnceCell::new() }
    }

    /// Where the settings have it.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Until when it should be left alone.
    pub(super) fn rest(&self, now: Instant) -> Option<Instant> {
        self.health.rest(now)
    }

    /// Asks once, for at most `patience`. A first answer decides `chain` if nothing else has.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        call: &Call,
        chain: &OnceLock<u64>,
        patience: Duration,
    ) -> Result<T, Refusal> {
        let started = Instant::now();
        let exchange = async {
            self.check(chain).await?;
            call.read(&self.wire.exchange(call).await?)
        };
        let outcome = match timeout(patience, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Refusal::Trouble(Trouble::Timeout)),
        };
        let label = match &outcome {
            Ok(_) | Err(Refusal::Reverted | Refusal::Rejected(_) | Refusal::TooLarge) => {
                self.answered(chain);
                "answered"
            }
            Err(Refusal::Trouble(trouble)) => {
                if !(call.is_of_a_contract() && trouble.may_be_the_question()) {
                    self.failed(chain, *trouble);
                }
                trouble.label()
            }
        };
        metrics::chain_asked(chain.get().copied(), self.position.number, label, started.elapsed());
        outcome
    }

    /// Another node was faster although it was asked later.
    pub(super) fn was_slow(&self, chain: &OnceLock<u64>) {
        self.failed(chain, Trouble::Timeout);
    }

    /// A node of another chain would say that nothing was ever paid, or worse, that something was.
    async fn check(&self, chain: &OnceLock<u64>) -> Result<(), Refusal> {
        let check = || async {
            let call = Call::new("eth_chainId", &json!([]), 1 << 10);
            let id: U256 = call.read(&self.wire.exchange(&call).await?)?;
            let id = u64::try_from(id).map_err(|_| Refusal::Trouble(Trouble::NotUnderstood))?;
            if *chain.get_or_init(|| id) == id {
                Ok(())
            } else {
                Err(Refusal::Trouble(Trouble::OtherChain(id)))
            }
        };
        self.checked.get_or_try_init(check).await.copied()
    }

    fn answered(&self, chain: &OnceLock<u64>) {
        if self.health.answered() {
            let chain = ChainLabel(chain.get().copied());
            tracing::info!(%chain, rpc = %self.position, "a chain's RPC answers again");
        }
    }

    fn failed(&self, chain: &OnceLock<u64>, trouble: Trouble) {
        let wish = if let Trouble::Busy(wish) = trouble { wish } else { None };
        if self.health.failed(Instant::now(), wish) {
            let chain = ChainLabel(chain.get().copied());
            tracing::warn!(%chain, rpc = %self.position, %trouble, "a chain's RPC failed; others are asked first for a while");
        }
    }
}

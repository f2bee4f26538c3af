//! Sending a transaction: one at a time on a chain, priced by the market, offered again at a better price while it waits.
//! What is sent, and what becomes of what cannot be sent, is the caller's business.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tidegate_ocean::{Address, B256, Bytes, GasPrice, Receipt, Transaction, U256};
use tokio::time::{Instant, sleep};

use super::error::{ChainError, ChainLabel, Rejection};
use super::one::{Chain, LARGE, SMALL};
use super::rpc::Call;

/// How often a transaction is offered, each time at a better price.
const VERSIONS: usize = 4;
/// What a call may cost. Ocean's contracts need some 80,000; where data is dear, several times as much.
const MOST_GAS: u64 = 1_000_000;

/// Why a transaction was not sent, or did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The nodes, or the contract.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is nothing left to pay for gas.
    #[error("the account {account} on {chain} cannot pay for gas: send it some of the chain's own coin")]
    NoMoney {
        /// The chain.
        chain: ChainLabel,
        /// Ours on it.
        account: Address,
    },
    /// The contract wants to do more than we pay for.
    #[error("a contract on {chain} wants {gas} units of gas, and no more than {MOST_GAS} are paid for")]
    Dear {
        /// The chain.
        chain: ChainLabel,
        /// What it wants.
        gas: U256,
    },
    /// It is in no block yet. It may still get into one.
    #[error(
        "no block on {0} took the transaction, although its price was raised; gas may be dear at the moment"
    )]
    Waiting(ChainLabel),
    /// It was never taken by a node: others send with the same key.
    #[error("the transactions of another program with the same key on {0} always came first")]
    Crowded(ChainLabel),
    /// It failed in its block.
    #[error("the transaction {tx} on {chain} failed in its block")]
    Failed {
        /// The chain.
        chain: ChainLabel,
        /// The transaction.
        tx: B256,
    },
}

impl SendError {
    /// Whether the reason lies with the chain or our account, so that nothing else can be sent either, and not with what
    /// was to be sent.
    #[must_use]
    pub fn is_of_the_chain(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_outage(),
            Self::NoMoney { .. } => true,
            Self::Dear { .. } | Self::Waiting(_) | Self::Crowded(_) | Self::Failed { .. } => false,
        }
    }
}

/// What is used of the newest block.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    base_fee_per_gas: Option<U256>,
}

impl Chain {
    /// Calls a contract with a transaction of ours, and waits until it is in a block, for minutes if need be. Who calls
    /// this meanwhile waits for their turn.
    ///
    /// After an outage in the middle it may be in a block although this says otherwise.
    ///
    /// # Errors
    /// It is in no block, or failed in it.
    pub async fn send(&self, to: Address, data: Bytes) -> Result<Arc<Receipt>, SendError> {
        let mut least_nonce = self.turn.lock().await;
        let transaction = Transaction {
            chain_id: self.id(),
            nonce: self.nonce(*least_nonce).await?,
            price: self.price().await?,
            gas: self.gas(to, &data).await?,
            to,
            data,
        };
        // A node that lags behind must not have us use a nonce twice. When something went wrong, it is the nodes that know.
        *least_nonce = 0;
        let (receipt, nonce) = self.offer_until_mined(transaction).await?;
        *least_nonce = nonce + 1;
        if receipt.status {
            Ok(receipt)
        } else {
            Err(SendError::Failed { chain: self.label(), tx: receipt.tx })
        }
    }

    /// Whether the contract at `to` refuses this call, as of the last block.
    ///
    /// # Errors
    /// An outage; [`ChainError::TooLarge`].
    pub async fn refuses(&self, to: Address, data: &Bytes) -> Result<bool, ChainError> {
        match self.call(to, data).await {
            Ok(_) => Ok(false),
            Err(ChainError::Reverted(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// All versions have one nonce, so at most one of them gets into a block.
    async fn offer_until_mined(
        &self,
        mut transaction: Transaction,
    ) -> Result<(Arc<Receipt>, u64), SendError> {
        let mut versions = Vec::with_capacity(VERSIONS);
        for _ in 0..VERSIONS {
            let signed = transaction.sign(self.key());
            match self.offer(&signed.raw).await {
                Ok(()) => versions.push(signed.hash),
                // It may have arrived all the same.
                Err(error) if error.is_outage() => versions.push(signed.hash),
                // An earlier version may be in a block, or get into one.
                Err(ChainError::Rejected(..)) if !versions.is_empty() => {}
                Err(ChainError::Rejected(_, Rejection::NoMoney)) => return Err(self.no_money()),
                Err(ChainError::Rejected(_, Rejection::NonceUsed)) => {
                    transaction.nonce = self.nonce(transaction.nonce + 1).await?;
                    continue;
                }
                Err(ChainError::Rejected(_, Rejection::Underpriced)) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(receipt) = self.mined(&versions).await {
                return Ok((receipt, transaction.nonce));
            }
            let market = self.price().await.unwrap_or(transaction.price);
            transaction.price = transaction.price.raised(market);
        }
        Err(if versions.is_empty() {
            SendError::Crowded(self.label())
        } else {
            SendError::Waiting(self.label())
        })
    }

    async fn offer(&self, raw: &Bytes) -> Result<(), ChainError> {
        let call = Call::new("eth_sendRawTransaction", &json!([raw]), SMALL);
        match self.rpc().ask::<B256>(&call).await {
            // By another node, or at the second attempt.
            Err(ChainError::Rejected(_, Rejection::Known)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The receipt of one of these transactions, as soon as there is one.
    async fn mined(&self, versions: &[B256]) -> Option<Arc<Receipt>> {
        const LONGEST_PAUSE: u32 = 40;
        let limits = self.rpc().limits();
        let started = Instant::now();
        let mut pause = limits.pause;
        while !versions.is_empty() {
            for version in versions {
                if let Ok(Some(receipt)) = self.receipt(*version).await {
                    return Some(receipt);
                }
            }
            let left = limits.mined.checked_sub(started.elapsed())?;
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(limits.pause * LONGEST_PAUSE);
        }
        None
    }

    /// How many transactions we have sent, those that wait included, and at least `least`.
    async fn nonce(&self, least: u64) -> Result<u64, ChainError> {
        let call = Call::new("eth_getTransactionCount", &json!([self.key().address(), "pending"]), SMALL);
        let nonce: U256 = self.rpc().ask(&call).await?;
        Ok(self.number(nonce)?.max(least))
    }

    /// What others pay. The base fee may double until the transaction is in a block; only what it is then is paid.
    async fn price(&self) -> Result<GasPrice, ChainError> {
        let head = Call::new("eth_getBlockByNumber", &json!(["latest", false]), LARGE);
        let price = Call::new("eth_gasPrice", &json!([]), SMALL);
        let (head, price) = tokio::try_join!(self.rpc().ask::<Head>(&head), self.rpc().ask::<U256>(&price))?;
        let wei = |wei: U256| u128::try_from(wei).map_err(|_| ChainError::Unexpected(self.label()));
        let price = wei(price)?;
        Ok(match head.base_fee_per_gas.map(wei).transpose()? {
            None => GasPrice::Fixed(price),
            Some(base) => {
                // The price that nodes tell holds the tip. Not all of them answer when asked for the tip itself.
                let tip = price.saturating_sub(base);
                GasPrice::Market { tip, most: base.saturating_mul(2).saturating_add(tip) }
            }
        })
    }

    /// What the call needs, and a quarter for what may change until it is in a block.
    async fn gas(&self, to: Address, data: &Bytes) -> Result<u64, SendError> {
        let what = json!({ "from": self.key().address(), "to": to, "data": data });
        let call = Call::new("eth_estimateGas", &json!([what]), SMALL);
        let gas: U256 = match self.rpc().ask(&call).await {
            Err(ChainError::Rejected(_, Rejection::NoMoney)) => return Err(self.no_money()),
            answer => answer?,
        };
        match u64::try_from(gas) {
            Ok(gas) if gas <= MOST_GAS => Ok(gas + gas / 4),
            _ => Err(SendError::Dear { chain: self.label(), gas }),
        }
    }

    fn no_money(&self) -> SendError {
        SendError::NoMoney { chain: self.label(), account: self.key().address() }
    }
}

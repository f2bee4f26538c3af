//! A transaction's receipt and its block, as nodes write them, bounded and turned into the facts that decisions are made of.

use serde::Deserialize;
use tidegate_ocean::{Address, B256, Bytes, Log, Receipt, U256};

/// A receipt as nodes write it. Of a pending transaction some write one too, with `null` for the block.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawReceipt {
    transaction_hash: B256,
    block_hash: Option<B256>,
    block_number: Option<U256>,
    #[serde(default)]
    status: Option<U256>,
    from: Address,
    #[serde(default)]
    to: Option<Address>,
    logs: Vec<RawLog>,
}

#[derive(Deserialize)]
struct RawLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

/// What is used of a block.
#[derive(Deserialize)]
pub(super) struct RawBlock {
    timestamp: U256,
}

/// A receipt that is in a block.
pub(super) struct Mined {
    pub(super) block_hash: B256,
    block: u64,
    raw: RawReceipt,
}

impl RawReceipt {
    /// The receipt, if it is one of `tx` and in a block.
    pub(super) fn mined(self, tx: B256) -> Option<Mined> {
        if self.transaction_hash != tx {
            return None;
        }
        let (block_hash, block) = (self.block_hash?, u64::try_from(self.block_number?).ok()?);
        Some(Mined { block_hash, block, raw: self })
    }
}

impl RawBlock {
    /// Seconds since 1970.
    pub(super) fn timestamp(&self) -> Option<u64> {
        u64::try_from(self.timestamp).ok()
    }
}

impl Mined {
    /// With the time of its block, the facts.
    pub(super) fn at(self, timestamp: u64) -> Receipt {
        let RawReceipt { transaction_hash, status, from, to, logs, .. } = self.raw;
        let log = |RawLog { address, topics, data }| Log { address, topics, data };
        Receipt {
            tx: transaction_hash,
            // Before 2017 a receipt had no status; no order is that old.
            status: status == Some(U256::from(1)),
            block: self.block,
            timestamp,
            logs: logs.into_iter().map(log).collect(),
            from,
            to,
        }
    }
}

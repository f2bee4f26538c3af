//! What a fake node does with transactions that are sent to it.

use std::collections::VecDeque;

use serde_json::{Value, json};
use tidegate_ocean::{B256, Bytes, keccak256};

/// What becomes of a transaction.
#[derive(Debug, Clone, Copy)]
pub enum Offer {
    /// It is in the next block, at once.
    Mined,
    /// It is in the next block, and fails there.
    Failed,
    /// It is taken and in no block.
    Waits,
    /// It is in the next block, but the node answers with this error.
    MinedBut(&'static str),
    /// It is not taken, with this error, and the first that was sent gets into a block instead.
    FirstMined(&'static str),
    /// It is not taken, with this error.
    Refused(&'static str),
}

/// See the module's documentation.
pub struct Mempool {
    pub base_fee: Option<u64>,
    pub gas_price: u64,
    /// What every call needs, or the error that says why that cannot be told.
    pub gas: Result<u64, &'static str>,
    /// Transactions of any account so far.
    pub count: u64,
    /// What becomes of the next ones; after these, they are mined.
    pub offers: VecDeque<Offer>,
    /// Everything that was sent.
    pub sent: Vec<Bytes>,
    /// What every account has.
    pub balance: u64,
}

/// A transaction that is now in a block, and whether it did what it should.
pub struct MinedNow {
    pub tx: B256,
    pub succeeded: bool,
}

impl Mempool {
    pub fn new() -> Self {
        Self {
            base_fee: Some(70),
            gas_price: 75,
            gas: Ok(80_000),
            count: 0,
            offers: VecDeque::new(),
            sent: Vec::new(),
            balance: 1_500_000_000_000_000_000,
        }
    }

    /// The answer to a question about sending, if it is one.
    pub fn answer(&self, method: &str) -> Option<Result<Value, &'static str>> {
        Some(match method {
            "eth_getTransactionCount" => Ok(hex(self.count)),
            "eth_getBalance" => Ok(hex(self.balance)),
            "eth_gasPrice" => Ok(hex(self.gas_price)),
            "eth_estimateGas" => self.gas.map(hex),
            _ => return None,
        })
    }

    /// Takes a transaction, or not.
    pub fn take(&mut self, raw: Bytes) -> (Option<MinedNow>, Result<Value, &'static str>) {
        let tx = keccak256(&raw);
        self.sent.push(raw);
        let first = keccak256(&self.sent[0]);
        let mined = |succeeded| Some(MinedNow { tx, succeeded });
        let (mined, answer) = match self.offers.pop_front().unwrap_or(Offer::Mined) {
            Offer::Mined => (mined(true), Ok(json!(tx))),
            Offer::Failed => (mined(false), Ok(json!(tx))),
            Offer::Waits => (None, Ok(json!(tx))),
            Offer::MinedBut(error) => (mined(true), Err(error)),
            Offer::FirstMined(error) => (Some(MinedNow { tx: first, succeeded: true }), Err(error)),
            Offer::Refused(error) => (None, Err(error)),
        };
        self.count += u64::from(mined.is_some());
        (mined, answer)
    }
}

fn hex(number: u64) -> Value {
    format!("{number:#x}").into()
}

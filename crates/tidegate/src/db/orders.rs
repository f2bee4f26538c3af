//! Orders that are final: what the chain said about them once, and will say for ever. Whether one still pays for a download
//! (its age, the service's timeout) is decided in the house.

use tidegate_ocean::{Address, B256};

use super::statements::statements;
use super::{DbError, Row, Session};

statements! {
    FIND = "SELECT original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until FROM orders
            WHERE chain_id = $1 AND tx = $2 AND datatoken = $3 AND service_id = $4 AND buyer = $5";
    INSERT = "INSERT INTO orders (chain_id, tx, datatoken, service_id, buyer,
                                  original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
              ON CONFLICT (chain_id, tx, datatoken, service_id, buyer) DO NOTHING";
}

/// What a buyer names when they ask to download.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The chain.
    pub chain_id: u64,
    /// The transaction of the order or of its reuse.
    pub tx: B256,
    /// The service's datatoken.
    pub datatoken: Address,
    /// The service.
    pub service_id: String,
    /// Who asks, and is the order's consumer or payer.
    pub buyer: Address,
}

/// What the chain says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalOrder {
    /// The transaction of the order itself, also where the buyer names a reuse.
    pub original_tx: B256,
    /// The service's index that the order names.
    pub service_index: u64,
    /// For whom it was ordered.
    pub consumer: Address,
    /// Who paid.
    pub payer: Address,
    /// Our address, to which the fee went.
    pub provider: Address,
    /// When it was ordered, or reused: seconds since the epoch.
    pub ordered_at: u64,
    /// Until when the fee is good: seconds since the epoch, 0 for ever.
    pub fee_valid_until: u64,
}

impl FinalOrder {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            original_tx: row.get(0)?,
            service_index: row.get(1)?,
            consumer: row.get(2)?,
            payer: row.get(3)?,
            provider: row.get(4)?,
            ordered_at: row.get(5)?,
            fee_valid_until: row.get(6)?,
        })
    }
}

/// The order that this buyer means, if it is known to be final.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_order(s: &mut Session<'_>, key: &OrderKey) -> Result<Option<FinalOrder>, DbError> {
    let params = [
        key.chain_id.into(),
        key.tx.into(),
        key.datatoken.into(),
        key.service_id.as_str().into(),
        key.buyer.into(),
    ];
    s.query_opt(FIND, &params).await?.as_ref().map(FinalOrder::from_row).transpose()
}

/// Records a final order. One that is recorded already stays as it is.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_order(s: &mut Session<'_>, key: &OrderKey, order: &FinalOrder) -> Result<(), DbError> {
    let params = [
        key.chain_id.into(),
        key.tx.into(),
        key.datatoken.into(),
        key.service_id.as_str().into(),
        key.buyer.into(),
        order.original_tx.into(),
        order.service_index.into(),
        order.consumer.into(),
        order.payer.into(),
        order.provider.into(),
        order.ordered_at.into(),
        order.fee_valid_until.into(),
    ];
    s.execute(INSERT, &params).await.map(drop)
}

//! Signed receipts of downloads. What is in a receipt, and who signs it, is decided in the house.

use tidegate_ocean::{Address, B256};

use crate::clock::Timestamp;

use super::statements::statements;
use super::{DbError, ReceiptId, Row, Session};

statements! {
    INSERT = "INSERT INTO receipts (chain_id, order_tx, consumer, document, signature, created_at)
              VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    LIST = "SELECT id, chain_id, order_tx, consumer, document, signature, created_at FROM receipts
            WHERE id > $1 ORDER BY id LIMIT $2";
    LIST_OF_ORDER = "SELECT id, chain_id, order_tx, consumer, document, signature, created_at FROM receipts
                     WHERE chain_id = $1 AND order_tx = $2 AND id > $3 ORDER BY id LIMIT $4";
    LIST_OF_CONSUMER = "SELECT id, chain_id, order_tx, consumer, document, signature, created_at FROM receipts
                        WHERE consumer = $1 AND id > $2 ORDER BY id LIMIT $3";
}

/// A receipt to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// The chain of the order.
    pub chain_id: u64,
    /// The order's own transaction.
    pub order_tx: B256,
    /// Who downloaded.
    pub consumer: Address,
    /// The text that was signed.
    pub document: String,
    /// The signature over it: 65 bytes.
    pub signature: Vec<u8>,
    /// When it was signed.
    pub created_at: Timestamp,
}

/// A receipt that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its id; higher means kept later.
    pub id: ReceiptId,
    /// What was kept.
    pub receipt: NewReceipt,
}

impl Receipt {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            receipt: NewReceipt {
                chain_id: row.get(1)?,
                order_tx: row.get(2)?,
                consumer: row.get(3)?,
                document: row.get(4)?,
                signature: row.get(5)?,
                created_at: row.get(6)?,
            },
        })
    }
}

/// Keeps a receipt.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_receipt(s: &mut Session<'_>, receipt: &NewReceipt) -> Result<ReceiptId, DbError> {
    let params = [
        receipt.chain_id.into(),
        receipt.order_tx.into(),
        receipt.consumer.into(),
        receipt.document.as_str().into(),
        receipt.signature.as_slice().into(),
        receipt.created_at.into(),
    ];
    s.query_one(INSERT, &params).await?.get(0)
}

/// Up to `limit` receipts kept after `after`, oldest first. Start with `ReceiptId(0)`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn receipts_after(
    s: &mut Session<'_>,
    after: ReceiptId,
    limit: u32,
) -> Result<Vec<Receipt>, DbError> {
    let rows = s.query(LIST, &[after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(Receipt::from_row).collect()
}

/// [`receipts_after`] for the downloads that one order paid for.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn receipts_of_order(
    s: &mut Session<'_>,
    chain_id: u64,
    order_tx: B256,
    after: ReceiptId,
    limit: u32,
) -> Result<Vec<Receipt>, DbError> {
    let params = [chain_id.into(), order_tx.into(), after.into(), i64::from(limit).into()];
    s.query(LIST_OF_ORDER, &params).await?.iter().map(Receipt::from_row).collect()
}

/// [`receipts_after`] for what one address has downloaded.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn receipts_of_consumer(
    s: &mut Session<'_>,
    consumer: Address,
    after: ReceiptId,
    limit: u32,
) -> Result<Vec<Receipt>, DbError> {
    let params = [consumer.into(), after.into(), i64::from(limit).into()];
    s.query(LIST_OF_CONSUMER, &params).await?.iter().map(Receipt::from_row).collect()
}

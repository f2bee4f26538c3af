//! Signed receipts of downloads. What is in a receipt, and who signs it, is decided in the house.

use tidegate_ocean::{Address, B256};

use crate::clock::Timestamp;

use super::orders::Whose;
use super::statements::statements;
use super::{DbError, ReceiptId, Row, Session, Value};

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, chain_id, order_tx, consumer, document, signature, created_at, did, seller, proof_tx,
             (SELECT name FROM assets WHERE assets.did = receipts.did ORDER BY id LIMIT 1) FROM receipts ",
            $rest
        )
    };
}

macro_rules! insert {
    ($rest:literal) => {
        concat!(
            "INSERT INTO receipts (chain_id, order_tx, consumer, document, signature, created_at, did, seller)
             VALUES ($1, $2, $3, $4, $5, $6, $7,
                     (SELECT owner FROM assets WHERE did = $7 AND owner IS NOT NULL ORDER BY id LIMIT 1))",
            $rest
        )
    };
}

statements! {
    INSERT = insert!("");
    INSERT_AND_TELL = insert!(" RETURNING id");
    SET_PROOF = "UPDATE receipts SET proof_tx = $1 WHERE id = $2";
    FIND = columns!("WHERE id = $1");
    LIST = columns!("WHERE id > $1 ORDER BY id LIMIT $2");
    LIST_OF_ORDER = columns!("WHERE chain_id = $1 AND order_tx = $2 AND id > $3 ORDER BY id LIMIT $4");
    LIST_OF_CONSUMER = columns!("WHERE consumer = $1 AND id > $2 ORDER BY id LIMIT $3");
    BEFORE = columns!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
    BEFORE_OF_ASSET = columns!("WHERE did = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    BEFORE_OF_CONSUMER = columns!("WHERE consumer = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    BEFORE_OF_CONSUMER_AND_ASSET = columns!("WHERE consumer = $1 AND did = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
    BEFORE_OF_SELLER = columns!("WHERE seller = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    BEFORE_OF_SELLER_AND_ASSET = columns!("WHERE seller = $1 AND did = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
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
    /// The asset. Nothing where a receipt of old has another form.
    pub did: Option<String>,
}

/// A receipt that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its id; higher means kept later.
    pub id: ReceiptId,
    /// What was kept.
    pub receipt: NewReceipt,
    /// Who owned the asset's data NFT, once that is known.
    pub seller: Option<Address>,
    /// The transaction in which the datatoken's contract took a proof of the delivery.
    pub proof_tx: Option<B256>,
    /// What the asset is called.
    pub asset_name: Option<String>,
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
                did: row.get(7)?,
            },
            seller: row.get(8)?,
            proof_tx: row.get(9)?,
            asset_name: row.get(10)?,
        })
    }
}

/// Keeps a receipt.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_receipt(s: &mut Session<'_>, receipt: &NewReceipt) -> Result<ReceiptId, DbError> {
    s.query_one(INSERT_AND_TELL, &params(receipt)).await?.get(0)
}

/// Keeps a receipt whose id nobody asks for. That costs SQLite less: what a statement returns is a table to it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn keep_receipt(s: &mut Session<'_>, receipt: &NewReceipt) -> Result<(), DbError> {
    s.execute(INSERT, &params(receipt)).await.map(drop)
}

fn params(receipt: &NewReceipt) -> [Value; 7] {
    [
        receipt.chain_id.into(),
        receipt.order_tx.into(),
        receipt.consumer.into(),
        receipt.document.as_str().into(),
        receipt.signature.as_slice().into(),
        receipt.created_at.into(),
        receipt.did.as_deref().into(),
    ]
}

/// Records the transaction with a proof of what the receipt says.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_proof(s: &mut Session<'_>, id: ReceiptId, tx: B256) -> Result<(), DbError> {
    s.execute(SET_PROOF, &[tx.into(), id.into()]).await.map(drop)
}

/// The receipt with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_receipt(s: &mut Session<'_>, id: ReceiptId) -> Result<Option<Receipt>, DbError> {
    s.query_opt(FIND, &[id.into()]).await?.as_ref().map(Receipt::from_row).transpose()
}

/// Up to `limit` receipts kept before `before`, the newest first, of one asset if `did` names one. Start with [`ReceiptId::LAST`].
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn receipts_before(
    s: &mut Session<'_>,
    whose: Whose,
    did: Option<&str>,
    before: ReceiptId,
    limit: u32,
) -> Result<Vec<Receipt>, DbError> {
    let limit = i64::from(limit).into();
    let rows = match (whose, did) {
        (Whose::All, None) => s.query(BEFORE, &[before.into(), limit]).await?,
        (Whose::All, Some(did)) => s.query(BEFORE_OF_ASSET, &[did.into(), before.into(), limit]).await?,
        (Whose::Buyer(buyer), None) => {
            s.query(BEFORE_OF_CONSUMER, &[buyer.into(), before.into(), limit]).await?
        }
        (Whose::Buyer(buyer), Some(did)) => {
            s.query(BEFORE_OF_CONSUMER_AND_ASSET, &[buyer.into(), did.into(), before.into(), limit]).await?
        }
        (Whose::Seller(seller), None) => {
            s.query(BEFORE_OF_SELLER, &[seller.into(), before.into(), limit]).await?
        }
        (Whose::Seller(seller), Some(did)) => {
            s.query(BEFORE_OF_SELLER_AND_ASSET, &[seller.into(), did.into(), before.into(), limit]).await?
        }
    };
    rows.iter().map(Receipt::from_row).collect()
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

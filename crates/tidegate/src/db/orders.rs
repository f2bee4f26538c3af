//! Orders that are final: what the chain said about them once, and will say for ever. Whether one still pays for a download
//! (its age, the service's timeout) is decided in the house.

use tidegate_ocean::{Address, B256, U256};

use super::statements::statements;
use super::{DbError, OrderId, Row, Session};

/// Downloads of one order are counted up to here.
pub const MOST_USES: u64 = 100;

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until, amount, did, timeout,
             id, chain_id, tx, datatoken, service_id, buyer, seller,
             (SELECT name FROM assets WHERE assets.did = orders.did ORDER BY id LIMIT 1),
             (SELECT count(*) FROM (SELECT 1 FROM receipts
              WHERE receipts.chain_id = orders.chain_id AND receipts.order_tx = orders.original_tx LIMIT 100) AS used)
             FROM orders ",
            $rest
        )
    };
}

statements! {
    FIND = "SELECT original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until, amount, did, timeout FROM orders
            WHERE chain_id = $1 AND tx = $2 AND datatoken = $3 AND service_id = $4 AND buyer = $5";
    INSERT = "INSERT INTO orders (chain_id, tx, datatoken, service_id, buyer,
                                  original_tx, service_index, consumer, payer, provider, ordered_at, fee_valid_until,
                                  amount, did, timeout, seller)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                      (SELECT owner FROM assets WHERE did = $14 AND owner IS NOT NULL ORDER BY id LIMIT 1))
              ON CONFLICT (chain_id, tx, datatoken, service_id, buyer) DO NOTHING";
    LIST = columns!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
    LIST_OF_BUYER = columns!("WHERE buyer = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    LIST_OF_SELLER = columns!("WHERE seller = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
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

/// What the chain says about an order, and what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How much of the datatoken was paid, in its smallest unit; nothing in what was recorded before it was kept, as below.
    pub amount: Option<U256>,
    /// The asset.
    pub did: Option<String>,
    /// For how many seconds the service's orders were good then, 0 for ever.
    pub timeout: Option<u64>,
}

/// An order as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// Its id; higher means final later.
    pub id: OrderId,
    /// What its buyer names.
    pub key: OrderKey,
    /// What the chain says about it.
    pub order: FinalOrder,
    /// Who owned the asset's data NFT.
    pub seller: Option<Address>,
    /// What the asset is called.
    pub asset_name: Option<String>,
    /// Downloads that it paid for; [`MOST_USES`] may be more.
    pub uses: u64,
}

/// Whose orders or receipts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those of this buyer.
    Buyer(Address),
    /// Those of this seller.
    Seller(Address),
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
            amount: row.get(7)?,
            did: row.get(8)?,
            timeout: row.get(9)?,
        })
    }
}

impl ListedOrder {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(10)?,
            key: OrderKey {
                chain_id: row.get(11)?,
                tx: row.get(12)?,
                datatoken: row.get(13)?,
                service_id: row.get(14)?,
                buyer: row.get(15)?,
            },
            order: FinalOrder::from_row(row)?,
            seller: row.get(16)?,
            asset_name: row.get(17)?,
            uses: row.get(18)?,
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
        order.amount.into(),
        order.did.as_deref().into(),
        order.timeout.into(),
    ];
    s.execute(INSERT, &params).await.map(drop)
}

/// Up to `limit` orders that became final before `before`, the newest first. Start with [`OrderId::LAST`].
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn orders_before(
    s: &mut Session<'_>,
    whose: Whose,
    before: OrderId,
    limit: u32,
) -> Result<Vec<ListedOrder>, DbError> {
    let limit = i64::from(limit).into();
    let rows = match whose {
        Whose::All => s.query(LIST, &[before.into(), limit]).await?,
        Whose::Buyer(buyer) => s.query(LIST_OF_BUYER, &[buyer.into(), before.into(), limit]).await?,
        Whose::Seller(seller) => s.query(LIST_OF_SELLER, &[seller.into(), before.into(), limit]).await?,
    };
    rows.iter().map(ListedOrder::from_row).collect()
}

//! Services of assets that were asked for or delivered, and how often. Who may see which is decided in the house.

use tidegate_ocean::Address;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AssetId, DbError, Row, Session};

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, did, service_id, chain_id, name, nft, owner, root, asked_at, downloads, bytes, downloaded_at FROM assets ",
            $rest
        )
    };
}

statements! {
    // What is not known now (no node answers) stays as it was.
    NOTE = "INSERT INTO assets (did, service_id, chain_id, name, nft, owner, root, asked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (did, service_id) DO UPDATE SET name = excluded.name, nft = excluded.nft,
                owner = COALESCE(excluded.owner, assets.owner), root = excluded.root, asked_at = excluded.asked_at";
    IS_NOTED = "SELECT 1 FROM assets WHERE did = $1 AND service_id = $2";
    NEWEST = "SELECT COALESCE(max(id), 0) FROM assets";
    SELLER_OF_RECEIPTS = "UPDATE receipts SET seller = $1 WHERE did = $2 AND seller IS NULL";
    SELLER_OF_ORDERS = "UPDATE orders SET seller = $1 WHERE did = $2 AND seller IS NULL";
    COUNT = "INSERT INTO assets (did, service_id, chain_id, name, asked_at, downloads, bytes, downloaded_at)
             VALUES ($1, $2, $3, '', $4, $5, $6, $4)
             ON CONFLICT (did, service_id) DO UPDATE SET downloads = assets.downloads + excluded.downloads,
                 bytes = assets.bytes + excluded.bytes, downloaded_at = excluded.downloaded_at";
    LIST = columns!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
    LIST_OF_OWNER = columns!("WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
}

/// What is known of a service of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAsset {
    /// The asset.
    pub did: String,
    /// The service.
    pub service_id: String,
    /// The asset's chain.
    pub chain_id: u64,
    /// What its publisher calls it; may be empty.
    pub name: String,
    /// Its data NFT.
    pub nft: Option<Address>,
    /// Who owns that, if it is known.
    pub owner: Option<Address>,
    /// The root of the content that is sold, if that is content of the IPFS.
    pub root: Option<String>,
    /// When somebody asked for it.
    pub asked_at: Timestamp,
}

/// A service of an asset, and how often it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id; higher means known later.
    pub id: AssetId,
    /// What it is.
    pub asset: NewAsset,
    /// Whole answers to downloads.
    pub downloads: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// When the last one ended.
    pub downloaded_at: Option<Timestamp>,
}

/// Downloads to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The chain.
    pub chain_id: u64,
    /// How many.
    pub downloads: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// When the last one ended.
    pub at: Timestamp,
}

impl Asset {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            asset: NewAsset {
                did: row.get(1)?,
                service_id: row.get(2)?,
                chain_id: row.get(3)?,
                name: row.get(4)?,
                nft: row.get(5)?,
                owner: row.get(6)?,
                root: row.get(7)?,
                asked_at: row.get(8)?,
            },
            downloads: row.get(9)?,
            bytes: row.get(10)?,
            downloaded_at: row.get(11)?,
        })
    }
}

/// Notes what is known of a service, and who sells it in receipts and orders that lack it. When `most` were ever noted, no new one is.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note_asset(s: &mut Session<'_>, asset: &NewAsset, most: i64) -> Result<(), DbError> {
    let key = [asset.did.as_str().into(), asset.service_id.as_str().into()];
    if s.query_opt(IS_NOTED, &key).await?.is_none() && s.query_one(NEWEST, &[]).await?.get::<i64>(0)? >= most
    {
        return Ok(());
    }
    let params = [
        asset.did.as_str().into(),
        asset.service_id.as_str().into(),
        asset.chain_id.into(),
        asset.name.as_str().into(),
        asset.nft.into(),
        asset.owner.into(),
        asset.root.as_deref().into(),
        asset.asked_at.into(),
    ];
    s.execute(NOTE, &params).await?;
    if let Some(owner) = asset.owner {
        let params = [owner.into(), asset.did.as_str().into()];
        s.execute(SELLER_OF_RECEIPTS, &params).await?;
        s.execute(SELLER_OF_ORDERS, &params).await?;
    }
    Ok(())
}

/// Counts downloads of a service. Those who count several in one transaction do so in order of `did` and `service_id`, or two of
/// them may wait for each other.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_downloads(
    s: &mut Session<'_>,
    did: &str,
    service_id: &str,
    delivered: &Delivered,
) -> Result<(), DbError> {
    let params = [
        did.into(),
        service_id.into(),
        delivered.chain_id.into(),
        delivered.at.into(),
        delivered.downloads.into(),
        delivered.bytes.into(),
    ];
    s.execute(COUNT, &params).await.map(drop)
}

/// Up to `limit` assets noted before `before`, the newest first: all, or those of one owner. Start with [`AssetId::LAST`].
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn assets_before(
    s: &mut Session<'_>,
    owner: Option<Address>,
    before: AssetId,
    limit: u32,
) -> Result<Vec<Asset>, DbError> {
    let limit = i64::from(limit).into();
    let rows = match owner {
        Some(owner) => s.query(LIST_OF_OWNER, &[owner.into(), before.into(), limit]).await?,
        None => s.query(LIST, &[before.into(), limit]).await?,
    };
    rows.iter().map(Asset::from_row).collect()
}

//! Links that take uploads without a key. Whether one may be made or used is decided in the house.

use crate::clock::Timestamp;

use super::pins::Visibility;
use super::statements::statements;
use super::{AccountId, DbError, Row, Session, TokenHash};

/// The columns of an [`UploadLink`] in its order.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, account_id, key_id, created_at, expires_at, max_uses, uses, max_size, cid, profile, name, visibility
             FROM upload_links ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO upload_links (id, account_id, key_id, token_hash, created_at, expires_at, max_uses, max_size, cid, profile,
                                        name, visibility)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    FIND = select!("WHERE account_id = $1 AND id = $2");
    FIND_BY_TOKEN = select!("WHERE token_hash = $1");
    LIST = select!("WHERE account_id = $1 AND id < $2 AND key_id = COALESCE($3, key_id) ORDER BY id DESC LIMIT $4");
    COUNT_LIVE = "SELECT count(*) FROM upload_links WHERE account_id = $1 AND expires_at > $2";
    DELETE = "DELETE FROM upload_links WHERE account_id = $1 AND id = $2 AND key_id = COALESCE($3, key_id)";
    PURGE = "DELETE FROM upload_links WHERE expires_at <= $1";
    // One statement, so that two at once cannot both have the last use.
    SPEND_USE = "UPDATE upload_links SET uses = uses + 1 WHERE id = $1 AND uses < max_uses AND expires_at > $2
                 AND EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = upload_links.key_id AND revoked_at IS NULL
                             AND (api_keys.expires_at IS NULL OR api_keys.expires_at > $2))";
}

/// A link that takes uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// A UUID; later ones sort behind.
    pub id: String,
    /// Whose pins its uploads become.
    pub account: AccountId,
    /// The id of the API key that made it, without which it is not good.
    pub key: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it takes nothing.
    pub expires_at: Timestamp,
    /// How many uploads it takes.
    pub max_uses: u64,
    /// How many it has taken.
    pub uses: u64,
    /// Bytes of content in one upload.
    pub max_size: Option<u64>,
    /// The CID that the content must have, as it was given.
    pub cid: Option<String>,
    /// The name of the import that decides the CID, where somebody has said.
    pub profile: Option<String>,
    /// What the pin is called, whatever the file is called.
    pub name: Option<String>,
    /// Who may read the content.
    pub visibility: Option<Visibility>,
}

impl UploadLink {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            key: row.get(2)?,
            created_at: row.get(3)?,
            expires_at: row.get(4)?,
            max_uses: row.get(5)?,
            uses: row.get(6)?,
            max_size: row.get(7)?,
            cid: row.get(8)?,
            profile: row.get(9)?,
            name: row.get(10)?,
            visibility: row.get(11)?,
        })
    }
}

/// Adds a link, which has no uses yet.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_link(s: &mut Session<'_>, link: &UploadLink, token: &TokenHash) -> Result<(), DbError> {
    let params = [
        link.id.as_str().into(),
        link.account.into(),
        link.key.as_str().into(),
        token.as_slice().into(),
        link.created_at.into(),
        link.expires_at.into(),
        link.max_uses.into(),
        link.max_size.into(),
        link.cid.as_deref().into(),
        link.profile.as_deref().into(),
        link.name.as_deref().into(),
        link.visibility.map(Visibility::as_str).into(),
    ];
    s.execute(INSERT, &params).await.map(drop)
}

/// The account's link with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_link(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
) -> Result<Option<UploadLink>, DbError> {
    s.query_opt(FIND, &[account.into(), id.into()]).await?.as_ref().map(UploadLink::from_row).transpose()
}

/// The link with this token.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_link_by_token(
    s: &mut Session<'_>,
    token: &TokenHash,
) -> Result<Option<UploadLink>, DbError> {
    let row = s.query_opt(FIND_BY_TOKEN, &[token.as_slice().into()]).await?;
    row.as_ref().map(UploadLink::from_row).transpose()
}

/// Up to `limit` of the account's links whose ids come before `before`, newest first; only those that `key` made, where one is given.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_links(
    s: &mut Session<'_>,
    account: AccountId,
    key: Option<&str>,
    before: &str,
    limit: u32,
) -> Result<Vec<UploadLink>, DbError> {
    let params = [account.into(), before.into(), key.into(), i64::from(limit).into()];
    s.query(LIST, &params).await?.iter().map(UploadLink::from_row).collect()
}

/// How many of the account's links have not expired.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_live_links(
    s: &mut Session<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<u64, DbError> {
    s.query_one(COUNT_LIVE, &[account.into(), now.into()]).await?.get(0)
}

/// Removes one of the account's links, if `key` made it where one is given; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_link(
    s: &mut Session<'_>,
    account: AccountId,
    key: Option<&str>,
    id: &str,
) -> Result<bool, DbError> {
    Ok(s.execute(DELETE, &[account.into(), id.into(), key.into()]).await? == 1)
}

/// Removes all links that expired by `cutoff`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn purge_links(s: &mut Session<'_>, cutoff: Timestamp) -> Result<(), DbError> {
    s.execute(PURGE, &[cutoff.into()]).await.map(drop)
}

/// Takes one of the link's uses, in the transaction of the pin; false when none is left, or the link or its key is not good any more.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn spend_use(s: &mut Session<'_>, id: &str, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(SPEND_USE, &[id.into(), now.into()]).await? == 1)
}

//! Uploads that go on after a break, and what became of them. Their bytes are in files (`uploads/`).

use crate::clock::Timestamp;

use super::statements::statements;
use super::value::{FromValue, Value};
use super::{AccountId, DbError, Row, Session};

/// The columns of a [`StoredUpload`] in its order.
macro_rules! columns {
    ($before:expr, $rest:expr) => {
        concat!(
            $before,
            " id, account_id, key_id, node, length, metadata, wish, state, outcome, created_at, expires_at ",
            $rest
        )
    };
}

statements! {
    INSERT = columns!("INSERT INTO uploads (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', NULL, $8, $9)");
    FIND = columns!("SELECT", "FROM uploads WHERE account_id = $1 AND id = $2");
    OF_NODE = columns!("SELECT", "FROM uploads WHERE node = $1 AND id > $2 ORDER BY id LIMIT $3");
    EXPIRED = columns!("SELECT", "FROM uploads WHERE node = $1 AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3");
    PROMISED = "SELECT count(*), CAST(COALESCE(sum(length), 0) AS BIGINT) FROM uploads
                WHERE account_id = $1 AND state = 'open'";
    SET_LENGTH = "UPDATE uploads SET length = $1 WHERE id = $2 AND length IS NULL";
    SET_WISH = "UPDATE uploads SET wish = $1 WHERE id = $2 AND state = 'open'";
    PROLONG = "UPDATE uploads SET expires_at = $1 WHERE id = $2";
    END = "UPDATE uploads SET state = $1, outcome = $2, expires_at = $3 WHERE id = $4";
    DELETE = "DELETE FROM uploads WHERE id = $1";
    DELETE_EXPIRED = "DELETE FROM uploads WHERE id = $1 AND expires_at <= $2";
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// Its bytes come, or are here and wait.
    Open,
    /// It became a pin.
    Pinned,
    /// It can never become one.
    Failed,
}

impl UploadState {
    const ALL: [Self; 3] = [Self::Open, Self::Pinned, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pinned => "pinned",
            Self::Failed => "failed",
        }
    }
}

impl FromValue for UploadState {
    fn from_value(value: &Value) -> Option<Self> {
        let text = String::from_value(value)?;
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// An upload to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Its id, which nobody can guess.
    pub id: String,
    /// Who uploads.
    pub account: AccountId,
    /// The id of the API key they came with.
    pub key: String,
    /// Whose folder its bytes are in.
    pub node: String,
    /// Bytes of the whole, if the client knows.
    pub length: Option<u64>,
    /// What the client said about it, as it was said.
    pub metadata: String,
    /// The same as it was understood: JSON.
    pub wish: String,
}

/// A recorded upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUpload {
    /// What was recorded.
    pub upload: NewUpload,
    /// How far it is.
    pub state: UploadState,
    /// What became of it: JSON.
    pub outcome: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is forgotten, unless something happens before.
    pub expires_at: Timestamp,
}

impl StoredUpload {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            upload: NewUpload {
                id: row.get(0)?,
                account: row.get(1)?,
                key: row.get(2)?,
                node: row.get(3)?,
                length: row.get(4)?,
                metadata: row.get(5)?,
                wish: row.get(6)?,
            },
            state: row.get(7)?,
            outcome: row.get(8)?,
            created_at: row.get(9)?,
            expires_at: row.get(10)?,
        })
    }
}

/// What an account has announced and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promised {
    /// Uploads.
    pub uploads: u64,
    /// Bytes of those whose length is known.
    pub bytes: u64,
}

/// Records an upload that begins.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_upload(
    s: &mut Session<'_>,
    upload: &NewUpload,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    let params = [
        upload.id.as_str().into(),
        upload.account.into(),
        upload.key.as_str().into(),
        upload.node.as_str().into(),
        upload.length.into(),
        upload.metadata.as_str().into(),
        upload.wish.as_str().into(),
        now.into(),
        expires_at.into(),
    ];
    s.execute(INSERT, &params).await.map(drop)
}

/// The account's upload with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_upload(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
) -> Result<Option<StoredUpload>, DbError> {
    s.query_opt(FIND, &[account.into(), id.into()]).await?.as_ref().map(StoredUpload::from_row).transpose()
}

/// Up to `limit` uploads of a node whose ids come after `after`, in order of id. Start with nothing.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn uploads_of_node(
    s: &mut Session<'_>,
    node: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<StoredUpload>, DbError> {
    let rows = s.query(OF_NODE, &[node.into(), after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(StoredUpload::from_row).collect()
}

/// Up to `limit` uploads of a node that are over by `now`, the longest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn expired_uploads(
    s: &mut Session<'_>,
    node: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<StoredUpload>, DbError> {
    let rows = s.query(EXPIRED, &[node.into(), now.into(), i64::from(limit).into()]).await?;
    rows.iter().map(StoredUpload::from_row).collect()
}

/// What an account has announced and not ended.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn promised(s: &mut Session<'_>, account: AccountId) -> Result<Promised, DbError> {
    let row = s.query_one(PROMISED, &[account.into()]).await?;
    Ok(Promised { uploads: row.get(0)?, bytes: row.get(1)? })
}

/// Says how long an upload is of which that was not known; false when it was.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_upload_length(s: &mut Session<'_>, id: &str, length: u64) -> Result<bool, DbError> {
    Ok(s.execute(SET_LENGTH, &[length.into(), id.into()]).await? == 1)
}

/// Says what is to become of an upload that has not ended; false when it has.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_upload_wish(s: &mut Session<'_>, id: &str, wish: &str) -> Result<bool, DbError> {
    Ok(s.execute(SET_WISH, &[wish.into(), id.into()]).await? == 1)
}

/// Gives an upload more time.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn prolong_upload(s: &mut Session<'_>, id: &str, expires_at: Timestamp) -> Result<(), DbError> {
    s.execute(PROLONG, &[expires_at.into(), id.into()]).await.map(drop)
}

/// Writes down what became of an upload; false when it is not there any more.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_upload(
    s: &mut Session<'_>,
    id: &str,
    state: UploadState,
    outcome: &str,
    expires_at: Timestamp,
) -> Result<bool, DbError> {
    let params = [state.as_str().into(), outcome.into(), expires_at.into(), id.into()];
    Ok(s.execute(END, &params).await? == 1)
}

/// Forgets an upload; false when it is not there.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_upload(s: &mut Session<'_>, id: &str) -> Result<bool, DbError> {
    Ok(s.execute(DELETE, &[id.into()]).await? == 1)
}

/// Forgets an upload that is over by `now`; false when it is not, or not there.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_expired_upload(s: &mut Session<'_>, id: &str, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(DELETE_EXPIRED, &[id.into(), now.into()]).await? == 1)
}

//! The Endpoints of this Cloud, and the invitations by which new ones come. Secrets and tokens are known by their hashes alone.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{DbError, EndpointId, Row, Session};

/// The columns of an [`Endpoint`] in its order.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, name, url, version, free_bytes, registered_at, seen_at, removed_at FROM endpoints ",
            $rest
        )
    };
}

statements! {
    INSERT_INVITE = "INSERT INTO endpoint_invites (token_hash, name, expires_at) VALUES ($1, $2, $3)";
    FIND_INVITE = "SELECT name, expires_at, endpoint_id FROM endpoint_invites WHERE token_hash = $1";
    USE_INVITE = "UPDATE endpoint_invites SET endpoint_id = $1
                  WHERE token_hash = $2 AND endpoint_id IS NULL AND expires_at > $3";
    INSERT = "INSERT INTO endpoints (name, url, version, secret_hash, free_bytes, registered_at, seen_at)
              VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id";
    BY_SECRET = select!("WHERE secret_hash = $1");
    LIST = select!("WHERE removed_at IS NULL ORDER BY id LIMIT $1");
    LIVE = select!("WHERE removed_at IS NULL AND seen_at >= $1 ORDER BY id LIMIT $2");
    // Also the lock by which the messages of one Endpoint follow one another.
    BEGIN_BATCH = "UPDATE endpoints SET batch = $1, url = $2, version = $3, free_bytes = $4, seen_at = $5
                   WHERE id = $6 AND batch < $1 AND removed_at IS NULL";
    LAST_BATCH = "SELECT batch FROM endpoints WHERE id = $1";
    REMOVE = "UPDATE endpoints SET removed_at = $1 WHERE id = $2 AND removed_at IS NULL";
    HOLDER = "SELECT endpoints.url FROM pins JOIN jobs ON jobs.pin_id = pins.id
              JOIN endpoints ON endpoints.id = jobs.endpoint_id
              WHERE pins.root = $1 AND pins.visibility = 'public' AND endpoints.removed_at IS NULL AND endpoints.seen_at >= $2
              ORDER BY endpoints.id LIMIT 1";
}

/// Endpoints that are listed.
const MAX_LISTED: i64 = 1000;

/// An Endpoint as this Cloud knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id, never given to another.
    pub id: EndpointId,
    /// Its name, for people.
    pub name: String,
    /// What it said of itself last.
    pub says: SelfPortrait,
    /// When it joined.
    pub registered_at: Timestamp,
    /// When it was last heard of.
    pub seen_at: Timestamp,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
}

/// What an Endpoint says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfPortrait {
    /// The address under which clients reach it, without a slash at the end.
    pub url: String,
    /// The version of its program.
    pub version: String,
    /// Bytes of content that it has room for.
    pub free_bytes: u64,
}

/// A one-time token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The name for the Endpoint that comes with it.
    pub name: String,
    /// From this moment on it is refused.
    pub expires_at: Timestamp,
    /// Who has come with it.
    pub used_by: Option<EndpointId>,
}

impl Endpoint {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            says: SelfPortrait { url: row.get(2)?, version: row.get(3)?, free_bytes: row.get(4)? },
            registered_at: row.get(5)?,
            seen_at: row.get(6)?,
            removed_at: row.get(7)?,
        })
    }
}

/// Keeps an invitation.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_invite(
    s: &mut Session<'_>,
    token_hash: &[u8],
    name: &str,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    s.execute(INSERT_INVITE, &[token_hash.into(), name.into(), expires_at.into()]).await.map(drop)
}

/// The invitation with this token, used or not.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_invite(s: &mut Session<'_>, token_hash: &[u8]) -> Result<Option<Invite>, DbError> {
    let row = s.query_opt(FIND_INVITE, &[token_hash.into()]).await?;
    row.map(|row| Ok(Invite { name: row.get(0)?, expires_at: row.get(1)?, used_by: row.get(2)? })).transpose()
}

/// Uses an invitation up, for `endpoint`; false when it was used before or is over.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn use_invite(
    s: &mut Session<'_>,
    token_hash: &[u8],
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(USE_INVITE, &[endpoint.into(), token_hash.into(), now.into()]).await? == 1)
}

/// Adds an Endpoint.
///
/// # Errors
///
/// [`DbError`] of the engine, also when another one has this secret.
pub async fn insert_endpoint(
    s: &mut Session<'_>,
    name: &str,
    says: &SelfPortrait,
    secret_hash: &[u8],
    now: Timestamp,
) -> Result<EndpointId, DbError> {
    let params = [
        name.into(),
        says.url.as_str().into(),
        says.version.as_str().into(),
        secret_hash.into(),
        says.free_bytes.into(),
        now.into(),
    ];
    s.query_one(INSERT, &params).await?.get(0)
}

/// Whose secret this is; also of one that was removed.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_by_secret(s: &mut Session<'_>, secret_hash: &[u8]) -> Result<Option<Endpoint>, DbError> {
    s.query_opt(BY_SECRET, &[secret_hash.into()]).await?.as_ref().map(Endpoint::from_row).transpose()
}

/// All Endpoints that were not removed, in order of id; at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_endpoints(s: &mut Session<'_>) -> Result<Vec<Endpoint>, DbError> {
    s.query(LIST, &[MAX_LISTED.into()]).await?.iter().map(Endpoint::from_row).collect()
}

/// Those of them that were heard of at `since` or later.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn live_endpoints(s: &mut Session<'_>, since: Timestamp) -> Result<Vec<Endpoint>, DbError> {
    s.query(LIVE, &[since.into(), MAX_LISTED.into()]).await?.iter().map(Endpoint::from_row).collect()
}

/// A message has come from an Endpoint. False when a later one was taken in before, or the Endpoint was removed: then nothing of
/// it may count. Further messages of this Endpoint wait until the transaction ends.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn begin_batch(
    s: &mut Session<'_>,
    id: EndpointId,
    batch: u64,
    says: &SelfPortrait,
    now: Timestamp,
) -> Result<bool, DbError> {
    let params = [
        batch.into(),
        says.url.as_str().into(),
        says.version.as_str().into(),
        says.free_bytes.into(),
        now.into(),
        id.into(),
    ];
    Ok(s.execute(BEGIN_BATCH, &params).await? == 1)
}

/// The number of the last message that was taken in.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn last_batch(s: &mut Session<'_>, id: EndpointId) -> Result<u64, DbError> {
    s.query_one(LAST_BATCH, &[id.into()]).await?.get(0)
}

/// Removes an Endpoint; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn remove_endpoint(s: &mut Session<'_>, id: EndpointId, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(REMOVE, &[now.into(), id.into()]).await? == 1)
}

/// The address of an Endpoint that holds this root for everybody and was heard of at `since` or later.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn live_holder(
    s: &mut Session<'_>,
    root: &str,
    since: Timestamp,
) -> Result<Option<String>, DbError> {
    s.query_opt(HOLDER, &[root.into(), since.into()]).await?.map(|row| row.get(0)).transpose()
}

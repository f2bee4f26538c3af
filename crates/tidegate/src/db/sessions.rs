//! People who are signed in at the panel. How long a session lasts is decided in the house.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Row, Session, TokenHash};

statements! {
    INSERT = "INSERT INTO sessions (token_hash, id, account_id, created_at, used_at, address, agent)
              VALUES ($1, $2, $3, $4, $4, $5, $6)";
    FIND = "SELECT sessions.id, account_id, sessions.created_at, used_at, address, agent, email, is_admin
            FROM sessions JOIN accounts ON accounts.id = account_id WHERE token_hash = $1";
    LIST = "SELECT sessions.id, account_id, sessions.created_at, used_at, address, agent, email, is_admin
            FROM sessions JOIN accounts ON accounts.id = account_id
            WHERE account_id = $1 ORDER BY used_at DESC, sessions.id LIMIT $2";
    TOUCH = "UPDATE sessions SET used_at = $1 WHERE token_hash = $2";
    END = "DELETE FROM sessions WHERE account_id = $1 AND id = $2";
    END_OTHERS = "DELETE FROM sessions WHERE account_id = $1 AND id <> $2";
    END_OLDEST = "DELETE FROM sessions WHERE account_id = $1 AND id IN
                  (SELECT id FROM sessions WHERE account_id = $1 ORDER BY used_at DESC, id LIMIT 1000 OFFSET $2)";
    PURGE = "DELETE FROM sessions WHERE created_at <= $1";
}

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// What may be shown of the session.
    pub id: String,
    /// Who.
    pub account: AccountId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last seen, give or take a minute.
    pub used_at: Timestamp,
    /// The address they signed in from.
    pub address: String,
    /// What their browser says it is, cut to some length.
    pub agent: String,
    /// Their e-mail address.
    pub email: String,
    /// Whether they administer the server.
    pub is_admin: bool,
}

impl SignedIn {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            created_at: row.get(2)?,
            used_at: row.get(3)?,
            address: row.get(4)?,
            agent: row.get(5)?,
            email: row.get(6)?,
            is_admin: row.get::<i64>(7)? == 1,
        })
    }
}

/// Adds a session that begins now.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_session(
    s: &mut Session<'_>,
    token: &TokenHash,
    id: &str,
    account: AccountId,
    (address, agent): (&str, &str),
    now: Timestamp,
) -> Result<(), DbError> {
    let params =
        [token.as_slice().into(), id.into(), account.into(), now.into(), address.into(), agent.into()];
    s.execute(INSERT, &params).await.map(drop)
}

/// Whose session this is, however old.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_session(s: &mut Session<'_>, token: &TokenHash) -> Result<Option<SignedIn>, DbError> {
    s.query_opt(FIND, &[token.as_slice().into()]).await?.as_ref().map(SignedIn::from_row).transpose()
}

/// Up to `limit` sessions of the account, the last used first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_sessions(
    s: &mut Session<'_>,
    account: AccountId,
    limit: u32,
) -> Result<Vec<SignedIn>, DbError> {
    s.query(LIST, &[account.into(), i64::from(limit).into()]).await?.iter().map(SignedIn::from_row).collect()
}

/// Remembers that a session was used.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn touch_session(s: &mut Session<'_>, token: &TokenHash, now: Timestamp) -> Result<(), DbError> {
    s.execute(TOUCH, &[now.into(), token.as_slice().into()]).await.map(drop)
}

/// Ends one of the account's sessions; false when there is none of that id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_session(s: &mut Session<'_>, account: AccountId, id: &str) -> Result<bool, DbError> {
    Ok(s.execute(END, &[account.into(), id.into()]).await? == 1)
}

/// Ends all of the account's sessions but one; an empty `id` is none's.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_other_sessions(s: &mut Session<'_>, account: AccountId, id: &str) -> Result<(), DbError> {
    s.execute(END_OTHERS, &[account.into(), id.into()]).await.map(drop)
}

/// Ends the account's sessions but for the `kept` that were used last.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_oldest_sessions(s: &mut Session<'_>, account: AccountId, kept: u32) -> Result<(), DbError> {
    s.execute(END_OLDEST, &[account.into(), i64::from(kept).into()]).await.map(drop)
}

/// Removes all sessions that began by `cutoff`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn purge_sessions(s: &mut Session<'_>, cutoff: Timestamp) -> Result<(), DbError> {
    s.execute(PURGE, &[cutoff.into()]).await.map(drop)
}

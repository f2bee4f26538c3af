//! Links by which a password is set anew, one for an account at a time. Their tokens are known by their hashes alone.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Session};

statements! {
    PUT = "INSERT INTO password_links (account_id, token_hash, expires_at) VALUES ($1, $2, $3)
           ON CONFLICT (account_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at";
    FIND = "SELECT account_id, expires_at FROM password_links WHERE token_hash = $1";
    TAKE = "DELETE FROM password_links WHERE token_hash = $1 AND expires_at > $2 RETURNING account_id";
    DROP = "DELETE FROM password_links WHERE account_id = $1";
}

/// Keeps a link for the account, in place of the one it had.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_link(
    s: &mut Session<'_>,
    account: AccountId,
    token_hash: &[u8],
    expires_at: Timestamp,
) -> Result<(), DbError> {
    s.execute(PUT, &[account.into(), token_hash.into(), expires_at.into()]).await.map(drop)
}

/// Whose link this is, and until when.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_link(
    s: &mut Session<'_>,
    token_hash: &[u8],
) -> Result<Option<(AccountId, Timestamp)>, DbError> {
    let row = s.query_opt(FIND, &[token_hash.into()]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Uses a link up that is good at `now`, and returns whose it was.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn take_link(
    s: &mut Session<'_>,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<AccountId>, DbError> {
    s.query_opt(TAKE, &[token_hash.into(), now.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Removes the account's link, if it has one.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn drop_link(s: &mut Session<'_>, account: AccountId) -> Result<(), DbError> {
    s.execute(DROP, &[account.into()]).await.map(drop)
}

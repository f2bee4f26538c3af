//! Auth tokens that were revoked before they expired. What a token is, and which are good, is in the house.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{DbError, Session};

statements! {
    REVOKE = "INSERT INTO revoked_tokens (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    IS_REVOKED = "SELECT 1 FROM revoked_tokens WHERE id = $1";
    LIST = "SELECT id, expires_at FROM revoked_tokens WHERE id > $1 ORDER BY id LIMIT $2";
    PURGE = "DELETE FROM revoked_tokens WHERE expires_at <= $1";
}

/// A token's id: a UUID.
pub type TokenId = [u8; 16];

/// Records that the token is revoked; false when it was.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn revoke_token(s: &mut Session<'_>, id: TokenId, expires_at: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(REVOKE, &[id.as_slice().into(), expires_at.into()]).await? == 1)
}

/// Whether the token is revoked.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn is_token_revoked(s: &mut Session<'_>, id: TokenId) -> Result<bool, DbError> {
    Ok(s.query_opt(IS_REVOKED, &[id.as_slice().into()]).await?.is_some())
}

/// Up to `limit` revoked tokens whose ids come after `after`, each with its expiry. Start with nothing.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn revoked_tokens_after(
    s: &mut Session<'_>,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<(TokenId, Timestamp)>, DbError> {
    let after = after.as_ref().map_or(&[][..], |id| id.as_slice());
    let rows = s.query(LIST, &[after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Forgets the tokens that have expired by `now`; returns how many.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn purge_revoked_tokens(s: &mut Session<'_>, now: Timestamp) -> Result<u64, DbError> {
    s.execute(PURGE, &[now.into()]).await
}

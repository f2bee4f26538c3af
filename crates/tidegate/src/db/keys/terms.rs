//! What an API key is good for: its scopes, its end, its uses, the names it is for.

use crate::clock::Timestamp;

use super::super::scopes::Scopes;
use super::super::statements::statements;
use super::super::{AccountId, DbError, Session};

statements! {
    CHANGE_TERMS = "UPDATE api_keys SET scopes = $1, expires_at = $2, max_uses = $3, name_prefix = $4
                    WHERE account_id = $5 AND id = $6 AND revoked_at IS NULL";
    // One statement, so that two at once cannot both have the last use.
    SPEND_USE = "UPDATE api_keys SET uses = uses + 1
                 WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                 AND (max_uses IS NULL OR uses < max_uses)";
    NOTE_USE = "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
}

/// What a key is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTerms {
    /// What it may be used for.
    pub scopes: Scopes,
    /// From this moment on it is refused.
    pub expires_at: Option<Timestamp>,
    /// How many things may be pinned or removed with it.
    pub max_uses: Option<u64>,
    /// How the names of all that is pinned or removed with it begin. Reading is not narrowed.
    pub name_prefix: Option<String>,
}

/// Everything, for ever.
impl Default for KeyTerms {
    fn default() -> Self {
        Self { scopes: Scopes::ALL, expires_at: None, max_uses: None, name_prefix: None }
    }
}

/// Gives the account's live key other terms; false when there is no such key.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn change_terms(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
    terms: &KeyTerms,
) -> Result<bool, DbError> {
    let params = [
        terms.scopes.to_string().into(),
        terms.expires_at.into(),
        terms.max_uses.into(),
        terms.name_prefix.as_deref().into(),
        account.into(),
        id.into(),
    ];
    Ok(s.execute(CHANGE_TERMS, &params).await? == 1)
}

/// Takes one of the key's uses, in the transaction of what it pays for; false when none is left, or the key is not good any more.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn spend_use(s: &mut Session<'_>, id: &str, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(SPEND_USE, &[id.into(), now.into()]).await? == 1)
}

/// Notes that the key was used.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note_use(s: &mut Session<'_>, id: &str, now: Timestamp) -> Result<(), DbError> {
    s.execute(NOTE_USE, &[now.into(), id.into()]).await.map(drop)
}

//! Auth tokens that were given, and those that were revoked before they expired; never a token itself. What a token is, and which are good, is in the house.

use tidegate_ocean::Address;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AuthTokenId, DbError, Row, Session};

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT given.id, given.jti, given.address, given.created_at, given.expires_at, revoked_tokens.expires_at
             FROM auth_tokens given LEFT JOIN revoked_tokens ON revoked_tokens.id = given.jti ",
            $rest
        )
    };
}

statements! {
    REVOKE = "INSERT INTO revoked_tokens (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    IS_REVOKED = "SELECT 1 FROM revoked_tokens WHERE id = $1";
    LIST = "SELECT id, expires_at FROM revoked_tokens WHERE id > $1 ORDER BY id LIMIT $2";
    PURGE = "DELETE FROM revoked_tokens WHERE expires_at <= $1";
    GIVE = "INSERT INTO auth_tokens (jti, address, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    PURGE_GIVEN = "DELETE FROM auth_tokens WHERE expires_at <= $1";
    FIND_GIVEN = columns!("WHERE given.id = $1");
    GIVEN = columns!("WHERE given.id < $1 ORDER BY given.id DESC LIMIT $2");
    GIVEN_TO = columns!("WHERE given.address = $1 AND given.id < $2 ORDER BY given.id DESC LIMIT $3");
}

/// A token's id: a UUID.
pub type TokenId = [u8; 16];

/// A token that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenToken {
    /// The id of its record; higher means given later.
    pub id: AuthTokenId,
    /// The token's own id.
    pub token: TokenId,
    /// Whom it is for.
    pub address: Address,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// Is it refused already?
    pub is_revoked: bool,
}

impl GivenToken {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            token: row.get(1)?,
            address: row.get(2)?,
            created_at: row.get(3)?,
            expires_at: row.get(4)?,
            is_revoked: row.get::<Option<i64>>(5)?.is_some(),
        })
    }
}

/// Forgets the tokens that were given and are over by `now`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn purge_given_tokens(s: &mut Session<'_>, now: Timestamp) -> Result<(), DbError> {
    s.execute(PURGE_GIVEN, &[now.into()]).await.map(drop)
}

/// Records that a token was given.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn give_token(
    s: &mut Session<'_>,
    token: TokenId,
    address: Address,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    s.execute(GIVE, &[token.as_slice().into(), address.into(), now.into(), expires_at.into()]).await.map(drop)
}

/// The token with this record.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_given_token(s: &mut Session<'_>, id: AuthTokenId) -> Result<Option<GivenToken>, DbError> {
    s.query_opt(FIND_GIVEN, &[id.into()]).await?.as_ref().map(GivenToken::from_row).transpose()
}

/// Up to `limit` tokens given before `before`, the newest first: all, or those for one address. Start with [`AuthTokenId::LAST`].
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn given_tokens_before(
    s: &mut Session<'_>,
    address: Option<Address>,
    before: AuthTokenId,
    limit: u32,
) -> Result<Vec<GivenToken>, DbError> {
    let limit = i64::from(limit).into();
    let rows = match address {
        Some(address) => s.query(GIVEN_TO, &[address.into(), before.into(), limit]).await?,
        None => s.query(GIVEN, &[before.into(), limit]).await?,
    };
    rows.iter().map(GivenToken::from_row).collect()
}

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

//! An account's API keys and verification keys. What they mean and how they are sealed is in the house; what an API key is good for
//! is in `terms.rs`.

pub(super) mod terms;

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Row, Session};

pub use terms::{KeyTerms, change_terms, note_use, spend_use};

/// The columns of an [`ApiKey`] in its order, and maybe more behind them.
macro_rules! select {
    ($rest:expr) => {
        select!("", $rest)
    };
    ($more:expr, $rest:expr) => {
        concat!(
            "SELECT id, account_id, name, created_at, revoked_at, scopes, expires_at, max_uses, name_prefix, uses, last_used_at,
                    replaced_by",
            $more,
            " FROM api_keys ",
            $rest
        )
    };
}

statements! {
    INSERT_API_KEY = "INSERT INTO api_keys (id, account_id, name, created_at, scopes, expires_at, max_uses, name_prefix)
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                      ON CONFLICT (account_id, name) WHERE revoked_at IS NULL AND replaced_by IS NULL DO NOTHING";
    FIND_API_KEY = select!("WHERE id = $1");
    // One statement, since it is asked with every request.
    FIND_SHOWN_API_KEY = select!(
        ", (SELECT disabled_at FROM accounts WHERE accounts.id = api_keys.account_id)",
        "WHERE id = $1"
    );
    // Keys that still work come first, so that a long past cannot push one over the limit.
    LIST_API_KEYS = select!("WHERE account_id = $1
                             ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at, id LIMIT $2");
    LIST_LIVE_API_KEYS = select!("WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at, id LIMIT $2");
    COUNT_LIVE_API_KEYS = "SELECT count(*) FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL";
    REVOKE_API_KEY = "UPDATE api_keys SET revoked_at = $1
                      WHERE account_id = $2 AND name = $3 AND revoked_at IS NULL";
    REVOKE_API_KEY_BY_ID = "UPDATE api_keys SET revoked_at = $1
                            WHERE account_id = $2 AND id = $3 AND revoked_at IS NULL";
    REPLACE_API_KEY = "UPDATE api_keys
                       SET replaced_by = $1, expires_at = CASE WHEN expires_at < $2 THEN expires_at ELSE $2 END
                       WHERE account_id = $3 AND id = $4 AND revoked_at IS NULL AND replaced_by IS NULL
                       AND (expires_at IS NULL OR expires_at > $5)";
    RETIRE_API_KEYS = "UPDATE api_keys SET revoked_at = expires_at
                       WHERE account_id = $1 AND revoked_at IS NULL AND expires_at <= $2";
    INSERT_VERIFICATION_KEY = "INSERT INTO verification_keys
                                   (account_id, public_key, sealed_private_key, created_at)
                               VALUES ($1, $2, $3, $4)";
    LIST_VERIFICATION_KEYS = "SELECT id, public_key, sealed_private_key, created_at, expires_at
                              FROM verification_keys
                              WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > $2)
                              ORDER BY id DESC LIMIT $3";
    EXPIRE_VERIFICATION_KEYS = "UPDATE verification_keys SET expires_at = $1
                                WHERE account_id = $2 AND (expires_at IS NULL OR expires_at > $1)";
    // The newest is the one that an account has.
    END_VERIFICATION_KEY = "UPDATE verification_keys SET expires_at = $1
                            WHERE account_id = $2 AND id = $3 AND (expires_at IS NULL OR expires_at > $1)
                            AND id < (SELECT max(id) FROM verification_keys WHERE account_id = $2)";
}

/// Verification keys that are tried for one signature.
pub const MAX_VERIFICATION_KEYS: u8 = 8;

/// API keys that are listed for one account.
const MAX_LISTED_API_KEYS: i64 = 1000;

/// A key that opens the API for one account. The token itself is made from this row and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// A UUID.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Unique among the account's keys that are neither revoked nor replaced.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; it still works while there is nothing here.
    pub revoked_at: Option<Timestamp>,
    /// What it is good for.
    pub terms: KeyTerms,
    /// How many things were pinned or removed with it, if that is bounded.
    pub uses: u64,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// The id of the key that has taken its place and its name; this one still works until it ends.
    pub replaced_by: Option<String>,
}

impl ApiKey {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            name: row.get(2)?,
            created_at: row.get(3)?,
            revoked_at: row.get(4)?,
            terms: KeyTerms {
                scopes: row.get(5)?,
                expires_at: row.get(6)?,
                max_uses: row.get(7)?,
                name_prefix: row.get(8)?,
            },
            uses: row.get(9)?,
            last_used_at: row.get(10)?,
            replaced_by: row.get(11)?,
        })
    }
}

/// A key that an account's digital signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// Later ones have greater ones.
    pub id: i64,
    /// An RSA public key: SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The private half, sealed, when it was made here.
    pub sealed_private_key: Option<Vec<u8>>,
    /// When it was made or brought.
    pub created_at: Timestamp,
    /// From when on it no longer counts.
    pub expires_at: Option<Timestamp>,
}

impl VerificationKey {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            public_key: row.get(1)?,
            sealed_private_key: row.get(2)?,
            created_at: row.get(3)?,
            expires_at: row.get(4)?,
        })
    }
}

/// Adds an API key; false when the account has one of that name that is neither revoked nor replaced.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_api_key(s: &mut Session<'_>, key: &ApiKey) -> Result<bool, DbError> {
    let params = [
        key.id.as_str().into(),
        key.account.into(),
        key.name.as_str().into(),
        key.created_at.into(),
        key.terms.scopes.to_string().into(),
        key.terms.expires_at.into(),
        key.terms.max_uses.into(),
        key.terms.name_prefix.as_deref().into(),
    ];
    Ok(s.execute(INSERT_API_KEY, &params).await? == 1)
}

/// The API key with this id, revoked or not.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_api_key(s: &mut Session<'_>, id: &str) -> Result<Option<ApiKey>, DbError> {
    s.query_opt(FIND_API_KEY, &[id.into()]).await?.as_ref().map(ApiKey::from_row).transpose()
}

/// The API key with this id, revoked or not, and since when its account is shut out.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_shown_api_key(
    s: &mut Session<'_>,
    id: &str,
) -> Result<Option<(ApiKey, Option<Timestamp>)>, DbError> {
    let row = s.query_opt(FIND_SHOWN_API_KEY, &[id.into()]).await?;
    row.map(|row| Ok((ApiKey::from_row(&row)?, row.get(12)?))).transpose()
}

/// The account's API keys, live ones before revoked ones, then oldest first; at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_api_keys(s: &mut Session<'_>, account: AccountId) -> Result<Vec<ApiKey>, DbError> {
    let rows = s.query(LIST_API_KEYS, &[account.into(), MAX_LISTED_API_KEYS.into()]).await?;
    rows.iter().map(ApiKey::from_row).collect()
}

/// The account's API keys that are not revoked, oldest first; at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_live_api_keys(s: &mut Session<'_>, account: AccountId) -> Result<Vec<ApiKey>, DbError> {
    let rows = s.query(LIST_LIVE_API_KEYS, &[account.into(), MAX_LISTED_API_KEYS.into()]).await?;
    rows.iter().map(ApiKey::from_row).collect()
}

/// How many API keys of the account are not revoked.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_live_api_keys(s: &mut Session<'_>, account: AccountId) -> Result<u64, DbError> {
    s.query_one(COUNT_LIVE_API_KEYS, &[account.into()]).await?.get(0)
}

/// Revokes the account's live keys of that name, replaced ones too; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn revoke_api_key(
    s: &mut Session<'_>,
    account: AccountId,
    name: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(REVOKE_API_KEY, &[now.into(), account.into(), name.into()]).await? > 0)
}

/// Revokes the account's live key with this id; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn revoke_api_key_by_id(
    s: &mut Session<'_>,
    account: AccountId,
    id: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(REVOKE_API_KEY_BY_ID, &[now.into(), account.into(), id.into()]).await? == 1)
}

/// Lets the account's key `id` end at `until`, or sooner if it would have; the key `by` takes its place and its name. False when
/// it is not good at `now`, or replaced already.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn replace_api_key(
    s: &mut Session<'_>,
    account: AccountId,
    (id, by): (&str, &str),
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let params = [by.into(), until.into(), account.into(), id.into(), now.into()];
    Ok(s.execute(REPLACE_API_KEY, &params).await? == 1)
}

/// Counts the account's keys that have expired among the revoked ones: their names are free, and they are in nobody's way.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn retire_expired_api_keys(
    s: &mut Session<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), DbError> {
    s.execute(RETIRE_API_KEYS, &[account.into(), now.into()]).await.map(drop)
}

/// Adds a verification key, which is the newest from now on.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_verification_key(
    s: &mut Session<'_>,
    account: AccountId,
    public_key: &[u8],
    sealed_private_key: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), DbError> {
    let params = [account.into(), public_key.into(), sealed_private_key.into(), now.into()];
    s.execute(INSERT_VERIFICATION_KEY, &params).await.map(drop)
}

/// The account's verification keys that count at `now`, newest first; at most 8.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn verification_keys(
    s: &mut Session<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<VerificationKey>, DbError> {
    let params = [account.into(), now.into(), i64::from(MAX_VERIFICATION_KEYS).into()];
    s.query(LIST_VERIFICATION_KEYS, &params).await?.iter().map(VerificationKey::from_row).collect()
}

/// Lets all of the account's verification keys end at `at`, those that end sooner excepted.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn expire_verification_keys(
    s: &mut Session<'_>,
    account: AccountId,
    at: Timestamp,
) -> Result<(), DbError> {
    s.execute(EXPIRE_VERIFICATION_KEYS, &[at.into(), account.into()]).await.map(drop)
}

/// Lets one of the account's verification keys end at `now`; false when it does not count any more, or is the newest.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_verification_key(
    s: &mut Session<'_>,
    account: AccountId,
    id: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(END_VERIFICATION_KEY, &[now.into(), account.into(), id.into()]).await? == 1)
}

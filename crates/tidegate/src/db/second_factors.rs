//! What is asked for beside the password at the panel: a secret an account, codes for when it is lost, and those who have shown the
//! password and still have to show a code. Whoever tries a code [locks](super::accounts::lock) the account first.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Row, Session, TokenHash};

statements! {
    PUT = "INSERT INTO second_factors (account_id, sealed_secret, created_at) VALUES ($1, $2, $3)
           ON CONFLICT (account_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
           WHERE second_factors.confirmed_at IS NULL";
    FIND = "SELECT sealed_secret, created_at, confirmed_at, last_step, misses, misses_since
            FROM second_factors WHERE account_id = $1";
    CONFIRM = "UPDATE second_factors SET confirmed_at = $1 WHERE account_id = $2 AND confirmed_at IS NULL";
    TAKE_STEP = "UPDATE second_factors SET last_step = $1, misses = 0 WHERE account_id = $2 AND last_step < $1";
    PUT_MISSES = "UPDATE second_factors SET misses = $1, misses_since = $2 WHERE account_id = $3";
    REMOVE = "DELETE FROM second_factors WHERE account_id = $1";
    INSERT_CODE = "INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)";
    TAKE_CODE = "DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = $2";
    COUNT_CODES = "SELECT count(*) FROM recovery_codes WHERE account_id = $1";
    REMOVE_CODES = "DELETE FROM recovery_codes WHERE account_id = $1";
    INSERT_HALF = "INSERT INTO half_logins (token_hash, account_id, expires_at) VALUES ($1, $2, $3)";
    FIND_HALF = "SELECT account_id FROM half_logins WHERE token_hash = $1 AND expires_at > $2";
    END_HALF = "DELETE FROM half_logins WHERE token_hash = $1 AND expires_at > $2";
    END_HALVES = "DELETE FROM half_logins WHERE account_id = $1";
    PURGE_HALVES = "DELETE FROM half_logins WHERE expires_at <= $1";
}

/// The SHA-256 of a recovery code.
pub type CodeHash = [u8; 32];

/// An account's second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// What codes are made from, sealed.
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner has shown a code of it; before that it is not asked for.
    pub confirmed_at: Option<Timestamp>,
    /// The step of time whose code was taken last.
    pub last_step: i64,
    /// How often something wrong was entered since `misses_since`.
    pub misses: u32,
    /// When counting began.
    pub misses_since: Timestamp,
}

impl SecondFactor {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            sealed_secret: row.get(0)?,
            created_at: row.get(1)?,
            confirmed_at: row.get(2)?,
            last_step: row.get(3)?,
            misses: u32::try_from(row.get::<i64>(4)?).unwrap_or(u32::MAX),
            misses_since: row.get(5)?,
        })
    }
}

/// Gives the account a secret that is not confirmed, in place of such a one; false when it has a confirmed one.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_secret(
    s: &mut Session<'_>,
    account: AccountId,
    sealed_secret: &[u8],
    now: Timestamp,
) -> Result<bool, DbError> {
    Ok(s.execute(PUT, &[account.into(), sealed_secret.into(), now.into()]).await? == 1)
}

/// The account's second factor, confirmed or not.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_second_factor(
    s: &mut Session<'_>,
    account: AccountId,
) -> Result<Option<SecondFactor>, DbError> {
    s.query_opt(FIND, &[account.into()]).await?.as_ref().map(SecondFactor::from_row).transpose()
}

/// From now on it is asked for; false when it was before, or there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn confirm(s: &mut Session<'_>, account: AccountId, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(CONFIRM, &[now.into(), account.into()]).await? == 1)
}

/// Takes the code of a step of time, and forgets misses; false when a code of that step or a later one was taken before.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn take_step(s: &mut Session<'_>, account: AccountId, step: i64) -> Result<bool, DbError> {
    Ok(s.execute(TAKE_STEP, &[step.into(), account.into()]).await? == 1)
}

/// Remembers how often something wrong was entered since when.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_misses(
    s: &mut Session<'_>,
    account: AccountId,
    misses: u32,
    since: Timestamp,
) -> Result<(), DbError> {
    s.execute(PUT_MISSES, &[i64::from(misses).into(), since.into(), account.into()]).await.map(drop)
}

/// Removes the account's second factor with all its recovery codes; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn remove(s: &mut Session<'_>, account: AccountId) -> Result<bool, DbError> {
    s.execute(REMOVE_CODES, &[account.into()]).await?;
    Ok(s.execute(REMOVE, &[account.into()]).await? == 1)
}

/// Gives the account these recovery codes in place of those it has.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn replace_codes(
    s: &mut Session<'_>,
    account: AccountId,
    codes: &[CodeHash],
) -> Result<(), DbError> {
    s.execute(REMOVE_CODES, &[account.into()]).await?;
    for code in codes {
        s.execute(INSERT_CODE, &[account.into(), code.as_slice().into()]).await?;
    }
    Ok(())
}

/// Uses up a recovery code; false when there is none.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn take_code(s: &mut Session<'_>, account: AccountId, code: &CodeHash) -> Result<bool, DbError> {
    Ok(s.execute(TAKE_CODE, &[account.into(), code.as_slice().into()]).await? == 1)
}

/// How many recovery codes the account has left.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_codes(s: &mut Session<'_>, account: AccountId) -> Result<u64, DbError> {
    s.query_one(COUNT_CODES, &[account.into()]).await?.get(0)
}

/// Somebody has shown the account's password. What is over by `now` is removed on the way.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_half_login(
    s: &mut Session<'_>,
    token: &TokenHash,
    account: AccountId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    s.execute(PURGE_HALVES, &[now.into()]).await?;
    s.execute(INSERT_HALF, &[token.as_slice().into(), account.into(), expires_at.into()]).await.map(drop)
}

/// Whose password was shown, if that is not over at `now`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_half_login(
    s: &mut Session<'_>,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<AccountId>, DbError> {
    s.query_opt(FIND_HALF, &[token.as_slice().into(), now.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Ends it, since a code was shown too; false when it is over, or another did so at the same time.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_half_login(s: &mut Session<'_>, token: &TokenHash, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(END_HALF, &[token.as_slice().into(), now.into()]).await? == 1)
}

/// Ends all of the account's.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn end_half_logins(s: &mut Session<'_>, account: AccountId) -> Result<(), DbError> {
    s.execute(END_HALVES, &[account.into()]).await.map(drop)
}

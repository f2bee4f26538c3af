//! Account rows and the bytes that each has used. Keys are in `keys`.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{AccountId, DbError, Engine, Row, Session, Value};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, email, password_hash, quota_bytes, used_bytes, created_at, is_admin, disabled_at FROM accounts ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO accounts (email, password_hash, created_at) VALUES ($1, $2, $3)
              ON CONFLICT (email) DO NOTHING RETURNING id";
    FIND = select!("WHERE id = $1");
    FIND_BY_EMAIL = select!("WHERE email = $1");
    LIST = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    SET_PASSWORD = "UPDATE accounts SET password_hash = $1 WHERE id = $2";
    SET_ADMIN = "UPDATE accounts SET is_admin = $1 WHERE id = $2";
    ANY_ADMIN = "SELECT 1 FROM accounts WHERE is_admin = 1 LIMIT 1";
    SET_QUOTA = "UPDATE accounts SET quota_bytes = $1 WHERE id = $2";
    // One statement, so that two uploads at once cannot both take the last bytes. Subtracted, so that nothing overflows.
    CHARGE = "UPDATE accounts SET used_bytes = used_bytes + $1
              WHERE id = $2 AND $1 <= COALESCE(quota_bytes, $3) - used_bytes";
    // Each request of an account gets a later time than the one before it.
    STAMP = "UPDATE accounts SET last_request_at = CASE WHEN last_request_at >= $1 THEN last_request_at + 1 ELSE $1 END
             WHERE id = $2 RETURNING last_request_at";
    LOCK = "UPDATE accounts SET last_request_at = last_request_at WHERE id = $1";
    CHARGE_ANYWAY = "UPDATE accounts SET used_bytes = used_bytes + $1 WHERE id = $2";
    // The id is the Cloud's. An account that registered here is not touched.
    PUT_SHADOW_SQLITE on Sqlite = "INSERT INTO accounts (id, email, password_hash, quota_bytes, created_at)
        VALUES ($1, $2, '', $3, $4)
        ON CONFLICT (id) DO UPDATE SET quota_bytes = accounts.used_bytes + excluded.quota_bytes
        WHERE accounts.email = excluded.email";
    PUT_SHADOW_POSTGRES on Postgres = "INSERT INTO accounts (id, email, password_hash, quota_bytes, created_at)
        OVERRIDING SYSTEM VALUE VALUES ($1, $2, '', $3, $4)
        ON CONFLICT (id) DO UPDATE SET quota_bytes = accounts.used_bytes + excluded.quota_bytes
        WHERE accounts.email = excluded.email";
    HAS_OWN = "SELECT 1 FROM accounts WHERE email NOT LIKE 'cloud:%' LIMIT 1";
    REFUND = "UPDATE accounts SET used_bytes = CASE WHEN used_bytes > $1 THEN used_bytes - $1 ELSE 0 END
              WHERE id = $2";
}

/// One person or program that may pin.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, never given to another.
    pub id: AccountId,
    /// Lower-cased and trimmed.
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    /// Bytes it may pin, when not the server's default.
    pub quota_bytes: Option<u64>,
    /// Bytes it has pinned.
    pub used_bytes: u64,
    /// When it registered.
    pub created_at: Timestamp,
    /// Whether it administers the server.
    pub is_admin: bool,
    /// Since when it is shut out.
    pub disabled_at: Option<Timestamp>,
}

/// Without the hash: it must not get into a log by `{:?}`.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Account {
    /// Bytes that it may still pin.
    #[must_use]
    pub fn quota_left(&self, default_quota: u64) -> u64 {
        self.quota_bytes.unwrap_or(default_quota).saturating_sub(self.used_bytes)
    }

    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            password_hash: row.get(2)?,
            quota_bytes: row.get(3)?,
            used_bytes: row.get(4)?,
            created_at: row.get(5)?,
            is_admin: row.get::<i64>(6)? == 1,
            disabled_at: row.get(7)?,
        })
    }
}

/// Adds an account; nothing when the e-mail address is taken. `email` is lower-cased and trimmed already.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_account(
    s: &mut Session<'_>,
    email: &str,
    password_hash: &str,
    now: Timestamp,
) -> Result<Option<AccountId>, DbError> {
    let row = s.query_opt(INSERT, &[email.into(), password_hash.into(), now.into()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// The account with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_account(s: &mut Session<'_>, id: AccountId) -> Result<Option<Account>, DbError> {
    s.query_opt(FIND, &[id.into()]).await?.as_ref().map(Account::from_row).transpose()
}

/// The account with this e-mail address, lower-cased and trimmed already.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_account_by_email(s: &mut Session<'_>, email: &str) -> Result<Option<Account>, DbError> {
    s.query_opt(FIND_BY_EMAIL, &[email.into()]).await?.as_ref().map(Account::from_row).transpose()
}

/// Up to `limit` accounts whose ids come after `after`, in order of id. Start with `AccountId(0)`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn accounts_after(
    s: &mut Session<'_>,
    after: AccountId,
    limit: u32,
) -> Result<Vec<Account>, DbError> {
    let rows = s.query(LIST, &[after.into(), i64::from(limit).into()]).await?;
    rows.iter().map(Account::from_row).collect()
}

/// Replaces the password; false when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_password_hash(
    s: &mut Session<'_>,
    id: AccountId,
    password_hash: &str,
) -> Result<bool, DbError> {
    Ok(s.execute(SET_PASSWORD, &[password_hash.into(), id.into()]).await? == 1)
}

/// Makes the account an administrator, or not one any more; false when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_admin(s: &mut Session<'_>, id: AccountId, is_admin: bool) -> Result<bool, DbError> {
    Ok(s.execute(SET_ADMIN, &[i64::from(is_admin).into(), id.into()]).await? == 1)
}

/// Does anybody administer this server?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn has_admin(s: &mut Session<'_>) -> Result<bool, DbError> {
    Ok(s.query_opt(ANY_ADMIN, &[]).await?.is_some())
}

/// Gives the account a quota of its own, or the server's default again; false when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn set_quota(s: &mut Session<'_>, id: AccountId, quota: Option<u64>) -> Result<bool, DbError> {
    Ok(s.execute(SET_QUOTA, &[quota.into(), id.into()]).await? == 1)
}

/// Makes other transactions that lock this account wait until this one ends. Whoever changes its pins or jobs does this first:
/// PostgreSQL's READ COMMITTED then lets each statement see all that was decided before. False when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn lock(s: &mut Session<'_>, id: AccountId) -> Result<bool, DbError> {
    Ok(s.execute(LOCK, &[id.into()]).await? == 1)
}

/// [`lock`], and a time for a new request: `now`, moved on just so far that no other request of the account has it. Nothing when
/// there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn stamp(s: &mut Session<'_>, id: AccountId, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
    s.query_opt(STAMP, &[now.into(), id.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Takes `bytes` of the account's quota; false when there are not so many left (or no such account).
///
/// `default_quota` counts for accounts without one of their own; `None` is no limit. Call it in the transaction
/// that adds the pin, and let that fail when this says false.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn charge(
    s: &mut Session<'_>,
    id: AccountId,
    bytes: u64,
    default_quota: Option<u64>,
) -> Result<bool, DbError> {
    let default = Value::from(default_quota.unwrap_or(u64::MAX));
    Ok(s.execute(CHARGE, &[bytes.into(), id.into(), default]).await? == 1)
}

/// Gives back `bytes` that [`charge`] took, in the transaction that removes the pin. Never below zero.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn refund(s: &mut Session<'_>, id: AccountId, bytes: u64) -> Result<(), DbError> {
    s.execute(REFUND, &[bytes.into(), id.into()]).await.map(drop)
}

/// Counts `bytes` that are pinned already, whatever the quota.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn charge_anyway(s: &mut Session<'_>, id: AccountId, bytes: u64) -> Result<(), DbError> {
    s.execute(CHARGE_ANYWAY, &[bytes.into(), id.into()]).await.map(drop)
}

/// On an Endpoint: makes the Cloud's account `id` known, which may pin `quota_left` bytes more from now on. False when an account
/// that registered here has that id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_shadow(
    s: &mut Session<'_>,
    id: AccountId,
    quota_left: u64,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = match s.engine() {
        Engine::Sqlite => PUT_SHADOW_SQLITE,
        Engine::Postgres => PUT_SHADOW_POSTGRES,
    };
    // No address has a colon before an @, and the sum with what is used is a number still.
    let params = [id.into(), format!("cloud:{id}").into(), quota_left.min(1 << 62).into(), now.into()];
    Ok(s.execute(sql, &params).await? == 1)
}

/// Is there an account that registered here?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn has_own_accounts(s: &mut Session<'_>) -> Result<bool, DbError> {
    Ok(s.query_opt(HAS_OWN, &[]).await?.is_some())
}

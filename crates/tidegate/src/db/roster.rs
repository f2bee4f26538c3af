//! Accounts as administrators see them, and the changes that only they make. Who may make them is decided in the house.

use crate::clock::Timestamp;

use super::statements::statements;
use super::usage::pins;
use super::{AccountId, DbError, Engine, Row, Session};

/// The columns of an [`Entry`] in its order.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, email, is_admin, disabled_at, quota_bytes, used_bytes, created_at, ",
            pins!(),
            ", (SELECT max(last_used_at) FROM api_keys WHERE account_id = accounts.id),
               (SELECT max(used_at) FROM sessions WHERE account_id = accounts.id)
             FROM accounts ",
            $rest
        )
    };
}

statements! {
    PAGE = select!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
    // LIKE takes SQLite three times as long.
    SEARCH_SQLITE on Sqlite = select!("WHERE id < $1 AND instr(email, $2) > 0 ORDER BY id DESC LIMIT $3");
    SEARCH_POSTGRES on Postgres = select!("WHERE id < $1 AND strpos(email, $2) > 0 ORDER BY id DESC LIMIT $3");
    FIND = select!("WHERE id = $1");
    // Two administrators who take the office from each other at once do so one after the other.
    LOCK_ADMINS = "UPDATE accounts SET is_admin = is_admin WHERE is_admin = 1";
    // Somebody has to be left who can sign in and give the office back.
    UNMAKE_ADMIN = "UPDATE accounts SET is_admin = 0 WHERE id = $1 AND EXISTS
                        (SELECT 1 FROM accounts AS other
                         WHERE other.is_admin = 1 AND other.disabled_at IS NULL AND other.id <> $1)";
    DISABLE = "UPDATE accounts SET disabled_at = $1 WHERE id = $2 AND (is_admin = 0 OR EXISTS
                   (SELECT 1 FROM accounts AS other
                    WHERE other.is_admin = 1 AND other.disabled_at IS NULL AND other.id <> $2))";
    ENABLE = "UPDATE accounts SET disabled_at = NULL WHERE id = $1";
}

/// An account in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub id: AccountId,
    /// Its e-mail address, lower-cased and trimmed.
    pub email: String,
    /// Is it an administrator's?
    pub is_admin: bool,
    /// Since when it is shut out.
    pub disabled_at: Option<Timestamp>,
    /// Bytes it may pin, when not the server's default.
    pub quota_bytes: Option<u64>,
    /// Bytes it has pinned.
    pub used_bytes: u64,
    /// When it registered.
    pub created_at: Timestamp,
    /// How many pins it has.
    pub pins: u64,
    /// When one of its API keys was last used, to about a minute.
    pub key_used_at: Option<Timestamp>,
    /// When somebody who is signed in opened a page, to about a minute.
    pub page_opened_at: Option<Timestamp>,
}

impl Entry {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            is_admin: row.get::<i64>(2)? != 0,
            disabled_at: row.get(3)?,
            quota_bytes: row.get(4)?,
            used_bytes: row.get(5)?,
            created_at: row.get(6)?,
            pins: row.get(7)?,
            key_used_at: row.get(8)?,
            page_opened_at: row.get(9)?,
        })
    }

    /// When anything was last heard of it.
    #[must_use]
    pub fn seen_at(&self) -> Option<Timestamp> {
        self.key_used_at.max(self.page_opened_at)
    }
}

/// Up to `limit` accounts, the youngest first, whose ids come before `before`; those alone whose e-mail address holds `search`,
/// unless that is empty.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_accounts(
    s: &mut Session<'_>,
    search: &str,
    before: AccountId,
    limit: u32,
) -> Result<Vec<Entry>, DbError> {
    let limit = i64::from(limit).into();
    let rows = match (search, s.engine()) {
        ("", _) => s.query(PAGE, &[before.into(), limit]).await?,
        (_, Engine::Sqlite) => s.query(SEARCH_SQLITE, &[before.into(), search.into(), limit]).await?,
        (_, Engine::Postgres) => s.query(SEARCH_POSTGRES, &[before.into(), search.into(), limit]).await?,
    };
    rows.iter().map(Entry::from_row).collect()
}

/// One account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_entry(s: &mut Session<'_>, id: AccountId) -> Result<Option<Entry>, DbError> {
    s.query_opt(FIND, &[id.into()]).await?.as_ref().map(Entry::from_row).transpose()
}

/// Makes the account an administrator's no longer; false when there is no other administrator who can sign in, or no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn unmake_admin(s: &mut Session<'_>, id: AccountId) -> Result<bool, DbError> {
    s.execute(LOCK_ADMINS, &[]).await?;
    Ok(s.execute(UNMAKE_ADMIN, &[id.into()]).await? == 1)
}

/// Shuts the account out since `now`; false when it is the last administrator's who can sign in, or there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn disable(s: &mut Session<'_>, id: AccountId, now: Timestamp) -> Result<bool, DbError> {
    s.execute(LOCK_ADMINS, &[]).await?;
    Ok(s.execute(DISABLE, &[now.into(), id.into()]).await? == 1)
}

/// Lets the account in again; false when there is no such account.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn enable(s: &mut Session<'_>, id: AccountId) -> Result<bool, DbError> {
    Ok(s.execute(ENABLE, &[id.into()]).await? == 1)
}

//! Facts about this installation, by name: the node's id and the like.

use super::statements::statements;
use super::{DbError, Session};

statements! {
    FIND = "SELECT value FROM settings WHERE key = $1";
    PUT = "INSERT INTO settings (key, value) VALUES ($1, $2)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    PUT_IF_ABSENT = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
}

/// The value under `key`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_setting(s: &mut Session<'_>, key: &str) -> Result<Option<String>, DbError> {
    s.query_opt(FIND, &[key.into()]).await?.map(|row| row.get(0)).transpose()
}

/// Sets `key`, whatever it was.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_setting(s: &mut Session<'_>, key: &str, value: &str) -> Result<(), DbError> {
    s.execute(PUT, &[key.into(), value.into()]).await.map(drop)
}

/// Sets `key` unless it is set, and returns what it then is: all who try at once get the same value.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn setting_or(s: &mut Session<'_>, key: &str, value: &str) -> Result<String, DbError> {
    s.execute(PUT_IF_ABSENT, &[key.into(), value.into()]).await?;
    s.query_one(FIND, &[key.into()]).await?.get(0)
}

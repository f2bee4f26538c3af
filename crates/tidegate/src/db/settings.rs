//! Facts about this installation, by name: the node's id and the like.

use super::statements::statements;
use super::{DbError, Engine, Session};

statements! {
    FIND = "SELECT value FROM settings WHERE key = $1";
    PUT = "INSERT INTO settings (key, value) VALUES ($1, $2)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    BYTES_SQLITE on Sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    BYTES_POSTGRES on Postgres = "SELECT pg_database_size(current_database())";
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

/// How many bytes the database takes.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn database_bytes(s: &mut Session<'_>) -> Result<u64, DbError> {
    let sql = match s.engine() {
        Engine::Sqlite => BYTES_SQLITE,
        Engine::Postgres => BYTES_POSTGRES,
    };
    s.query_one(sql, &[]).await?.get(0)
}

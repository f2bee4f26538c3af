//! Reading the Python Provider's database, which is an SQLite file. Nothing is written to it.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::DbError;

/// How long to wait while that Provider writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer texts are left out: neither an address nor a nonce is so long, whatever went wrong there.
const MAX_TEXT: usize = 4096;

const HAS_NONCES: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'user_nonce'";
const HAS_TOKENS: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'revoked_tokens'";
const NONCES: &str = "SELECT address, nonce FROM user_nonce";
const TOKENS: &str = "SELECT count(*) FROM revoked_tokens";

/// What that Provider remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PythonProvider {
    /// Each row's address and nonce, as they were sent there: an address may be any text, and be there in several spellings.
    pub nonces: Vec<(String, String)>,
    /// Rows that hold something else than two short texts.
    pub unreadable: u64,
    /// Auth tokens that were deleted.
    pub revoked_tokens: u64,
}

/// Reads the database at `path`; nothing when it is not one of that Provider's.
///
/// # Errors
///
/// [`DbError`]: the file cannot be opened or is not SQLite's.
pub fn read(path: &Path) -> Result<Option<PythonProvider>, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // One transaction: one state of the file.
    let snapshot = connection.transaction()?;
    if !has(&snapshot, HAS_NONCES)? {
        return Ok(None);
    }
    let mut found = PythonProvider::default();
    if has(&snapshot, HAS_TOKENS)? {
        let count: i64 = snapshot.query_row(TOKENS, [], |row| row.get(0))?;
        found.revoked_tokens = u64::try_from(count).unwrap_or_default();
    }
    let mut statement = snapshot.prepare(NONCES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match (text(row.get_ref(0)?), text(row.get_ref(1)?)) {
            (Some(address), Some(nonce)) => found.nonces.push((address, nonce)),
            _ => found.unreadable += 1,
        }
    }
    Ok(Some(found))
}

fn has(connection: &Connection, sql: &str) -> Result<bool, DbError> {
    Ok(connection.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// SQLite keeps what it is given: a column of text may hold numbers.
fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) if bytes.len() <= MAX_TEXT => {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        _ => None,
    }
}

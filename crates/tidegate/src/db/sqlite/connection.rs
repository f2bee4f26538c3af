//! Opening SQLite connections and running statements on them.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

use super::super::{DbError, Engine, Row, Value, migrate};

/// Prepared statements kept per connection: more than there are.
const CACHED_STATEMENTS: usize = 256;

/// The connection that writes, on a file that is made and migrated if need be.
pub(super) fn open_writer(path: &Path, busy_timeout: Duration) -> Result<Connection, DbError> {
    make_private(path).map_err(|error| unreachable(path, &error))?;
    let _alone = lock_opening(path)?;
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    // A checkpoint syncs twice while everybody waits: 16 MiB between two of them instead of 4.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4096;
         PRAGMA foreign_keys = ON;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    migrate::runner(Engine::Sqlite)?.run(&mut connection).map_err(|error| migrate::failed(&error))?;
    // What undoes a savepoint: each transaction has many, whose pages would go to a file of their own.
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    Ok(connection)
}

/// A connection that reads; the writer was opened before.
pub(super) fn open_reader(path: &Path, busy_timeout: Duration) -> Result<Connection, DbError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)
}

pub(crate) fn execute(connection: &Connection, sql: &'static str, params: &[Value]) -> Result<u64, DbError> {
    let changed = connection.prepare_cached(sql)?.execute(params_from_iter(params))?;
    Ok(changed as u64)
}

pub(crate) fn query(
    connection: &Connection,
    sql: &'static str,
    params: &[Value],
) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let values =
            (0..columns).map(|index| value(row.get_ref(index)?)).collect::<Result<Vec<_>, DbError>>()?;
        answer.push(Row::new(values));
    }
    Ok(answer)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(column: ValueRef<'_>) -> Result<Value, DbError> {
    match column {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => String::from_utf8(text.to_vec())
            .map(Value::Text)
            .map_err(|_| DbError::Shape("text that is not UTF-8".to_owned())),
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err(DbError::Shape("a fraction".to_owned())),
    }
}

fn open(path: &Path, access: OpenFlags, busy_timeout: Duration) -> Result<Connection, DbError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy_timeout)?;
    // Otherwise most statements are prepared anew each time, since another value might deserve another plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

/// Makes the file before SQLite does: it holds password hashes, so only its owner may read it. The files beside
/// it (`-wal`, `-shm`) take over its mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Waits until no other process opens this database, and keeps them out until the file is dropped.
///
/// SQLite's own locks are not enough: switching to WAL and migrating are several transactions. It is a file of
/// its own since closing a second handle to the database would drop SQLite's locks on it.
fn lock_opening(path: &Path) -> Result<File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-opening");
    let lock = PathBuf::from(name);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| unreachable(&lock, &error))
}

fn unreachable(path: &Path, error: &std::io::Error) -> DbError {
    DbError::Unreachable(format!("{}: {error}", path.display()))
}

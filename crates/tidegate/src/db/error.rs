//! What can go wrong in the database, in words an operator can act on. No values of rows are ever in them.

use tokio_postgres::error::SqlState;

/// A failure of the database. Cheap to clone: one failed commit answers every write of its batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// The disk, or the database's own size limit, is reached. Reading still works.
    #[error("the database has no room left ({0}); free some disk space")]
    Full(String),
    /// Another process held the database for too long, or PostgreSQL had no connection or lock to give.
    #[error("the database is busy ({0}); try again later")]
    Busy(String),
    /// No connection, or it broke. A write that ends like this may or may not have been committed.
    #[error("the database cannot be reached ({0})")]
    Unreachable(String),
    /// It can be read and takes no changes.
    #[error("the database takes no changes ({0}): it is a standby, or its files are on a read-only disk")]
    ReadOnly(String),
    /// The settings that say where the database is make no sense.
    #[error("the database settings are wrong: {0}")]
    Settings(String),
    /// A newer binary has migrated this database: going back would misread it.
    #[error(
        "the database has schema {found} and this version only knows {known}: it was used by a newer version; \
         run that version, or restore a backup made before the upgrade"
    )]
    Downgrade {
        /// The newest migration in the database.
        found: i32,
        /// The newest migration in this binary.
        known: i32,
    },
    /// A migration failed or differs from the one that was applied.
    #[error("the database cannot be migrated: {0}")]
    Migration(String),
    /// [`Db::close`](super::Db::close) was called before.
    #[error("the database is closed")]
    Closed,
    /// A transaction body panicked; its changes were rolled back. The panic's own message is in the log.
    #[error("a database transaction panicked")]
    BodyPanicked,
    /// A transaction body waited for something other than its session, which no engine allows.
    #[error("a database transaction waited for something other than its session")]
    BodyWaited,
    /// A row does not have the shape that the code expects.
    #[error("the database holds an unexpected value: {0}")]
    Shape(String),
    /// Anything else that an engine reports.
    #[error("database error: {0}")]
    Engine(String),
}

impl DbError {
    /// Is there no room for more? Then uploads should answer 507 while reading goes on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = match &error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(text),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(text),
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::PermissionDenied) => {
                Self::Unreachable(text)
            }
            _ => Self::Engine(text),
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(reply) = error.as_db_error() else {
            // Without a reply from the server the connection is what failed. Sources say how.
            return Self::Unreachable(with_sources(&error));
        };
        // The message alone: `detail` may quote rows.
        let text = reply.message().to_owned();
        let code = reply.code();
        if *code == SqlState::DISK_FULL {
            Self::Full(text)
        } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            Self::ReadOnly(text)
        } else if [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::QUERY_CANCELED,
        ]
        .contains(code)
        {
            Self::Busy(text)
        } else if ["08", "57", "28", "3D"].iter().any(|class| code.code().starts_with(class)) {
            // Connection trouble, shutting down, wrong password, no such database.
            Self::Unreachable(text)
        } else {
            Self::Engine(text)
        }
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        use deadpool_postgres::{PoolError, TimeoutType};
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Self::Busy("every connection is in use".to_owned()),
            PoolError::Timeout(_) => Self::Unreachable("no answer in time".to_owned()),
            PoolError::Closed => Self::Closed,
            other => Self::Engine(other.to_string()),
        }
    }
}

/// An error and what caused it, on one line.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

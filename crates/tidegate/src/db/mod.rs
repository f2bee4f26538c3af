//! All SQL, and the two engines that run it: SQLite in this process, or a PostgreSQL server.
//!
//! ```text
//! accounts keys contents pins settings   the statements, one file per subject; each function takes a Session
//! scopes links                           what an API key may be used for; uploads without one
//! jobs/ tallies unpinned                 requests and their fate; lengths of lists; what may be collected
//! uploads                                unfinished uploads, and what became of them
//! endpoints errands outbox               one Cloud and its Endpoints: who they are, what goes to and fro
//! nonces tokens orders receipts wallets  the same, for selling access
//! webhooks/                              who is told of what becomes of requests
//! session                                one transaction in progress
//! python_provider                        another server's database, to be read once
//! sqlite/  postgres/                     how a transaction reaches its engine
//! migrate  statements                    the schema; how SQL is written down and checked
//! ```
//!
//! What a change means (may this account pin, is this key revoked) is decided in the house above.
//!
//! Every query is written once, in the SQL that both engines share. A *body* is a closure that returns a boxed future:
//!
//! ```
//! # async fn example(db: &tidegate::db::Db) -> Result<(), tidegate::db::DbError> {
//! use tidegate::db::contents;
//! let content = db.read(|s| Box::pin(contents::find_content(s, "bafy…"))).await?;
//! # Ok(()) }
//! ```
//!
//! On SQLite a write has the database for itself. On PostgreSQL it runs at READ COMMITTED and bodies run once, so a
//! decision and its change must be one statement (`UPDATE … WHERE`, `INSERT … ON CONFLICT`), never a read followed by a write.

pub mod accounts;
pub mod contents;
pub mod endpoints;
pub mod errands;
mod error;
mod ids;
pub mod invites;
pub mod jobs;
pub mod keys;
pub mod links;
mod migrate;
pub mod nonces;
pub mod orders;
pub mod outbox;
pub mod pins;
mod postgres;
pub mod python_provider;
pub mod receipts;
pub mod scopes;
mod session;
pub mod sessions;
pub mod settings;
mod sqlite;
mod statements;
mod tallies;
pub mod tokens;
pub mod unpinned;
pub mod uploads;
mod value;
pub mod wallets;
pub mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

pub use error::DbError;
pub use ids::{AccountId, ContentId, EndpointId, PinId, ReceiptId, TokenHash};
pub use session::Session;
pub use value::{FromValue, Row, Value};

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// Where the database is and how much of it to use at once.
#[derive(Debug, Clone)]
pub enum DbOptions {
    /// A SQLite file; it and its folder's entry are made when missing.
    Sqlite {
        /// The database file.
        path: PathBuf,
        /// Connections that read at the same time, at least 1.
        readers: usize,
        /// How long to wait while another process writes.
        busy_timeout: Duration,
    },
    /// A PostgreSQL database.
    Postgres {
        /// `postgresql://user:password@host/database?sslmode=…`, or the key=value form.
        url: SecretString,
        /// Connections, at least 1.
        pool_size: usize,
        /// How long to wait for a connection, new or from the pool.
        connect_timeout: Duration,
    },
}

impl DbOptions {
    /// A SQLite file with the usual settings: 3 readers, 10 seconds for other writers.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into(), readers: 3, busy_timeout: Duration::from_secs(10) }
    }

    /// A PostgreSQL database with the usual settings: 16 connections, 10 seconds to get one.
    #[must_use]
    pub fn postgres(url: impl Into<SecretString>) -> Self {
        Self::Postgres { url: url.into(), pool_size: 16, connect_timeout: Duration::from_secs(10) }
    }
}

/// The database. Share it by reference or in an `Arc`.
///
/// Dropping it without [`Db::close`] loses nothing that was answered; closing also waits for what is queued.
#[derive(Debug)]
pub struct Db(Driver);

#[derive(Debug)]
enum Driver {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens the database, making or migrating it where needed. Several processes may do so at once.
    ///
    /// # Errors
    ///
    /// [`DbError::Downgrade`] when a newer version has used it, [`DbError::Settings`], [`DbError::Unreachable`],
    /// [`DbError::Migration`] and whatever else the engine reports.
    pub async fn open(options: DbOptions) -> Result<Self, DbError> {
        let driver = match options {
            DbOptions::Sqlite { path, readers, busy_timeout } => {
                Driver::Sqlite(sqlite::Sqlite::open(path, readers, busy_timeout).await?)
            }
            DbOptions::Postgres { url, pool_size, connect_timeout } => {
                Driver::Postgres(postgres::Postgres::open(&url, pool_size, connect_timeout).await?)
            }
        };
        Ok(Self(driver))
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0 {
            Driver::Sqlite(_) => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs `body` in a transaction. When this returns `Ok` the changes are on disk; when the body fails they are
    /// undone. A write that was handed over runs to its end even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// The body's own error, and [`DbError`] for whatever happens before or after it.
    pub async fn write<T, F>(&self, body: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, DbError>> + Send + 'static,
    {
        self.try_write(body).await
    }

    /// [`Db::write`] for a body that can refuse for reasons of its own; a refusal undoes its changes.
    ///
    /// # Errors
    ///
    /// The body's own error, and [`DbError`] as that error for whatever happens before or after it.
    pub async fn try_write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.write(body).await,
            Driver::Postgres(postgres) => postgres.write(body).await,
        }
    }

    /// Runs `body` on a snapshot of the database: all its statements see the same state, none may change it.
    ///
    /// # Errors
    ///
    /// The body's own error, and [`DbError`] for whatever happens before or after it.
    pub async fn read<T, F>(&self, body: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, DbError>> + Send + 'static,
    {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.read(body).await,
            Driver::Postgres(postgres) => postgres.read(body).await,
        }
    }

    /// Asks the engine for a sign of life.
    ///
    /// # Errors
    ///
    /// [`DbError`] when it gives none.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.read(|s| Box::pin(async move { settings::find_setting(s, "schema").await.map(drop) })).await
    }

    /// Has the engine check every statement of the data layer against the schema, running none.
    ///
    /// # Errors
    ///
    /// [`DbError::Engine`] with the name of the first statement that does not fit.
    pub async fn check_statements(&self) -> Result<(), DbError> {
        self.read(|s| {
            Box::pin(async move {
                for statement in statements::all(s.engine()) {
                    s.prepare(statement.sql)
                        .await
                        .map_err(|error| DbError::Engine(format!("{}: {error}", statement.name)))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Takes no new work, waits for all that was handed over, and leaves the files tidy. Idempotent.
    pub async fn close(&self) {
        match &self.0 {
            Driver::Sqlite(sqlite) => sqlite.close().await,
            Driver::Postgres(postgres) => postgres.close().await,
        }
    }
}

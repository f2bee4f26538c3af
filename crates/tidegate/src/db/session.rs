//! One transaction in progress, on either engine, and the rules that make both behave the same.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::value::{Row, Value};
use super::{DbError, Engine, postgres, sqlite};

/// One transaction in progress. [`Db::read`](super::Db::read) and [`Db::write`](super::Db::write) hand it to a body.
///
/// A body may only wait for its session: with SQLite there is nothing else to be woken by, and with PostgreSQL it
/// would hold locks meanwhile. Whatever else it waits for ends it with [`DbError::BodyWaited`]. After a statement has failed the transaction is lost: further statements
/// repeat the failure, and a body that swallows it fails all the same.
pub struct Session<'c> {
    connection: Connection<'c>,
    failure: Option<DbError>,
    work: usize,
    /// Is a statement under way? Shared with [`run`], which cannot look into a session that its body has borrowed.
    busy: Arc<AtomicBool>,
}

enum Connection<'c> {
    Sqlite(&'c mut rusqlite::Connection),
    Postgres(&'c deadpool_postgres::Transaction<'c>),
}

impl<'c> Session<'c> {
    pub(super) fn sqlite(connection: &'c mut rusqlite::Connection) -> Self {
        Self::new(Connection::Sqlite(connection))
    }

    pub(super) fn postgres(transaction: &'c deadpool_postgres::Transaction<'c>) -> Self {
        Self::new(Connection::Postgres(transaction))
    }

    fn new(connection: Connection<'c>) -> Self {
        Self { connection, failure: None, work: 0, busy: Arc::default() }
    }

    /// Which engine this is, for the rare statement that differs.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.connection {
            Connection::Sqlite(_) => Engine::Sqlite,
            Connection::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement that answers with no rows; returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// Whatever the engine reports; the transaction is lost then.
    pub async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, DbError> {
        self.begin_statement(params)?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Connection::Postgres(transaction) => postgres::execute(transaction, sql, params).await,
        };
        self.note(result)
    }

    /// Runs a statement and returns all rows of its answer. The statement itself bounds them with a LIMIT.
    ///
    /// # Errors
    ///
    /// Whatever the engine reports; the transaction is lost then.
    pub async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        self.begin_statement(params)?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::query(connection, sql, params),
            Connection::Postgres(transaction) => postgres::query(transaction, sql, params).await,
        };
        self.note(result)
    }

    /// Like [`Session::query`] for a statement that answers with one row or none.
    ///
    /// # Errors
    ///
    /// Those of [`Session::query`], and [`DbError::Shape`] for more than one row.
    pub async fn query_opt(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, DbError> {
        let mut rows = self.query(sql, params).await?;
        if rows.len() > 1 {
            return self.note(Err(DbError::Shape(format!("{} rows instead of one", rows.len()))));
        }
        Ok(rows.pop())
    }

    /// Like [`Session::query`] for a statement that answers with exactly one row.
    ///
    /// # Errors
    ///
    /// Those of [`Session::query`], and [`DbError::Shape`] for any other number of rows.
    pub async fn query_one(&mut self, sql: &'static str, params: &[Value]) -> Result<Row, DbError> {
        match self.query_opt(sql, params).await? {
            Some(row) => Ok(row),
            None => self.note(Err(DbError::Shape("no row instead of one".to_owned()))),
        }
    }

    /// Asks the engine to parse and check a statement without running it.
    pub(super) async fn prepare(&mut self, sql: &'static str) -> Result<(), DbError> {
        self.begin_statement(&[])?;
        let result = match &mut self.connection {
            Connection::Sqlite(connection) => connection.prepare(sql).map(drop).map_err(DbError::from),
            Connection::Postgres(transaction) => {
                transaction.prepare_cached(sql).await.map(drop).map_err(DbError::from)
            }
        };
        self.note(result)
    }

    /// How much was asked of the engine: statements and parameters. Bounds a batch without asking the time.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// The first statement that failed.
    pub(super) fn failure(&self) -> Option<&DbError> {
        self.failure.as_ref()
    }

    fn begin_statement(&mut self, params: &[Value]) -> Result<(), DbError> {
        self.work += 1 + params.len();
        self.failure.clone().map_or(Ok(()), Err)?;
        self.busy.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        self.busy.store(false, Ordering::Relaxed);
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.clone());
        }
        result
    }

    /// The end of a body: a panic is an error, and so is a swallowed failure.
    fn settle<T, E: From<DbError>>(&self, result: std::thread::Result<Result<T, E>>) -> Result<T, E> {
        match (result, &self.failure) {
            (Ok(Ok(_)), Some(failure)) => Err(failure.clone().into()),
            (Ok(result), _) => result,
            (Err(_panic), _) => Err(DbError::BodyPanicked.into()),
        }
    }
}

/// Runs a body to its end, waiting where the engine waits and nowhere else.
pub(super) async fn run<T, E, F>(session: &mut Session<'_>, body: F) -> Result<T, E>
where
    E: From<DbError>,
    F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send,
{
    let busy = Arc::clone(&session.busy);
    let result = {
        // Unwind safety: after a panic nothing of the session is used but its way back to the pool or the thread.
        let mut body = pin!(AssertUnwindSafe(async { body(session).await }).catch_unwind());
        poll_fn(|context| match body.as_mut().poll(context) {
            Poll::Pending if !busy.load(Ordering::Relaxed) => {
                Poll::Ready(Ok(Err(DbError::BodyWaited.into())))
            }
            other => other,
        })
        .await
    };
    session.settle(result)
}

/// Runs a body whose statements are always ready: one poll is all that it gets.
pub(super) fn run_ready<T, E, F>(session: &mut Session<'_>, body: F) -> Result<T, E>
where
    E: From<DbError>,
    F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send,
{
    match pin!(run(session, body)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(DbError::BodyWaited.into()),
    }
}

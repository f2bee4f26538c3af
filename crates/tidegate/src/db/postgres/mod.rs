//! PostgreSQL: a pool of connections, one per transaction in progress.

mod tls;
mod values;

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::IsolationLevel;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::session::run;
use super::{DbError, Engine, Session, migrate};

pub(super) use values::{execute, query};

/// The advisory lock that keeps two starting processes from migrating at once: "tidegate" in ASCII.
const MIGRATION_LOCK: i64 = 0x7469_6465_6761_7465;

/// Connections to one database.
#[derive(Debug)]
pub(super) struct Postgres {
    pool: Pool,
    writes: TaskTracker,
}

impl Postgres {
    /// Connects and migrates.
    pub(super) async fn open(
        url: &SecretString,
        pool_size: usize,
        connect_timeout: Duration,
    ) -> Result<Self, DbError> {
        // The parser's message could quote the URL, which holds the password.
        let mut config: tokio_postgres::Config = url.expose_secret().parse().map_err(|_| {
            DbError::Settings(
                "the PostgreSQL URL cannot be read; it looks like postgresql://user:password@host/database"
                    .to_owned(),
            )
        })?;
        config.connect_timeout(connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("tidegate");
        }
        let tls = tls::connector(config.get_ssl_mode())?;
        let manager =
            Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(pool_size.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(connect_timeout))
            .create_timeout(Some(connect_timeout))
            .recycle_timeout(Some(connect_timeout))
            .build()
            .map_err(|error| DbError::Settings(error.to_string()))?;
        let postgres = Self { pool, writes: TaskTracker::new() };
        postgres.migrate().await?;
        Ok(postgres)
    }

    /// Runs the body in a task of its own: like on the other engine, a caller who stops waiting stops nothing.
    pub(super) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        if self.writes.is_closed() {
            return Err(DbError::Closed.into());
        }
        let pool = self.pool.clone();
        let write = async move {
            let mut client = pool.get().await.map_err(DbError::from)?;
            let transaction = client
                .build_transaction()
                .isolation_level(IsolationLevel::ReadCommitted)
                .start()
                .await
                .map_err(DbError::from)?;
            let result = run(&mut Session::postgres(&transaction), body).await;
            let end = if result.is_ok() { transaction.commit().await } else { transaction.rollback().await };
            match (result, end) {
                (Ok(_), Err(error)) => Err(DbError::from(error).into()),
                (result, _) => result,
            }
        };
        let task = self.writes.spawn(write.in_current_span());
        task.await.unwrap_or_else(|_| Err(DbError::Closed.into()))
    }

    pub(super) async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        let mut client = self.pool.get().await.map_err(DbError::from)?;
        // REPEATABLE READ is a snapshot; a transaction that only reads cannot fail for it.
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(DbError::from)?;
        let result = run(&mut Session::postgres(&transaction), body).await;
        if let Err(error) = transaction.rollback().await {
            tracing::warn!(%error, "a read transaction could not be ended");
        }
        result
    }

    pub(super) async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
        self.pool.close();
    }

    async fn migrate(&self) -> Result<(), DbError> {
        let mut client = self.pool.get().await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
        let migrated = migrate::runner(Engine::Postgres)?
            .run_async(&mut **client)
            .await
            .map_err(|error| migrate::failed(&error));
        let unlocked = client.execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await;
        migrated?;
        unlocked?;
        Ok(())
    }
}

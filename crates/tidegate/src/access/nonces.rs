//! The nonces of addresses: each is accepted once, and only rising.
//!
//! Accepting is one conditional write that is on disk before the answer; on SQLite neighbours share its sync. What is
//! remembered in memory answers questions, and refuses what is certainly too low, but never accepts.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_ocean::{Address, Nonce};

use super::import::restart;
use super::recent::Recent;
use crate::db::{Db, DbError, Engine, Session, nonces};

/// Imported nonces that are written in one transaction.
const IMPORT_BATCH: usize = 500;

/// The last nonces of all addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Nonces {
    db: Arc<Db>,
    /// With SQLite alone: nobody else writes there, while other processes write to the same PostgreSQL.
    recent: Option<Arc<Recent>>,
}

/// Why a nonce was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NonceRefusal {
    /// It is not greater than the last one, so it may be a copy of an earlier request.
    #[error("the nonce must be greater than the last one, {last}{}", next(.last))]
    TooLow {
        /// The last one that was accepted.
        last: Nonce,
    },
    /// The question could not be answered. The nonce may or may not be used up.
    #[error(transparent)]
    Db(#[from] DbError),
}

fn next(last: &Nonce) -> String {
    last.next().map_or_else(String::new, |next| format!("; send {next}"))
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Raised {
    /// Addresses whose nonce is now what was imported.
    pub raised: u64,
    /// Addresses that were as far already.
    pub kept: u64,
}

impl Nonces {
    /// The nonces in `db`, which on SQLite belongs to this process.
    #[must_use]
    pub fn new(db: Arc<Db>) -> Self {
        let recent = (db.engine() == Engine::Sqlite).then(Arc::default);
        Self { db, recent }
    }

    /// The last nonce that was accepted from this address.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn last(&self, address: Address) -> Result<Option<Nonce>, DbError> {
        let Some(recent) = &self.recent else {
            return self.read(address).await;
        };
        match recent.get(address) {
            Ok(last) => Ok(last),
            Err(asked) => {
                let last = self.read(address).await?;
                recent.found(address, last, asked);
                Ok(last)
            }
        }
    }

    /// Accepts this nonce from this address, once. When this returns `Ok` it is on disk that it was used.
    ///
    /// # Errors
    ///
    /// [`NonceRefusal`].
    pub async fn accept(&self, address: Address, nonce: Nonce) -> Result<(), NonceRefusal> {
        self.accept_for(address, nonce, |_| Box::pin(async { Ok(()) })).await
    }

    /// The same for `work` in the database: it is done and the nonce used up, or neither.
    ///
    /// # Errors
    ///
    /// [`NonceRefusal`], and what `work` fails with.
    pub(super) async fn accept_for<F>(
        &self,
        address: Address,
        nonce: Nonce,
        work: F,
    ) -> Result<(), NonceRefusal>
    where
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<(), DbError>> + Send + 'static,
    {
        if let Some(Ok(Some(last))) = self.recent.as_ref().map(|recent| recent.get(address))
            && nonce <= last
        {
            return Err(NonceRefusal::TooLow { last });
        }
        // A write runs to its end also when the caller stops waiting; so must what remembers it.
        let nonces = self.clone();
        let accepting = tokio::spawn(async move {
            let accepted = nonces.write(address, nonce, work).await;
            if let Some(recent) = &nonces.recent {
                match &accepted {
                    Ok(()) => recent.accepted(address, nonce),
                    Err(NonceRefusal::TooLow { last }) => recent.accepted(address, *last),
                    Err(NonceRefusal::Db(_)) => recent.forget(address),
                }
            }
            accepted
        });
        accepting.await.map_err(|_| DbError::Closed)?
    }

    /// Takes over nonces from elsewhere. No address's nonce becomes lower, so doing it twice does nothing.
    ///
    /// `progress` is told how many of `nonces` are done.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine. Those before are on disk.
    pub async fn import(
        &self,
        nonces: &[(Address, Nonce)],
        mut progress: impl FnMut(usize),
    ) -> Result<Raised, DbError> {
        let mut sum = Raised::default();
        for (done, batch) in nonces.chunks(IMPORT_BATCH).enumerate() {
            let rows = batch.to_vec();
            sum.raised += self.db.write(move |s| Box::pin(raise_all(s, rows))).await?;
            for (address, _) in batch {
                self.recent.iter().for_each(|recent| recent.forget(*address));
            }
            progress(done * IMPORT_BATCH + batch.len());
        }
        sum.kept = nonces.len() as u64 - sum.raised;
        Ok(sum)
    }

    async fn read(&self, address: Address) -> Result<Option<Nonce>, DbError> {
        self.db.read(move |s| Box::pin(nonces::last_nonce(s, address))).await
    }

    async fn write<F>(&self, address: Address, nonce: Nonce, work: F) -> Result<(), NonceRefusal>
    where
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<(), DbError>> + Send + 'static,
    {
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    let accepted = if nonce.is_concatenated() {
                        nonces::raise_nonce_below(s, address, nonce, restart()).await?
                    } else {
                        nonces::raise_nonce(s, address, nonce).await?
                    };
                    if accepted {
                        return Ok(work(s).await?);
                    }
                    let last = nonces::last_nonce(s, address).await?;
                    Err(last.map_or_else(
                        || DbError::Shape("a nonce was refused by nothing".to_owned()).into(),
                        |last| NonceRefusal::TooLow { last },
                    ))
                })
            })
            .await
    }
}

async fn raise_all(s: &mut Session<'_>, rows: Vec<(Address, Nonce)>) -> Result<u64, DbError> {
    let mut raised = 0;
    for (address, nonce) in rows {
        raised += u64::from(nonces::raise_nonce(s, address, nonce).await?);
    }
    Ok(raised)
}

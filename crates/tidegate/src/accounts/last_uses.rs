//! When each API key was last used, written down once a minute at most: a write for each request would cost more than the request.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Timestamp;
use crate::db::Db;
use crate::db::keys::{self, ApiKey};

/// How exact it is.
const MINUTE: Duration = Duration::from_secs(60);
/// Keys whose last use is being written, at most.
const KEYS: u64 = 10_000;

/// The uses that were noted lately, so that of many requests at once one writes.
#[derive(Debug)]
pub(super) struct LastUses(Cache<String, Timestamp>);

impl LastUses {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(KEYS).time_to_idle(MINUTE * 2).build())
    }

    /// The key is used now. Nobody waits for that to be written, and if it cannot be, a later use will.
    pub(super) fn note(&self, db: &Arc<Db>, key: &ApiKey, now: Timestamp) {
        let is_stale = |last: Option<Timestamp>| last.is_none_or(|last| last.plus(MINUTE) <= now);
        if !is_stale(key.last_used_at) || !is_stale(self.0.get(&key.id)) {
            return;
        }
        self.0.insert(key.id.clone(), now);
        let (db, id) = (Arc::clone(db), key.id.clone());
        tokio::spawn(async move {
            let noted = db.write(move |s| Box::pin(async move { keys::note_use(s, &id, now).await })).await;
            if let Err(error) = noted {
                tracing::debug!(%error, "the last use of an API key could not be noted");
            }
        });
    }
}

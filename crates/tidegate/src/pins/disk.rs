//! How full the disk is, and of what; and when it was last checked that all content is good.

use serde::{Deserialize, Serialize};

use super::{Audit, PinError, Pins, check::blocking};
use crate::{
    clock::Timestamp,
    db::{DbError, settings, unpinned},
};

/// Contents that wait for their removal are counted so far: each takes two look-ups.
const MOST_COUNTED: u32 = 1000;

/// The setting that remembers the last audit.
const LAST_AUDIT: &str = "last_audit";

/// What takes room, in bytes. How much content is stored is not counted here: that reads all records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskUse {
    /// The whole disk.
    pub disk: u64,
    /// What is free of it.
    pub free: u64,
    /// What content may take, where the operator has limited that.
    pub limit: Option<u64>,
    /// What content may take still.
    pub left: u64,
    /// Uploads under way, and content that is being brought in.
    pub unfinished: u64,
    /// The database.
    pub database: u64,
    /// Contents that nobody has pinned any more and that wait for their removal.
    pub waiting: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Whether there are more of them, which were not counted.
    pub more_waiting: bool,
}

/// What came of the last audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAudit {
    /// When it ended: milliseconds since the epoch.
    at: i64,
    /// Files that were read.
    pub checked: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Files that are damaged, missing, or not recorded.
    pub problems: u64,
}

impl LastAudit {
    /// When it ended.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.at)
    }
}

impl DiskUse {
    /// What is not free of the disk, whatever is on it.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.disk.saturating_sub(self.free)
    }

    /// What content takes of its limit; nothing where there is none.
    #[must_use]
    pub fn content(&self) -> u64 {
        self.limit.map_or(0, |limit| limit.saturating_sub(self.left))
    }

    /// Whether nothing more can be stored.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.left == 0 || self.free == 0
    }
}

impl Pins {
    /// How full the disk is.
    ///
    /// # Errors
    /// The folders or the database cannot be read.
    pub async fn disk_use(&self) -> Result<DiskUse, PinError> {
        let store = self.store.clone();
        let (disk, free, unfinished) =
            blocking(move || Ok((store.disk_bytes()?, store.free_bytes()?, store.unfinished_bytes()?)))
                .await?;
        let read = self.db.read(|s| {
            Box::pin(async move {
                Ok((settings::database_bytes(s).await?, unpinned::count_waiting(s, MOST_COUNTED).await?))
            })
        });
        let (database, (waiting, waiting_bytes)) = read.await?;
        Ok(DiskUse {
            disk,
            free,
            limit: self.room.limit(),
            left: self.room.left(),
            unfinished,
            database,
            waiting,
            waiting_bytes,
            more_waiting: waiting >= u64::from(MOST_COUNTED),
        })
    }

    /// Remembers what an audit found.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn remember_audit(&self, audit: &Audit) -> Result<(), DbError> {
        let problems = audit.damaged.len() + audit.missing.len() + audit.unknown.len();
        let last = LastAudit {
            at: self.clock.now().as_millis(),
            checked: audit.checked,
            bytes: audit.bytes,
            problems: problems as u64,
        };
        let text = serde_json::to_string(&last).unwrap_or_default();
        self.db
            .write(move |s| Box::pin(async move { settings::put_setting(s, LAST_AUDIT, &text).await }))
            .await
    }

    /// What the last audit found, if there was one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_audit(&self) -> Result<Option<LastAudit>, DbError> {
        let text = self.db.read(|s| Box::pin(settings::find_setting(s, LAST_AUDIT))).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

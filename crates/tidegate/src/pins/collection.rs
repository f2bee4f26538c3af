//! Removing content that nobody holds any more.
//!
//! A root waits for the time of grace after its last pin went; a pin made meanwhile keeps it. Whoever puts content in place or
//! removes it holds the root's lock, so an upload and a removal of the same content follow one another. A reader needs no lock:
//! what it has opened it can read to its end, though the name is gone.

use std::time::Duration;

use tidegate_content::parse_cid;

use super::{PinError, Pins};
use crate::{
    blobs::{BlobError, Root},
    clock::Timestamp,
    db::{contents, pins, unpinned},
    telemetry::metrics,
};

/// Roots looked at before the list is read again.
const PAGE: u32 = 256;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Contents.
    pub contents: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

impl Pins {
    /// Removes all content whose time of grace is over.
    ///
    /// # Errors
    /// The database cannot be written or a file not be removed; what was not removed is on the list still, or is removed at the
    /// next start.
    pub async fn collect(&self) -> Result<Collected, PinError> {
        let cutoff = self.clock.now().minus(self.grace);
        self.collect_while(cutoff, |_| true).await
    }

    /// Removes unpinned content before its time, the longest unpinned first, until `bytes` are free.
    ///
    /// # Errors
    /// Those of [`Pins::collect`]; and [`PinError::StoreFull`] when too little can be removed.
    pub async fn make_room(&self, bytes: u64) -> Result<(), PinError> {
        let now = self.clock.now();
        self.collect_while(now, |_| !self.room.has(bytes)).await?;
        if self.room.has(bytes) { Ok(()) } else { Err(PinError::StoreFull) }
    }

    /// How long it takes until something may be collected; nothing when nothing is unpinned.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn time_to_collection(&self) -> Result<Option<Duration>, PinError> {
        let first = self.db.read(|s| Box::pin(unpinned::first_unpinned(s))).await?;
        let wait = |since: Timestamp| {
            let wait = since.plus(self.grace).as_millis() - self.clock.now().as_millis();
            Duration::from_millis(u64::try_from(wait).unwrap_or(0))
        };
        Ok(first.map(wait))
    }

    /// Waits until a pin is removed.
    pub async fn something_unpinned(&self) {
        self.unpinned.notified().await;
    }

    async fn collect_while(
        &self,
        cutoff: Timestamp,
        go_on: impl Fn(&Collected) -> bool + Send,
    ) -> Result<Collected, PinError> {
        let mut collected = Collected::default();
        loop {
            let page = self
                .db
                .read(move |s| Box::pin(async move { unpinned::unpinned_until(s, cutoff, PAGE).await }))
                .await?;
            if page.is_empty() {
                return Ok(collected);
            }
            for root in page {
                if !go_on(&collected) {
                    return Ok(collected);
                }
                if let Some(bytes) = self.collect_root(root, cutoff).await? {
                    collected.contents += 1;
                    collected.bytes += bytes;
                }
            }
        }
    }

    /// Removes the content of `text` unless it is held, and takes it off the list; returns the bytes of its file.
    async fn collect_root(&self, text: String, cutoff: Timestamp) -> Result<Option<u64>, PinError> {
        // What has begun is finished, also when the caller does not wait for it any more.
        let pins = self.clone();
        let removal = async move {
            let root = parse_cid(&text).ok().map(|cid| Root::of(&cid));
            let _publishing = match root {
                Some(root) => Some(pins.publishing.lock(root).await),
                None => None,
            };
            let Some(bytes) = pins.remove_record(text.clone(), cutoff).await? else {
                return Ok(None);
            };
            if let Some(root) = root {
                let store = pins.store.clone();
                tokio::task::spawn_blocking(move || store.remove(&root))
                    .await
                    .map_err(|_| PinError::Stopped)?
                    .map_err(BlobError::from)?;
            }
            pins.db
                .write(move |s| Box::pin(async move { contents::forget_incoming(s, &text).await }))
                .await?;
            pins.room.give_back(bytes);
            metrics::collected(bytes);
            Ok(Some(bytes))
        };
        tokio::spawn(removal).await.map_err(|_| PinError::Stopped)?
    }

    /// One transaction: the record goes, and the file is announced as one that should not be there, so that the next start
    /// removes it if this process does not come to it.
    async fn remove_record(&self, root: String, cutoff: Timestamp) -> Result<Option<u64>, PinError> {
        let (node, now) = (std::sync::Arc::clone(&self.node), self.clock.now());
        let removed = self.db.write(move |s| {
            Box::pin(async move {
                if !unpinned::lock(s, &root, cutoff).await? {
                    return Ok(None);
                }
                let here = contents::touch(s, &root).await?;
                let content = if here && !pins::has_pins(s, &root).await? {
                    contents::find_content(s, &root).await?
                } else {
                    None
                };
                if content.is_some() {
                    contents::remove_content(s, &root).await?;
                    contents::announce_incoming(s, &root, &node, now).await?;
                }
                unpinned::forget(s, &root).await?;
                Ok(content.map(|content| content.content.car_bytes))
            })
        });
        Ok(removed.await?)
    }
}

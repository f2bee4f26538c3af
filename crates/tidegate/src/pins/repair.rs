//! Making the records of content anew from the content files: after a lost or old database, or files that were copied in. Pins
//! are not touched. Only for the process that owns the data folder.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::mpsc;

use super::{
    Missing, PinError, Pins,
    check::{Damaged, Files, blocking, pinned_without_content},
    measure::measure,
};
use crate::{
    blobs::{CarFile, Damage, Verified},
    db::{
        DbError,
        contents::{self, NewContent},
        unpinned,
    },
};

/// Contents that are recorded in one transaction, at most.
const BATCH_CONTENTS: usize = 256;
/// Blocks after which a transaction ends.
const BATCH_BLOCKS: usize = 100_000;
/// Verified contents waiting to be recorded.
const WAITING: usize = 4;

/// What a repair found.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Contents that are recorded now.
    pub contents: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Files that were left out.
    pub damaged: Vec<Damaged>,
    /// Pinned content that is not here.
    pub missing: Vec<Missing>,
}

/// A content to be recorded, and the sorted prefixes of its blocks.
struct Record {
    content: NewContent,
    prefixes: Vec<i64>,
}

impl Pins {
    /// Verifies every content file and records it anew; records without a good file are removed. `begin` is told how many bytes
    /// there are to read, then `read` the bytes read each time.
    ///
    /// At every moment each content is recorded as before or anew, so a repair that was broken off can be run again.
    ///
    /// # Errors
    /// The folders or the database cannot be read or written.
    pub async fn repair(
        &self,
        begin: impl FnOnce(u64) + Send + 'static,
        read: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Repaired, PinError> {
        let (found, mut verified) = mpsc::channel(WAITING);
        let store = self.store.clone();
        let reading = tokio::spawn(blocking(move || {
            let files = Files::list(&store)?;
            begin(files.bytes());
            files.check(&store, &read, &|path: &Path, verified| {
                let record = verified.and_then(|verified| Record::of(path, verified));
                let record = record.map_err(|problem| (path.to_owned(), problem));
                match found.blocking_send(record) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            Ok(())
        }));
        let mut repaired = Repaired::default();
        let good = self.record_all(&mut verified, &mut repaired).await?;
        reading.await.map_err(|_| PinError::Stopped)??;

        for root in self.recorded().await? {
            if !good.contains(&root) {
                self.db
                    .write(move |s| Box::pin(async move { contents::remove_content(s, &root).await }))
                    .await?;
            }
        }
        let now = self.clock.now();
        self.db.write(move |s| Box::pin(unpinned::note_all(s, now))).await?;
        let missing = pinned_without_content(&self.db).await?;
        repaired.missing = missing.into_iter().map(|(root, pins)| Missing { root, pins }).collect();
        repaired.damaged.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(repaired)
    }

    /// Records what comes, in batches; returns the roots.
    async fn record_all(
        &self,
        verified: &mut mpsc::Receiver<Result<Record, (PathBuf, Damage)>>,
        repaired: &mut Repaired,
    ) -> Result<HashSet<String>, PinError> {
        let (mut good, mut batch, mut blocks) = (HashSet::new(), Vec::new(), 0);
        while let Some(record) = verified.recv().await {
            match record {
                Ok(record) => {
                    good.insert(record.content.root.clone());
                    repaired.contents += 1;
                    repaired.bytes += record.content.size;
                    blocks += record.prefixes.len();
                    batch.push(record);
                }
                Err((path, problem)) => {
                    repaired.damaged.push(Damaged::describe(&self.db, path, problem).await?);
                }
            }
            if batch.len() >= BATCH_CONTENTS || blocks >= BATCH_BLOCKS {
                self.record(std::mem::take(&mut batch)).await?;
                blocks = 0;
            }
        }
        self.record(batch).await?;
        Ok(good)
    }

    /// Replaces the records of these contents. They keep the date on which they came.
    async fn record(&self, batch: Vec<Record>) -> Result<(), DbError> {
        let now = self.clock.now();
        self.db
            .write(move |s| {
                Box::pin(async move {
                    for Record { content, prefixes } in &batch {
                        let old = contents::find_content(s, &content.root).await?;
                        contents::remove_content(s, &content.root).await?;
                        let since = old.map_or(now, |old| old.created_at);
                        if let Some(id) = contents::insert_content(s, content, since).await? {
                            contents::insert_blocks(s, id, prefixes).await?;
                        }
                        // An older database may announce what has long been complete; the file is, so it stays.
                        contents::forget_incoming(s, &content.root).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

impl Record {
    fn of(path: &Path, verified: Verified) -> Result<Self, Damage> {
        let car = Arc::new(CarFile::open(path)?);
        let (kind, size) = measure(&car).map_err(|error| Damage::Incomplete(error.to_string()))?;
        Ok(Self {
            content: NewContent {
                root: verified.root.to_string(),
                kind,
                size,
                car_bytes: verified.car_bytes,
                block_count: verified.block_prefixes.len() as u64,
            },
            prefixes: verified.block_prefixes,
        })
    }
}

//! Reading all content files from beginning to end, several at a time, for the audit and the repair.

use std::{
    fs, io,
    num::NonZeroUsize,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::PinError;
use crate::{
    blobs::{self, BlobError, BlobStore, Damage, Root, Verified},
    db::{Db, DbError, pins},
};

/// A content file that is not what its name says.
#[derive(Debug)]
pub struct Damaged {
    /// The content that should be in it, if its name tells.
    pub root: Option<Root>,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Damage,
    /// How many pins want the content.
    pub pins: u64,
}

impl Damaged {
    /// Also counts the pins.
    pub(super) async fn describe(db: &Db, path: PathBuf, problem: Damage) -> Result<Self, DbError> {
        let root = root_in_name(&path);
        let pins = match &root {
            Some(root) => count_pins(db, root.to_string()).await?,
            None => 0,
        };
        Ok(Self { root, path, problem, pins })
    }
}

/// Every content file there is, the longest first, so that no thread is left with a long one at the end.
pub(super) struct Files(Vec<(u64, PathBuf)>);

impl Files {
    /// Looks into the folders.
    pub(super) fn list(store: &BlobStore) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in store.paths()? {
            let path = path?;
            match fs::metadata(&path) {
                Ok(meta) => files.push((meta.len(), path)),
                // Taken back by a running server.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        files.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Self(files))
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|(len, _)| len).sum()
    }

    /// Verifies each file on one of as many threads as there are cores, until `found` has had enough. `read` is told the bytes
    /// read each time.
    pub(super) fn check(
        &self,
        store: &BlobStore,
        read: &(impl Fn(u64) + Sync),
        found: &(impl Fn(&Path, Result<Verified, Damage>) -> ControlFlow<()> + Sync),
    ) {
        let next = AtomicUsize::new(0);
        let worker = || {
            while let Some((_, path)) = self.0.get(next.fetch_add(1, Ordering::Relaxed)) {
                let verified = verify_in_place(store, path, read);
                if verified.is_err() && matches!(fs::exists(path), Ok(false)) {
                    continue;
                }
                if found(path, verified).is_break() {
                    next.store(self.0.len(), Ordering::Relaxed);
                }
            }
        };
        let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            for _ in 0..workers.min(self.0.len()) {
                scope.spawn(worker);
            }
        });
    }
}

/// A good file in the wrong folder is not found by readers.
fn verify_in_place(store: &BlobStore, path: &Path, read: &impl Fn(u64)) -> Result<Verified, Damage> {
    let verified = blobs::verify(path, read)?;
    if store.path(&verified.root) == path {
        Ok(verified)
    } else {
        Err(Damage::Misnamed(Box::new(verified.root)))
    }
}

/// Which content the file at `path` claims to hold.
pub(super) fn root_in_name(path: &Path) -> Option<Root> {
    let name = path.file_stem()?.to_str()?;
    Some(Root::of(&tidegate_content::parse_cid(name).ok()?))
}

/// How many pins want this content.
pub(super) async fn count_pins(db: &Db, root: String) -> Result<u64, DbError> {
    db.read(move |s| Box::pin(async move { pins::count_pins_of_root(s, &root).await })).await
}

/// Every pinned root without a recorded content, each with how many pins it has.
pub(super) async fn pinned_without_content(db: &Db) -> Result<Vec<(String, u64)>, DbError> {
    const PAGE: u32 = 1000;
    let mut all: Vec<(String, u64)> = Vec::new();
    loop {
        let after = all.last().map_or_else(String::new, |(root, _)| root.clone());
        let page = db
            .read(move |s| Box::pin(async move { pins::pinned_roots_without_content(s, &after, PAGE).await }))
            .await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Runs what reads or writes much on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PinError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| PinError::Stopped)?;
    Ok(done.map_err(BlobError::from)?)
}

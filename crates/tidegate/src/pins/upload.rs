//! An upload under way: the asynchronous side that a handler feeds, with its limits.

use std::time::Duration;

use bytes::Bytes;
use tidegate_content::{Cid, Profile};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
};

use super::{
    PinError, Pins,
    collect::{CollectError, Collected, Found, Step},
    gather::Gather,
    room::Place,
};
use crate::telemetry::metrics::{self, Running};

/// Steps waiting for the importing thread; each holds at most one piece of content.
const WAITING_STEPS: usize = 4;
/// What the paths of one upload may take in memory.
const PATH_BYTES: usize = 64 << 20;
/// When to try again after [`PinError::Busy`].
const BUSY_RETRY: Duration = Duration::from_secs(2);

/// Dropping it ends the import and removes what was staged.
pub struct Upload {
    steps: mpsc::Sender<Step>,
    worker: JoinHandle<Result<Collected, CollectError>>,
    gather: Gather,
    bytes_left: u64,
    files_left: usize,
    path_bytes_left: usize,
    limits: (u64, usize),
    pins: Pins,
    place: Place,
    _turn: OwnedSemaphorePermit,
    _running: Running,
}

impl Pins {
    /// Begins an upload that is imported with `profile` while it comes.
    ///
    /// # Errors
    /// [`PinError::Busy`] when too many are running; [`PinError::NotHere`] on a Cloud.
    pub fn begin(&self, profile: Profile) -> Result<Upload, PinError> {
        if !self.takes_uploads {
            return Err(PinError::NotHere);
        }
        let turn = self.uploads.clone().try_acquire_owned().map_err(|_| PinError::Busy(BUSY_RETRY))?;
        let (steps, mut receiver) = mpsc::channel(WAITING_STEPS);
        let (store, hasher) = (self.store.clone(), self.hasher.clone());
        let worker =
            tokio::task::spawn_blocking(move || Collected::receive(&store, &hasher, profile, &mut receiver));
        let limits = (self.limits.upload_size.as_u64(), self.limits.upload_files);
        Ok(Upload {
            steps,
            worker,
            gather: Gather::default(),
            bytes_left: limits.0,
            files_left: limits.1,
            path_bytes_left: PATH_BYTES,
            limits,
            pins: self.clone(),
            place: self.room.place(),
            _turn: turn,
            _running: Running::upload(),
        })
    }
}

impl Upload {
    /// A file begins. Its path is relative to the upload, segments divided by `/`.
    ///
    /// # Errors
    /// Too many files, or the import has failed.
    pub async fn open_file(&mut self, path: &str) -> Result<(), PinError> {
        let path = self.path(path)?;
        self.step(Step::Open(path)).await
    }

    /// The next bytes of the file begun last. Waits while the import is behind, which slows the sender down.
    ///
    /// # Errors
    /// The upload is too large, the store is full, or the import has failed, as on a full disk.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), PinError> {
        let len = bytes.len() as u64;
        self.bytes_left = self.bytes_left.checked_sub(len).ok_or(PinError::TooLarge(self.limits.0))?;
        let received = self.limits.0 - self.bytes_left;
        self.pins.reserve(&mut self.place, received).await?;
        metrics::received(len);
        while !bytes.is_empty() {
            if let Some(piece) = self.gather.take(&mut bytes) {
                self.step(Step::Data(piece)).await?;
            }
        }
        Ok(())
    }

    /// The file begun last is complete.
    ///
    /// # Errors
    /// The import has failed.
    pub async fn close_file(&mut self) -> Result<(), PinError> {
        if let Some(piece) = self.gather.rest() {
            self.step(Step::Data(piece)).await?;
        }
        self.step(Step::Close).await
    }

    /// A folder, which may stay empty.
    ///
    /// # Errors
    /// Too many files, or the import has failed.
    pub async fn add_directory(&mut self, path: &str) -> Result<(), PinError> {
        let path = self.path(path)?;
        self.step(Step::Directory(path)).await
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// Too many files, or the import has failed.
    pub async fn add_symlink(&mut self, path: &str, target: Bytes) -> Result<(), PinError> {
        let path = self.path(path)?;
        self.step(Step::Symlink(path, target)).await
    }

    fn path(&mut self, path: &str) -> Result<Vec<String>, PinError> {
        self.files_left = self.files_left.checked_sub(1).ok_or(PinError::TooManyFiles(self.limits.1))?;
        self.path_bytes_left =
            self.path_bytes_left.checked_sub(path.len() + 64).ok_or(PinError::NamesTooLong)?;
        Ok(path.strip_suffix('/').unwrap_or(path).split('/').map(str::to_owned).collect())
    }

    async fn step(&mut self, step: Step) -> Result<(), PinError> {
        if self.steps.send(step).await.is_ok() {
            return Ok(());
        }
        // The worker only stops receiving when it failed.
        match (&mut self.worker).await {
            Ok(Err(error)) => Err(error.into()),
            _ => Err(PinError::Stopped),
        }
    }

    /// All has come: the content `wanted` names, complete and synced, or nothing if it is not what came.
    pub(super) async fn seal(self, wanted: Cid) -> Result<Option<(Found, Place)>, PinError> {
        let Self { steps, worker, place, _turn, _running, .. } = self;
        drop(steps);
        let collected = worker.await.map_err(|_| PinError::Stopped)??;
        let sealing = tokio::task::spawn_blocking(move || collected.seal(&wanted));
        let found = sealing.await.map_err(|_| PinError::Stopped)??;
        Ok(found.map(|found| (found, place)))
    }
    /// All has come: the whole of it, imported with `profile`, complete and synced.
    pub(super) async fn seal_whole(self, profile: Profile, wrap: bool) -> Result<(Found, Place), PinError> {
        let Self { steps, worker, place, _turn, _running, .. } = self;
        drop(steps);
        let collected = worker.await.map_err(|_| PinError::Stopped)??;
        let sealing = tokio::task::spawn_blocking(move || collected.seal_whole(profile, wrap));
        let found = sealing.await.map_err(|_| PinError::Stopped)??;
        Ok((found, place))
    }
}

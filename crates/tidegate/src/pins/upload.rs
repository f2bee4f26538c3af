//! An upload under way: the asynchronous side that a handler feeds, with its limits.

use std::time::Duration;

use bytes::Bytes;
use tidegate_content::{Cid, Profile};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
};

use super::{
    Format, PinError, Pins,
    archive::Archive,
    bounds::Bounds,
    collect::{CollectError, Collected, Found, Step},
    gather::Gather,
    room::Place,
    tarball,
};
use crate::telemetry::metrics::{self, Running};

/// Steps waiting for the importing thread; each holds at most one piece of content.
const WAITING_STEPS: usize = 4;
/// What of small files is gathered for one step: very many of them would cost as many hand-overs between threads.
const SMALL_BYTES: usize = 64 << 10;
/// The same in files.
const SMALL_FILES: usize = 256;
/// When to try again after [`PinError::Busy`].
const BUSY_RETRY: Duration = Duration::from_secs(2);

/// Leave to receive one upload, of which only so many run at once.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    _running: Running,
}

/// Dropping it ends the import and removes what was staged.
pub struct Upload {
    steps: mpsc::Sender<Step>,
    worker: JoinHandle<Result<Received, CollectError>>,
    gather: Gather,
    /// The file begun last, while all of it that came is in `gather`.
    opened: Option<Vec<String>>,
    small: Vec<(Vec<String>, Bytes)>,
    small_bytes: usize,
    bytes_left: u64,
    bounds: Bounds,
    limit: u64,
    pins: Pins,
    place: Place,
    _turn: Turn,
}

/// What came.
enum Received {
    Files(Collected),
    Dag(Archive),
}

impl Pins {
    /// Whether this server takes uploads.
    ///
    /// # Errors
    /// [`PinError::NotHere`] on a Cloud.
    pub fn check_role(&self) -> Result<(), PinError> {
        if self.takes_uploads { Ok(()) } else { Err(PinError::NotHere) }
    }

    /// Leave to receive an upload.
    ///
    /// # Errors
    /// [`PinError::Busy`] when too many are running; [`PinError::NotHere`] on a Cloud.
    pub fn turn(&self) -> Result<Turn, PinError> {
        self.check_role()?;
        let permit = self.uploads.clone().try_acquire_owned().map_err(|_| PinError::Busy(BUSY_RETRY))?;
        Ok(Turn { _permit: permit, _running: Running::upload() })
    }

    /// Begins an upload of files that are imported with `profile` while they come.
    ///
    /// # Errors
    /// [`PinError::Busy`] when too many are running; [`PinError::NotHere`] on a Cloud.
    pub fn begin(&self, profile: Profile) -> Result<Upload, PinError> {
        self.begin_as(Format::File, profile)
    }

    /// The same for content that may come as one archive, whose bytes are [written](Upload::write) without a file around them. Only
    /// files are imported: for a CAR the profile means nothing.
    ///
    /// # Errors
    /// [`PinError::Busy`] when too many are running.
    pub fn begin_as(&self, format: Format, profile: Profile) -> Result<Upload, PinError> {
        Ok(self.begin_in(self.turn()?, self.room.place(), format, profile))
    }

    /// The same with leave and a place that are there already.
    pub(crate) fn begin_in(&self, turn: Turn, place: Place, format: Format, profile: Profile) -> Upload {
        let (steps, mut receiver) = mpsc::channel(WAITING_STEPS);
        let (store, hasher) = (self.store.clone(), self.hasher.clone());
        let (bounds, blocks) = (Bounds::new(self.limits.upload_files), self.archive_blocks);
        let files = bounds.clone();
        let worker = tokio::task::spawn_blocking(move || match format {
            Format::File => Collected::receive(&store, &hasher, profile, &mut receiver).map(Received::Files),
            Format::Tar => {
                tarball::receive(&store, &hasher, profile, files, &mut receiver).map(Received::Files)
            }
            Format::Car => Archive::receive(&store, blocks, &mut receiver).map(Received::Dag),
        });
        let limit = self.limits.upload_size.as_u64();
        Upload {
            steps,
            worker,
            gather: Gather::default(),
            opened: None,
            small: Vec::new(),
            small_bytes: 0,
            bytes_left: limit,
            bounds,
            limit,
            pins: self.clone(),
            place,
            _turn: turn,
        }
    }
}

impl Upload {
    /// The same upload, of at most so many bytes of content if that is less than it might have.
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        let limit = self.limit.min(bytes);
        Self { bytes_left: limit, limit, ..self }
    }

    /// A file begins. Its path is relative to the upload, segments divided by `/`.
    ///
    /// # Errors
    /// Too many files, or the import has failed.
    pub async fn open_file(&mut self, path: &str) -> Result<(), PinError> {
        self.opened = Some(self.bounds.path(path)?);
        Ok(())
    }

    /// The next bytes of the file begun last, or of the archive. Waits while the import is behind, which slows the sender down.
    ///
    /// # Errors
    /// The upload is too large, the store is full, or the import has failed, as on a full disk.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), PinError> {
        let len = bytes.len() as u64;
        self.bytes_left = self.bytes_left.checked_sub(len).ok_or(PinError::TooLarge(self.limit))?;
        let received = self.limit - self.bytes_left;
        self.pins.grow_place(&mut self.place, received).await?;
        metrics::received(len);
        while !bytes.is_empty() {
            if let Some(piece) = self.gather.take(&mut bytes) {
                if let Some(path) = self.opened.take() {
                    self.step(Step::Open(path)).await?;
                }
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
        if let Some(path) = self.opened.take() {
            let bytes = self.gather.rest().unwrap_or_default();
            self.small_bytes += bytes.len();
            self.small.push((path, bytes));
            let is_enough = self.small_bytes >= SMALL_BYTES || self.small.len() >= SMALL_FILES;
            return if is_enough { self.send_small_files().await } else { Ok(()) };
        }
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
        let path = self.bounds.path(path)?;
        self.step(Step::Directory(path)).await
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// Too many files, or the import has failed.
    pub async fn add_symlink(&mut self, path: &str, target: Bytes) -> Result<(), PinError> {
        let path = self.bounds.path(path)?;
        self.step(Step::Symlink(path, target)).await
    }

    async fn send_small_files(&mut self) -> Result<(), PinError> {
        self.small_bytes = 0;
        let files = std::mem::take(&mut self.small);
        if files.is_empty() { Ok(()) } else { self.hand_over(Step::Files(files)).await }
    }

    /// The next step, after the files that came before it.
    async fn step(&mut self, step: Step) -> Result<(), PinError> {
        self.send_small_files().await?;
        self.hand_over(step).await
    }

    async fn hand_over(&mut self, step: Step) -> Result<(), PinError> {
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
        let (received, place, _turn) = self.end().await?;
        let sealing = tokio::task::spawn_blocking(move || match received {
            Received::Files(files) => files.seal(&wanted),
            Received::Dag(dag) if dag.is(&wanted) => dag.seal().map(Some),
            Received::Dag(_) => Ok(None),
        });
        let found = sealing.await.map_err(|_| PinError::Stopped)??;
        Ok(found.map(|found| (found, place)))
    }

    /// All has come: the whole of it, imported with `profile`, complete and synced.
    pub(super) async fn seal_whole(self, profile: Profile, wrap: bool) -> Result<(Found, Place), PinError> {
        let (received, place, _turn) = self.end().await?;
        let sealing = tokio::task::spawn_blocking(move || match received {
            Received::Files(files) => files.seal_whole(profile, wrap),
            Received::Dag(dag) => dag.seal(),
        });
        let found = sealing.await.map_err(|_| PinError::Stopped)??;
        Ok((found, place))
    }

    /// Waits until all that came is imported.
    async fn end(mut self) -> Result<(Received, Place, Turn), PinError> {
        self.send_small_files().await?;
        if let Some(piece) = self.gather.rest() {
            self.step(Step::Data(piece)).await?;
        }
        let Self { steps, worker, place, _turn: turn, .. } = self;
        drop(steps);
        let received = worker.await.map_err(|_| PinError::Stopped)??;
        Ok((received, place, turn))
    }
}

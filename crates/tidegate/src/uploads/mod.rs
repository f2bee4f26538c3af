//! Uploads that go on after a break: bytes come in any number of requests, and what was acknowledged stays.
//!
//! | file | what lives there |
//! |---|---|
//! | `file.rs` | the bytes, each upload in a file of its own under `uploads/` in the data folder |
//! | `live.rs` | whose turn it is to write, and what is known of an upload in memory alone |
//! | `create.rs` | an upload begins |
//! | `receive.rs` | more bytes |
//! | `end.rs` | all bytes are here: the import, and the pin |
//! | `forget.rs` | an upload goes: its owner says so, or nothing was heard of it |
//! | `recover.rs` | what an earlier process left |
//! | `wish.rs` | what is to become of an upload |
//! | `error.rs` | what can go wrong |
//!
//! The row in the database says that there is an upload and whose; how much of it is here, only its file says. An upload belongs to
//! the node that has the file. The protocol that clients speak is not known here.

mod checksum;
mod create;
mod end;
mod error;
mod file;
mod forget;
mod live;
mod receive;
mod recover;
mod wish;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use checksum::{Algorithm, Checksum};
pub use end::Pinned;
pub use error::{Interrupted, Refusal, RefusalKind, UploadError};
pub use receive::{Incoming, Part, Received};
pub use wish::Wish;

use crate::{
    accounts::Accounts,
    blobs::BlobError,
    clock::{Clock, Timestamp},
    config::Config,
    db::{
        AccountId, Db,
        uploads::{self, StoredUpload, UploadState},
    },
    pins::{PinError, Pins},
};
use file::Folder;
use live::Register;

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Uploads(Arc<Parts>);

struct Parts {
    db: Arc<Db>,
    clock: Clock,
    accounts: Arc<Accounts>,
    pins: Pins,
    folder: Folder,
    live: Register,
    limit: u64,
    expiry: Duration,
    quota: u64,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// How an upload stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// What is written down of it.
    pub stored: StoredUpload,
    /// How far it is.
    pub stage: Stage,
    /// Bytes that are here.
    pub offset: u64,
    /// Bytes of these that the import has read.
    pub imported: u64,
    /// What it became.
    pub pinned: Option<Pinned>,
    /// Why it did not, or not yet.
    pub refusal: Option<Refusal>,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Bytes are missing.
    Receiving,
    /// All is here, but nobody has said which content it is.
    Waiting,
    /// All is here and known; the import is to be asked for again.
    Received,
    /// It is being imported.
    Importing,
    /// It became a pin.
    Pinned,
    /// It can never become one.
    Failed,
}

impl Uploads {
    /// The uploads in the data folder `dir`. What an earlier process left is found again, and what has no record is removed.
    ///
    /// # Errors
    /// The folder or the database cannot be read or written.
    pub async fn open(
        dir: &Path,
        db: &Arc<Db>,
        clock: &Clock,
        accounts: &Arc<Accounts>,
        pins: &Pins,
        config: &Config,
    ) -> anyhow::Result<Self> {
        let folder = Folder::open(&dir.join("uploads")).context("cannot make the folder for uploads")?;
        let limits = &config.limits;
        let uploads = Self(Arc::new(Parts {
            db: Arc::clone(db),
            clock: clock.clone(),
            accounts: Arc::clone(accounts),
            pins: pins.clone(),
            folder,
            live: Register::default(),
            limit: limits.upload_size.as_u64(),
            expiry: limits.upload_expiry,
            quota: limits.account_quota.as_u64(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }));
        uploads.recover().await.context("cannot find unfinished uploads again")?;
        Ok(uploads)
    }

    /// Bytes of the longest upload.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes that have come of uploads that go on after a break.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn bytes(&self) -> Result<u64, BlobError> {
        self.0.folder.bytes().await
    }

    /// How an upload of the account stands.
    ///
    /// # Errors
    /// There is none, or a failure.
    pub async fn status(&self, account: AccountId, id: &str) -> Result<Status, UploadError> {
        let stored = self.find(account, id).await?;
        let live = self.0.live.find(id);
        let imported = live.as_ref().and_then(|live| live.importing());
        let length = stored.upload.length;
        let offset = match stored.state {
            // Where it is gone by now, all of it was here.
            UploadState::Open => self.0.folder.len(id).await?.or(length).unwrap_or(0),
            UploadState::Pinned => length.unwrap_or(0),
            UploadState::Failed => 0,
        };
        let stage = match stored.state {
            UploadState::Pinned => Stage::Pinned,
            UploadState::Failed => Stage::Failed,
            UploadState::Open if imported.is_some() => Stage::Importing,
            UploadState::Open if length != Some(offset) => Stage::Receiving,
            UploadState::Open if Wish::from_json(&stored.upload.wish).claim().is_some() => Stage::Received,
            UploadState::Open => Stage::Waiting,
        };
        let outcome = stored.outcome.as_deref();
        let refusal = match stage {
            Stage::Failed => outcome.map(Refusal::from_json),
            _ => live.and_then(|live| live.trouble()),
        };
        let pinned = outcome.filter(|_| stage == Stage::Pinned).and_then(Pinned::from_json);
        let imported = imported.unwrap_or(if stage == Stage::Pinned { offset } else { 0 });
        Ok(Status { stored, stage, offset, imported, pinned, refusal })
    }

    /// How much of an upload is here for good. Whoever asks is about to go on: a request that is still sending bytes ends.
    ///
    /// # Errors
    /// There is no such upload, or nothing can become of it any more; or a failure.
    pub async fn offset(&self, account: AccountId, id: &str) -> Result<(StoredUpload, u64), UploadError> {
        let stored = self.find_alive(account, id).await?;
        if stored.state == UploadState::Pinned {
            let offset = stored.upload.length.unwrap_or(0);
            return Ok((stored, offset));
        }
        let live = self.0.live.of(id);
        let _claim = live.claim().await;
        // It may have ended meanwhile.
        let stored = self.find_alive(account, id).await?;
        let offset = match stored.state {
            UploadState::Open => self.0.folder.good_len(id).await?.or(stored.upload.length).unwrap_or(0),
            _ => stored.upload.length.unwrap_or(0),
        };
        Ok((stored, offset))
    }

    /// Ends what is under way, keeping all bytes that have come.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// The account's upload, if it is on this node and its time is not over.
    async fn find(&self, account: AccountId, id: &str) -> Result<StoredUpload, UploadError> {
        let key = id.to_owned();
        let found =
            self.0.db.read(move |s| Box::pin(async move { uploads::find_upload(s, account, &key).await }));
        let stored = found.await?.ok_or(UploadError::NotFound)?;
        if stored.upload.node != self.0.pins.node() {
            return Err(UploadError::Elsewhere);
        }
        if stored.expires_at <= self.0.clock.now() {
            return Err(UploadError::Expired);
        }
        Ok(stored)
    }

    /// The same, if anything can become of it, or has.
    async fn find_alive(&self, account: AccountId, id: &str) -> Result<StoredUpload, UploadError> {
        let stored = self.find(account, id).await?;
        match (&stored.state, &stored.outcome) {
            (UploadState::Failed, outcome) => {
                Err(UploadError::Over(Refusal::from_json(outcome.as_deref().unwrap_or_default())))
            }
            _ => Ok(stored),
        }
    }

    /// When an upload of which there is news now is forgotten.
    fn expiry(&self) -> Timestamp {
        self.0.clock.now().plus(self.0.expiry)
    }
}

impl From<PinError> for UploadError {
    fn from(error: PinError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<BlobError> for UploadError {
    fn from(error: BlobError) -> Self {
        PinError::from(error).into()
    }
}

//! The life of a pin: an upload is received, checked against what its owner signed, made durable, and counted; a request by CID
//! is recorded; a pin is removed, and content that nobody holds any more.
//!
//! [`Pins`] is for those who write; who may read which content is decided in `library.rs`. `publish.rs` makes content durable,
//! `hold.rs` has the rules of holding and letting go, `collection.rs` those of removing; `fulfil.rs` ends what `request.rs` begins.
//! Where one Cloud has many Endpoints, `mirror.rs` takes in what they tell, and `errands.rs` does what the Cloud wants done.

mod allowance;
mod archive;
mod audit;
mod bounds;
mod check;
mod claim;
mod collect;
mod collection;
mod disk;
mod errands;
mod format;
mod from_s3;
mod fulfil;
mod gather;
mod hold;
mod library;
pub(crate) mod locks;
mod measure;
mod mirror;
mod publish;
mod repair;
mod request;
mod room;
mod tarball;
mod unpin;
mod upload;
mod whole;

use std::{sync::Arc, time::Duration};

use tidegate_content::{Cid, FrontierError, Hasher};
use tokio::sync::{Notify, Semaphore};

pub use allowance::Allowance;
pub use archive::ArchiveError;
pub use audit::{Audit, Missing, Unknown};
pub use check::Damaged;
pub use claim::{first_profile, profiles_for};
pub use collect::CollectError;
pub use collection::Collected;
pub use disk::{DiskUse, LastAudit};
pub use errands::Untold;
pub use format::Format;
pub use from_s3::Fetch;
pub use library::{Library, LookupError};
use library::{PublicRoots, public_roots};
pub(crate) use measure::{measure, payload};
pub use repair::Repaired;
pub use request::Request;
pub use room::{Place, Room};
pub use upload::{Turn, Upload};
pub use whole::Wanted;

use crate::{
    blobs::{BlobError, BlobStore, Root},
    clock::Clock,
    config::{Config, Limits, Role},
    db::{
        Db, DbError, contents,
        pins::{NewPin, Pin, PinSource, Visibility},
    },
};
use locks::Locks;

/// Why content was not pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// As many uploads as allowed are running.
    #[error("too many uploads are running; try again in {} seconds", .0.as_secs())]
    Busy(Duration),
    /// The upload is larger than allowed.
    #[error("an upload may hold {0} bytes of content at most")]
    TooLarge(u64),
    /// More files than allowed.
    #[error("an upload may hold {0} files and folders at most")]
    TooManyFiles(usize),
    /// The paths of the files are longer, taken together, than allowed.
    #[error("the names of the files are too long, taken together")]
    NamesTooLong,
    /// What came is not what the client named.
    #[error("the content is not what its CID says")]
    OtherContent,
    /// The files do not make a folder, or the like.
    #[error(transparent)]
    Collect(CollectError),
    /// A CID whose content could never be checked.
    #[error(transparent)]
    CannotPull(#[from] FrontierError),
    /// This server is the Cloud, which takes no uploads.
    #[error(
        "this is the Cloud, which takes no uploads: send them to one of the Endpoints that GET /endpoint/list names"
    )]
    NotHere,
    /// The account may not pin so much.
    #[error("this would exceed the account's quota")]
    QuotaExceeded,
    /// The key that this was to be done with is for other names.
    #[error("this API key pins and removes only what has a name that begins with {0:?}")]
    OutsidePrefix(String),
    /// The key that this was to be done with was good for so many things.
    #[error("the API key has been used as often as it may be")]
    KeyUsedUp,
    /// The upload link was good for so many uploads, or is gone.
    #[error("this upload link has been used as often as it may be, or is not good any more")]
    LinkUsedUp,
    /// So many of the account's requests wait that no more are taken.
    #[error("{0} requests of this account wait already; try again when some of them are done")]
    TooManyQueued(u64),
    /// As much content is stored as the operator allows.
    #[error("as much content is stored as the setting store.size allows")]
    StoreFull,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The disk.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The thread that imports ended by a fault of ours.
    #[error("the import stopped unexpectedly")]
    Stopped,
}

impl From<CollectError> for PinError {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::TooManyFiles(files) => Self::TooManyFiles(files),
            CollectError::NamesTooLong => Self::NamesTooLong,
            other => Self::Collect(other),
        }
    }
}

/// What a pin is called beside its CID.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who may read it. `None`: who may already, and everybody if it is new.
    pub visibility: Option<Visibility>,
}

/// A pin to be made, or renewed.
#[derive(Clone)]
struct Wish {
    pin: NewPin,
    /// A pin that is there keeps its visibility.
    as_visible_as_before: bool,
}

/// Where pins are made. Cheap to clone.
#[derive(Clone)]
pub struct Pins {
    db: Arc<Db>,
    store: BlobStore,
    hasher: Hasher,
    clock: Clock,
    limits: Limits,
    node: Arc<str>,
    uploads: Arc<Semaphore>,
    /// Blocks of the largest DAG that is taken from an archive.
    archive_blocks: u64,
    publishing: Arc<Locks<Root>>,
    public: PublicRoots,
    grace: Duration,
    room: Room,
    unpinned: Arc<Notify>,
    /// Rung when a request has come.
    work: Arc<Notify>,
    /// Rung when there may be something to tell the Cloud.
    news: Arc<Notify>,
    takes_uploads: bool,
}

impl Pins {
    /// Pins into `store` and `db`, in the name of this `node`.
    pub fn new(db: Arc<Db>, store: BlobStore, clock: Clock, config: &Config, node: &str) -> Self {
        let limits = &config.limits;
        Self {
            grace: config.store.grace,
            room: Room::new(config.store.size.as_u64()),
            unpinned: Arc::default(),
            work: Arc::default(),
            news: Arc::default(),
            takes_uploads: config.server.role != Role::Cloud,
            db,
            store,
            hasher: Hasher::all_cores(),
            clock,
            uploads: Arc::new(Semaphore::new(limits.uploads)),
            archive_blocks: config.pull.blocks,
            limits: limits.clone(),
            node: node.into(),
            publishing: Arc::default(),
            public: public_roots(),
        }
    }

    /// What may be read of all that is pinned. What becomes private here is not read there from then on.
    #[must_use]
    pub fn library(&self) -> Library {
        Library::sharing(Arc::clone(&self.db), self.store.clone(), self.public.clone())
    }

    /// How much content may be here, and is.
    #[must_use]
    pub fn room(&self) -> Room {
        self.room.clone()
    }

    /// In whose name this process works.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Counts what is stored, where there is a limit to it. Once, before anything is pinned.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn measure_store(&self) -> Result<(), PinError> {
        if self.room.is_limited() {
            let totals = self.db.read(|s| Box::pin(contents::totals(s))).await?;
            self.room.count(totals.car_bytes);
        }
        Ok(())
    }

    /// Removes what a crash left: staged files, and content that was renamed into place but never committed.
    ///
    /// # Errors
    /// The folders or the database cannot be read or written.
    pub async fn clean(&self) -> Result<usize, PinError> {
        let node = Arc::clone(&self.node);
        let incoming =
            self.db.read(move |s| Box::pin(async move { contents::incoming_of(s, &node).await })).await?;
        let mut removed = self.store.clear_staging().map_err(BlobError::from)?;
        for text in incoming {
            let Ok(cid) = tidegate_content::parse_cid(&text) else {
                continue;
            };
            let committed = self.content_exists(&text).await?;
            if !committed {
                self.store.remove(&Root::of(&cid)).map_err(BlobError::from)?;
                removed += 1;
            }
            self.db
                .write(move |s| Box::pin(async move { contents::forget_incoming(s, &text).await }))
                .await?;
        }
        Ok(removed)
    }

    /// Takes `upload`, which is complete, as the content `cid` and pins it in somebody's name.
    ///
    /// Pinning the same content again renews the one pin (reference A10).
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then, and nothing stays behind.
    pub async fn pin_upload(
        &self,
        by: impl Into<Allowance>,
        upload: Upload,
        cid: &Cid,
        cid_text: &str,
        label: Label,
    ) -> Result<Pin, PinError> {
        let by = by.into();
        by.check_name(label.name.as_deref())?;
        let (found, place) = upload.seal(*cid).await?.ok_or(PinError::OtherContent)?;
        let pin = NewPin {
            account: by.account,
            root: found.sealed.root.to_string(),
            cid: cid_text.to_owned(),
            name: label.name,
            meta: "{}".to_owned(),
            visibility: label.visibility.unwrap_or(Visibility::Public),
            source: PinSource::PinFile,
            size: found.size,
        };
        let wish = Wish { pin, as_visible_as_before: label.visibility.is_none() };
        // What has begun is finished, also when the caller does not wait for it any more.
        let pins = self.clone();
        tokio::spawn(async move { pins.keep(found, place, wish, by).await })
            .await
            .map_err(|_| PinError::Stopped)?
    }

    async fn content_exists(&self, root: &str) -> Result<bool, DbError> {
        let root = root.to_owned();
        let content =
            self.db.read(move |s| Box::pin(async move { contents::find_content(s, &root).await })).await?;
        Ok(content.is_some())
    }
}

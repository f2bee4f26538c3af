//! The life of a pin: an upload is received, checked against what its owner signed, made durable, and counted; a request by CID
//! is recorded; a pin is removed, and content that nobody holds any more.
//!
//! [`Pins`] is for those who write; who may read which content is decided in `library.rs`. `hold.rs` has the rules of holding and
//! letting go, `collection.rs` those of removing.

mod audit;
mod check;
mod claim;
mod collect;
mod collection;
mod fulfil;
mod gather;
mod hold;
mod library;
pub(crate) mod locks;
mod measure;
mod repair;
mod request;
mod room;
mod unpin;
mod upload;
mod whole;

use std::{sync::Arc, time::Duration};

use tidegate_content::{Cid, FrontierError, Hasher};
use tokio::sync::{Notify, Semaphore};

pub use audit::{Audit, Missing, Unknown};
pub use check::Damaged;
pub use claim::{first_profile, profiles_for};
pub use collect::CollectError;
pub use collection::Collected;
pub use library::{Library, LookupError};
use library::{PublicRoots, public_roots};
pub(crate) use measure::measure;
pub use repair::Repaired;
pub use request::Request;
pub use upload::Upload;
pub use whole::Wanted;

use crate::{
    accounts::Caller,
    blobs::{BlobError, BlobStore, Root, Sealed},
    clock::{Clock, Timestamp},
    config::{Config, Limits},
    db::{
        Db, DbError, Session, accounts,
        contents::{self, ContentKind, NewContent},
        pins::{NewPin, Pin, PinSource, Visibility},
    },
    telemetry::metrics,
};
use collect::Found;
use hold::{here, hold, job_of_upload};
use locks::Locks;
use room::{Place, Room};

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
    Collect(#[from] CollectError),
    /// A CID whose content could never be checked.
    #[error(transparent)]
    CannotPull(#[from] FrontierError),
    /// The account may not pin so much.
    #[error("this would exceed the account's quota")]
    QuotaExceeded,
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
    publishing: Arc<Locks<Root>>,
    public: PublicRoots,
    grace: Duration,
    room: Room,
    unpinned: Arc<Notify>,
    /// Rung when a request has come.
    work: Arc<Notify>,
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
            db,
            store,
            hasher: Hasher::all_cores(),
            clock,
            uploads: Arc::new(Semaphore::new(limits.uploads)),
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

    /// Takes `upload`, which is complete, as the content `cid` and pins it for `caller`.
    ///
    /// Pinning the same content again renews the one pin (reference A10).
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then, and nothing stays behind.
    pub async fn pin_upload(
        &self,
        caller: &Caller,
        upload: Upload,
        cid: &Cid,
        cid_text: &str,
        label: Label,
    ) -> Result<Pin, PinError> {
        let (found, place) = upload.seal(*cid).await?.ok_or(PinError::OtherContent)?;
        let pin = NewPin {
            account: caller.account,
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
        tokio::spawn(async move { pins.keep(found, place, wish).await })
            .await
            .map_err(|_| PinError::Stopped)?
    }

    async fn keep(&self, found: Found, mut place: Place, wish: Wish) -> Result<Pin, PinError> {
        let root = found.sealed.root;
        // Two uploads of the same content would rename and remove each other's file.
        let _publishing = self.publishing.lock(root).await;
        let mut pinned = None;
        if self.content_exists(&wish.pin.root).await? {
            // Nothing when another process has just removed it.
            pinned = self.commit(None, wish.clone()).await?;
        }
        let pinned = match pinned {
            Some(pinned) => pinned,
            None => {
                // The blocks are all there is of the content; the file around them is a little more.
                self.reserve(&mut place, found.sealed.car_bytes).await?;
                let pinned = self.publish(found, wish).await?;
                place.keep();
                pinned
            }
        };
        self.public.invalidate(&root);
        metrics::pinned(pinned.pin.source.as_str());
        Ok(pinned)
    }

    async fn content_exists(&self, root: &str) -> Result<bool, DbError> {
        let root = root.to_owned();
        let content =
            self.db.read(move |s| Box::pin(async move { contents::find_content(s, &root).await })).await?;
        Ok(content.is_some())
    }

    /// Announces, renames, commits: at every moment a crash leaves either a pin or something [`Pins::clean`] removes.
    async fn publish(&self, found: Found, wish: Wish) -> Result<Pin, PinError> {
        let root = found.sealed.root;
        let kind = if found.is_directory { ContentKind::Directory } else { ContentKind::File };
        let committed = match self.put_in_place(found.sealed, kind, found.size).await {
            // A content that comes with its pin cannot be missing.
            Ok(placed) => {
                self.commit(Some(placed), wish).await.and_then(|pinned| pinned.ok_or(PinError::Stopped))
            }
            Err(error) => Err(error),
        };
        if committed.is_err() {
            self.take_back(root).await;
        }
        committed
    }

    /// Announces the content and gives its file its name; what is to be committed then, or taken back.
    async fn put_in_place(
        &self,
        mut sealed: Sealed,
        kind: ContentKind,
        size: u64,
    ) -> Result<(NewContent, Vec<i64>), PinError> {
        let content = NewContent {
            root: sealed.root.to_string(),
            kind,
            size,
            car_bytes: sealed.car_bytes,
            block_count: sealed.block_prefixes.len() as u64,
        };
        let (text, node, now) = (content.root.clone(), Arc::clone(&self.node), self.clock.now());
        self.db
            .write(move |s| Box::pin(async move { contents::announce_incoming(s, &text, &node, now).await }))
            .await?;
        let mut prefixes = std::mem::take(&mut sealed.block_prefixes);
        prefixes.sort_unstable();
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.publish(sealed)).await.map_err(|_| PinError::Stopped)??;
        Ok((content, prefixes))
    }

    /// One transaction: the content and its blocks if they are new, the pin and its job, and what it costs its account. Nothing
    /// when the content should be here and is not.
    async fn commit(
        &self,
        content: Option<(NewContent, Vec<i64>)>,
        wish: Wish,
    ) -> Result<Option<Pin>, PinError> {
        let (quota, now) = (self.limits.account_quota.as_u64(), self.clock.now());
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::lock(s, wish.pin.account).await?;
                    if let Some((content, prefixes)) = content {
                        record_content(s, &content, &prefixes, now).await?;
                    } else if !here(s, &wish.pin.root).await? {
                        return Ok(None);
                    }
                    let pinned = hold(s, wish, quota, now).await?;
                    job_of_upload(s, &pinned, now).await?;
                    Ok(Some(pinned))
                })
            })
            .await
    }

    /// Takes so many bytes altogether, after removing unpinned content before its time if need be.
    async fn reserve(&self, place: &mut Place, bytes: u64) -> Result<(), PinError> {
        if place.take(bytes) {
            return Ok(());
        }
        self.make_room(bytes.saturating_sub(place.bytes())).await?;
        if place.take(bytes) { Ok(()) } else { Err(PinError::StoreFull) }
    }

    /// Undoes a publication that was not committed. What fails here is done at the next start.
    async fn take_back(&self, root: Root) {
        let (store, text) = (self.store.clone(), root.to_string());
        // A commit may have happened though its answer was lost: then the file must stay.
        let undone = async {
            if !self.content_exists(&text).await? {
                tokio::task::spawn_blocking(move || store.remove(&root))
                    .await
                    .map_err(|_| PinError::Stopped)?
                    .map_err(BlobError::from)?;
            }
            self.db
                .write(move |s| Box::pin(async move { contents::forget_incoming(s, &text).await }))
                .await?;
            Ok::<(), PinError>(())
        };
        if let Err(error) = undone.await {
            tracing::warn!(%root, %error, "an unfinished pin is left for the next start to remove");
        }
    }
}

/// Records a content whose file is in place, with its blocks, and that it came.
async fn record_content(
    s: &mut Session<'_>,
    content: &NewContent,
    prefixes: &[i64],
    now: Timestamp,
) -> Result<(), DbError> {
    if let Some(id) = contents::insert_content(s, content, now).await? {
        contents::insert_blocks(s, id, prefixes).await?;
    }
    contents::forget_incoming(s, &content.root).await
}

//! Who may read which content: what at least one public pin holds is everybody's, whether asked for by its root or by
//! the CID of a block inside. All else is as if it were not there.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use tidegate_content::{
    Cid,
    cid_text::{IDENTITY, Multihash},
    parse_cid,
};

use crate::{
    blobs::{Access, BlobError, BlobStore, CarFile, Root, prefix},
    db::{Db, DbError, contents, pins},
};

/// How long an answer about a root is good without asking the database again: a pin made or removed by another process
/// is seen after this time.
const REMEMBERED: Duration = Duration::from_secs(1);
const REMEMBERED_ROOTS: u64 = 10_000;

/// Why content cannot be looked up, though it may be there.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The disk.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// The content that may be read. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    db: Arc<Db>,
    store: BlobStore,
    public: Cache<Root, ()>,
}

impl Library {
    /// The content of `store` as the pins in `db` allow.
    pub fn new(db: Arc<Db>, store: BlobStore) -> Self {
        let public = Cache::builder().max_capacity(REMEMBERED_ROOTS).time_to_live(REMEMBERED).build();
        Self { db, store, public }
    }

    /// A file that holds `cid`'s block and that everybody may read, or nothing.
    ///
    /// # Errors
    /// The database or the file cannot be read.
    pub async fn find_public(&self, cid: &Cid) -> Result<Option<Arc<CarFile>>, LookupError> {
        let root = Root::of(cid);
        if self.is_public(&root).await?
            && let Some(car) = self.open(root).await?
        {
            return Ok(Some(car));
        }
        if cid.hash().code() == IDENTITY {
            return Ok(None);
        }
        self.find_inside(cid).await
    }

    /// Whether everybody may read the DAG of `root`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn is_public(&self, root: &Root) -> Result<bool, LookupError> {
        if self.public.get(root).is_some() {
            return Ok(true);
        }
        let text = root.to_string();
        let public = self.db.read(move |s| Box::pin(async move { pins::is_public(s, &text).await })).await?;
        // Only a yes is kept: what was just pinned must be there at once.
        if public {
            self.public.insert(*root, ());
        }
        Ok(public)
    }

    /// Asks the database about `root` the next time: a pin of it was removed.
    pub(super) fn forget(&self, root: &Root) {
        self.public.invalidate(root);
    }

    async fn find_inside(&self, cid: &Cid) -> Result<Option<Arc<CarFile>>, LookupError> {
        let key = prefix(cid.hash().digest());
        let roots = self
            .db
            .read(move |s| Box::pin(async move { contents::public_roots_with_block(s, key).await }))
            .await?;
        for root in roots.iter().filter_map(|root| parse_cid(root).ok()) {
            let Some(car) = self.open(Root::of(&root)).await? else {
                continue;
            };
            if holds(&car, cid.hash()).await? {
                return Ok(Some(car));
            }
        }
        Ok(None)
    }

    /// The file of `root`, which [`Library::is_public`] said yes to.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn open(&self, root: Root) -> Result<Option<Arc<CarFile>>, LookupError> {
        if let Some(car) = self.store.get_open(&root) {
            return Ok(Some(car));
        }
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.get(&root)).await {
            Ok(opened) => Ok(opened?),
            Err(_) => Err(BlobError::Damaged("reading its headers failed").into()),
        }
    }
}

/// Whether `car` has the block of `hash`; only an index that is not in memory is read on a thread that may wait.
async fn holds(car: &Arc<CarFile>, hash: &Multihash) -> Result<bool, LookupError> {
    match car.contains(hash, Access::Memory) {
        Err(BlobError::WouldBlock) => {}
        known => return Ok(known?),
    }
    let (car, hash) = (Arc::clone(car), *hash);
    match tokio::task::spawn_blocking(move || car.contains(&hash, Access::Disk)).await {
        Ok(known) => Ok(known?),
        Err(_) => Err(BlobError::Damaged("reading its index failed").into()),
    }
}

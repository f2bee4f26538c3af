//! Who may read which content: what at least one public pin holds is everybody's, whether asked for by its root or by
//! the CID of a block inside. All else is as if it were not there, except to the buyers of those who pinned it.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use tidegate_content::{
    Cid,
    cid_text::{IDENTITY, Multihash},
    parse_cid,
};
use tidegate_ocean::Address;

use crate::{
    blobs::{Access, BlobError, BlobStore, CarFile, Root, prefix},
    db::{Db, DbError, contents, pins, wallets},
};

/// How long an answer about a root is good without asking the database again: a pin made or removed by another process
/// is seen after this time.
const REMEMBERED: Duration = Duration::from_secs(1);
const REMEMBERED_ROOTS: u64 = 10_000;

/// Roots that everybody may read, as far as we remember. Clones share it.
pub(super) type PublicRoots = Cache<Root, ()>;

/// An empty memory of public roots.
pub(super) fn public_roots() -> PublicRoots {
    Cache::builder().max_capacity(REMEMBERED_ROOTS).time_to_live(REMEMBERED).build()
}

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
    public: PublicRoots,
    /// The archive that holds what this wallet may sell.
    sold: Cache<(Cid, Address), Root>,
}

impl Library {
    /// The content of `store` as the pins in `db` allow. That of a server comes from [`Pins::library`](super::Pins::library),
    /// which knows at once what became private.
    pub fn new(db: Arc<Db>, store: BlobStore) -> Self {
        Self::sharing(db, store, public_roots())
    }

    /// The same, with a memory that others may make forget.
    pub(super) fn sharing(db: Arc<Db>, store: BlobStore, public: PublicRoots) -> Self {
        let sold = Cache::builder().max_capacity(REMEMBERED_ROOTS).time_to_live(REMEMBERED).build();
        Self { db, store, public, sold }
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

    /// A file that holds `cid`'s block and that an asset may deliver whose data NFT belongs to `owner`, or nothing.
    ///
    /// Public content any asset may deliver. What is private may be sold by the accounts that have it pinned, and an
    /// account says by its wallets which assets are its own: else whoever knows a CID could publish an asset of it.
    ///
    /// # Errors
    /// The database or the file cannot be read.
    pub async fn find_for_sale(
        &self,
        cid: &Cid,
        owner: Option<Address>,
    ) -> Result<Option<Arc<CarFile>>, LookupError> {
        let Some(owner) = owner else {
            return self.find_public(cid).await;
        };
        if let Some(root) = self.sold.get(&(*cid, owner))
            && let Some(car) = self.open(root).await?
        {
            return Ok(Some(car));
        }
        let found = match self.find_public(cid).await? {
            Some(car) => Some(car),
            None => self.find_owned(cid, owner).await?,
        };
        if let Some(car) = &found {
            self.sold.insert((*cid, owner), Root::of(car.root()));
        }
        Ok(found)
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

    async fn find_owned(&self, cid: &Cid, owner: Address) -> Result<Option<Arc<CarFile>>, LookupError> {
        let root = Root::of(cid);
        let text = root.to_string();
        let sellable =
            self.db.read(move |s| Box::pin(async move { wallets::may_sell(s, owner, &text).await })).await?;
        if sellable && let Some(car) = self.open(root).await? {
            return Ok(Some(car));
        }
        if cid.hash().code() == IDENTITY {
            return Ok(None);
        }
        let key = prefix(cid.hash().digest());
        let roots =
            self.db.read(move |s| Box::pin(wallets::sellable_roots_with_block(s, owner, key))).await?;
        self.first_that_holds(cid, &roots).await
    }

    async fn find_inside(&self, cid: &Cid) -> Result<Option<Arc<CarFile>>, LookupError> {
        let key = prefix(cid.hash().digest());
        let roots = self.db.read(move |s| Box::pin(contents::public_roots_with_block(s, key))).await?;
        self.first_that_holds(cid, &roots).await
    }

    async fn first_that_holds(
        &self,
        cid: &Cid,
        roots: &[String],
    ) -> Result<Option<Arc<CarFile>>, LookupError> {
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

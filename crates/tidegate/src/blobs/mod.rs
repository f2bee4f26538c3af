//! Pinned content on disk: one CARv2 file a DAG, named by its root, under `blobs/`; unfinished ones under `staging/`,
//! and those that are brought in from elsewhere, which may take many tries, under `partial/`.
//!
//! A `.car` under `blobs/` is whole and synced: it was staged, sealed, synced, renamed and its folder synced, in this order.
//! Small content is staged in memory and only written, under another name, where it is to be.
//! Which content may be served to whom is not known here.

mod buffers;
mod car_file;
mod content_type;
mod disk;
mod out;
mod partial;
mod staging;
mod stream;
mod verify;
mod waiting;
mod writer;

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use moka::sync::Cache;
use tidegate_content::{Cid, content_key, parse_cid};

pub(crate) use buffers::Buffer;
pub use car_file::{CarCursor, CarFile};
pub(crate) use content_type::{SNIFFED, content_type};
pub use disk::{Access, BlobError};
pub use partial::PartialCar;
pub use staging::{Sealed, StagedCar, StagedDag, prefix};
pub(crate) use stream::ContentStream;
pub use verify::{Damage, Verified, verify};
pub(crate) use waiting::{collect, read_range, with_blocks};

/// CAR files kept open between requests.
const OPEN_FILES: u64 = 256;

/// The root of a DAG in the one form under which we keep it: version 1, whatever the caller wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Root(Cid);

impl Root {
    /// The root that `cid` names.
    pub fn of(cid: &Cid) -> Self {
        Self(content_key(cid))
    }

    /// The root as a CID of version 1.
    pub fn cid(&self) -> &Cid {
        &self.0
    }
}

impl std::fmt::Display for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The folders that hold content. Cheap to clone.
#[derive(Clone)]
pub struct BlobStore {
    blobs: Arc<Path>,
    staging: Arc<Path>,
    partial: Arc<Path>,
    /// Folders below `blobs` whose own names are known to be durable.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
    open: Cache<Root, Arc<CarFile>>,
}

impl BlobStore {
    /// Bytes that the disk has room for.
    ///
    /// # Errors
    /// The system does not say.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&*self.blobs)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// The bytes of the disk altogether.
    ///
    /// # Errors
    /// The system does not say.
    pub fn disk_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&*self.blobs)?;
        Ok(disk.f_blocks.saturating_mul(disk.f_frsize))
    }

    /// Bytes of what is not content yet: uploads under way, and what is being brought in.
    ///
    /// # Errors
    /// The folders cannot be read.
    pub fn unfinished_bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for folder in [&self.staging, &self.partial] {
            for entry in fs::read_dir(folder)? {
                // What is finished meanwhile is not there any more.
                bytes += entry?.metadata().map_or(0, |file| file.len());
            }
        }
        Ok(bytes)
    }

    /// The store inside the data folder `dir`, whose folders are made where missing.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let [blobs, staging, partial] = ["blobs", "staging", "partial"].map(|name| dir.join(name));
        for folder in [&blobs, &staging, &partial] {
            fs::create_dir_all(folder)?;
        }
        sync_dir(dir)?;
        Ok(Self {
            blobs: blobs.into(),
            staging: staging.into(),
            partial: partial.into(),
            durable: Arc::default(),
            open: Cache::new(OPEN_FILES),
        })
    }

    /// Removes what an earlier process left unfinished. Only for the process that owns the folder.
    ///
    /// # Errors
    /// The folder cannot be read or a file in it not removed.
    pub fn clear_staging(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.staging)? {
            fs::remove_file(entry?.path())?;
            removed += 1;
        }
        Ok(removed)
    }

    /// An empty file to write a DAG to, which vanishes when it is dropped before [`BlobStore::publish`].
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn stage(&self, version: cid::Version) -> Result<StagedCar, BlobError> {
        StagedCar::create(self.staging.join(format!("{}.car", uuid::Uuid::now_v7().simple())), version)
    }

    /// An empty file for the DAG below `root`, to write its blocks to in any order.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn stage_dag(&self, root: &Cid) -> Result<StagedDag, BlobError> {
        StagedDag::create(self.staging.join(format!("{}.car", uuid::Uuid::now_v7().simple())), root)
    }

    /// What has come so far of the DAG below `root`, which others keep. Only one at a time may be open of a root.
    ///
    /// # Errors
    /// The file cannot be made or read.
    pub fn partial(&self, root: &Cid) -> Result<PartialCar, BlobError> {
        PartialCar::open(self.partial_path(&Root::of(root)), root)
    }

    /// Removes what has come of a DAG that nobody waits for any more; nothing there is no error.
    ///
    /// # Errors
    /// The file is there and cannot be removed.
    pub fn remove_partial(&self, root: &Root) -> io::Result<()> {
        remove_file(&self.partial_path(root)).map(drop)
    }

    /// Every DAG of which some has come, in no order, each with the bytes of its file.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn partials(&self) -> io::Result<Vec<(Root, u64)>> {
        let mut roots = Vec::new();
        for entry in fs::read_dir(&self.partial)? {
            let entry = entry?;
            let path = entry.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if let Some(cid) = name.and_then(|name| parse_cid(name).ok()) {
                roots.push((Root::of(&cid), entry.metadata()?.len()));
            }
        }
        Ok(roots)
    }

    fn partial_path(&self, root: &Root) -> PathBuf {
        self.partial.join(format!("{root}.car"))
    }

    /// Gives a sealed file its final name, durably. It replaces a file of the same root, which holds the same blocks.
    ///
    /// # Errors
    /// The folder cannot be made, the file not renamed, or a folder not synced; the content counts as absent then.
    pub fn publish(&self, sealed: Sealed) -> Result<(), BlobError> {
        let path = self.path(&sealed.root);
        let folder = path.parent().unwrap_or(&self.blobs);
        self.make_durable(folder)?;
        sealed.kept.name(&path, unnamed(&path))?;
        self.open.invalidate(&sealed.root);
        Ok(sync_dir(folder)?)
    }

    /// Makes a folder below `blobs` so that it stays. Finding it is not enough: whoever made it may not have synced yet.
    fn make_durable(&self, folder: &Path) -> io::Result<()> {
        let known = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        sync_dir(&self.blobs)?;
        known().insert(folder.to_owned());
        Ok(())
    }

    /// Removes the file of `root`, durably; one that is not there is no error. Who has it open can read it on.
    ///
    /// # Errors
    /// The file is there and cannot be removed, or its folder not synced.
    pub fn remove(&self, root: &Root) -> io::Result<()> {
        let path = self.path(root);
        let mut removed = remove_file(&unnamed(&path))?;
        let named = remove_file(&path);
        self.open.invalidate(root);
        removed |= named?;
        if removed { sync_dir(path.parent().unwrap_or(&self.blobs)) } else { Ok(()) }
    }

    /// The file of `root`, open; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read or is not a CAR of `root` with an index.
    pub fn get(&self, root: &Root) -> Result<Option<Arc<CarFile>>, BlobError> {
        if let Some(car) = self.open.get(root) {
            return Ok(Some(car));
        }
        let car = match CarFile::open(&self.path(root)) {
            Ok(car) => Arc::new(car),
            Err(BlobError::Io(e)) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        if Root::of(car.root()) != *root {
            return Err(BlobError::Damaged("its root is another than its name says"));
        }
        self.open.insert(*root, Arc::clone(&car));
        // It may have been removed since it was opened: nobody would close it then.
        if !self.path(root).exists() {
            self.open.invalidate(root);
        }
        Ok(Some(car))
    }

    /// The file of `root` if it is open already, which costs no system call.
    pub fn get_open(&self, root: &Root) -> Option<Arc<CarFile>> {
        self.open.get(root)
    }

    /// Every CAR file's path, in no order.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn paths(&self) -> io::Result<impl Iterator<Item = io::Result<PathBuf>>> {
        let folders = fs::read_dir(&self.blobs)?;
        Ok(folders.flat_map(|folder| match folder.and_then(|folder| fs::read_dir(folder.path())) {
            Ok(files) => Box::new(files.filter_map(named)) as Box<dyn Iterator<Item = _>>,
            Err(e) => Box::new(std::iter::once(Err(e))),
        }))
    }

    /// Where the file of `root` is: in a folder named by the last two characters, which are well spread.
    pub fn path(&self, root: &Root) -> PathBuf {
        let name = root.to_string();
        self.blobs.join(&name[name.len() - 2..]).join(format!("{name}.car"))
    }
}

/// The path of a file that has its name.
fn named(file: io::Result<fs::DirEntry>) -> Option<io::Result<PathBuf>> {
    let path = file.map(|file| file.path());
    let unfinished = path.as_ref().is_ok_and(|path| *path == unnamed(path));
    (!unfinished).then_some(path)
}

/// Where small content is written before it has the name `path`.
fn unnamed(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Removes a file, and tells whether it was there.
fn remove_file(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Makes the names in a folder durable.
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

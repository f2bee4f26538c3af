//! A CARv2 file being written, under a name that does not last: blocks as they come, then the index and the headers. An import
//! learns the root last, an archive that somebody sends says it first.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use cid::Version;
use tidegate_content::{
    BlockSink, BlockSource, Cid, NewBlock,
    cid_text::{Multihash, RAW, SHA2_256},
};

use super::{BlobError, Root, writer::CarWriter};

/// A file that is removed when dropped.
pub(super) struct Temporary(pub(super) PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Renamed files are not there any more; anything else is cleared at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// See the module's documentation. A block that comes twice is written once.
pub struct StagedCar {
    car: CarWriter,
    path: Temporary,
    version: Version,
}

/// A DAG that somebody sends block by block, in any order. A block that comes twice is written once.
pub struct StagedDag {
    car: CarWriter,
    path: Temporary,
    root: Cid,
}

/// A complete, synced file that waits for its name.
pub struct Sealed {
    pub(super) path: Temporary,
    /// What it holds.
    pub root: Root,
    /// Its length in bytes.
    pub car_bytes: u64,
    /// The first eight bytes of each block's digest.
    pub block_prefixes: Vec<i64>,
}

impl StagedCar {
    pub(super) fn create(path: PathBuf, version: Version) -> Result<Self, BlobError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let path = Temporary(path);
        // The root is not known yet, its length is.
        let car = CarWriter::begin(file, &placeholder(version))?;
        Ok(Self { car, path, version })
    }

    /// Completes the file for `root`, whose blocks were all written, and syncs it.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn seal(self, root: &Cid) -> Result<Sealed, BlobError> {
        debug_assert_eq!(root.version(), self.version, "the header's place is kept for another length");
        let written = self.car.finish(root)?;
        Ok(Sealed {
            path: self.path,
            root: Root::of(root),
            car_bytes: written.car_bytes,
            block_prefixes: written.block_prefixes,
        })
    }
}

impl StagedDag {
    pub(super) fn create(path: PathBuf, root: &Cid) -> Result<Self, BlobError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let path = Temporary(path);
        Ok(Self { car: CarWriter::begin(file, root)?, path, root: *root })
    }

    /// Adds a block that was checked.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn put(&mut self, cid: &Cid, block: &[u8]) -> Result<(), BlobError> {
        self.car.put(cid, block.len(), std::iter::once(block))
    }

    /// How many blocks are in it.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.car.blocks()
    }

    /// The digests of all of its blocks, in no order.
    pub fn digests(&self) -> impl Iterator<Item = Multihash> {
        self.car.digests()
    }

    /// Completes the file, in which all blocks of the DAG are now, and syncs it.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn seal(self) -> Result<Sealed, BlobError> {
        let written = self.car.finish(&self.root)?;
        Ok(Sealed {
            path: self.path,
            root: Root::of(&self.root),
            car_bytes: written.car_bytes,
            block_prefixes: written.block_prefixes,
        })
    }
}

impl BlockSource for StagedDag {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        self.car.read(cid.hash())
    }
}

impl Sealed {
    pub(super) fn rename_to(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path.0, path)
    }

    /// The file, which others may read before it has its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path.0
    }
}

/// The part of a digest that the global index of blocks keeps.
pub fn prefix(digest: &[u8]) -> i64 {
    let mut bytes = [0; 8];
    let len = digest.len().min(8);
    bytes[..len].copy_from_slice(&digest[..len]);
    i64::from_be_bytes(bytes)
}

impl BlockSink for StagedCar {
    type Error = BlobError;

    fn put(&mut self, block: &NewBlock) -> Result<(), BlobError> {
        self.car.put(block.cid(), block.len(), block.parts())
    }
}

/// Reads what was written, for importing it once more with another profile.
impl BlockSource for StagedCar {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        self.car.read(cid.hash())
    }
}

fn placeholder(version: Version) -> Cid {
    let hash = Multihash::wrap(SHA2_256, &[0; 32]).expect("32 bytes fit a multihash");
    match version {
        Version::V0 => Cid::new_v0(hash).expect("SHA-256 with 32 bytes"),
        Version::V1 => Cid::new_v1(RAW, hash),
    }
}

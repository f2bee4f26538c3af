//! A CARv2 file being written, under a name that does not last: blocks as they come, then the index and the headers. An import
//! learns the root last, an archive that somebody sends says it first.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use cid::Version;
use tidegate_content::{
    BlockSink, BlockSource, Cid, NewBlock,
    cid_text::{Multihash, RAW, SHA2_256},
};

use super::{
    BlobError, Root,
    out::Out,
    writer::{CarWriter, Written},
};

/// A file that is removed when dropped, if it is there by then.
pub(super) struct Temporary(Option<PathBuf>);

impl Temporary {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(Some(path))
    }

    fn rename_to(mut self, path: &Path) -> io::Result<()> {
        if let Some(temporary) = &self.0 {
            fs::rename(temporary, path)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // What cannot be removed is cleared at the next start.
            let _ = fs::remove_file(path);
        }
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

/// A complete file that waits for its name.
pub struct Sealed {
    pub(super) kept: Kept,
    /// What it holds.
    pub root: Root,
    /// Its length in bytes.
    pub car_bytes: u64,
    /// The first eight bytes of each block's digest.
    pub block_prefixes: Vec<i64>,
}

/// Where a sealed file is.
pub(super) enum Kept {
    /// On the disk, synced.
    File(Temporary),
    /// Nowhere but here, as it is small.
    Bytes(Vec<u8>),
}

impl StagedCar {
    pub(super) fn create(path: PathBuf, version: Version) -> Result<Self, BlobError> {
        // The root is not known yet, its length is.
        let car = CarWriter::begin(Out::in_memory(path.clone()), &placeholder(version))?;
        Ok(Self { car, path: Temporary::at(path), version })
    }

    /// Completes the file for `root`, whose blocks were all written, and syncs what is on the disk of it.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn seal(self, root: &Cid) -> Result<Sealed, BlobError> {
        debug_assert_eq!(root.version(), self.version, "the header's place is kept for another length");
        Ok(Sealed::new(self.car.finish(root)?, self.path, root))
    }
}

impl StagedDag {
    pub(super) fn create(path: PathBuf, root: &Cid) -> Result<Self, BlobError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let path = Temporary::at(path);
        Ok(Self { car: CarWriter::begin(Out::at_end_of(file), root)?, path, root: *root })
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

    /// Completes the file, in which all blocks of the DAG are now, and syncs it. Others may read it before it has its name.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn seal(self) -> Result<Sealed, BlobError> {
        Ok(Sealed::new(self.car.finish(&self.root)?, self.path, &self.root))
    }
}

impl BlockSource for StagedDag {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        self.car.read(cid.hash())
    }
}

impl Sealed {
    /// What was written for `root`, at `path` if it is in a file.
    pub(super) fn new(written: Written, path: Temporary, root: &Cid) -> Self {
        Self {
            kept: written.bytes.map_or(Kept::File(path), Kept::Bytes),
            root: Root::of(root),
            car_bytes: written.car_bytes,
            block_prefixes: written.block_prefixes,
        }
    }

    /// The file, which others may read before it has its name; nothing if it is still in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.kept {
            Kept::File(file) => file.0.as_deref(),
            Kept::Bytes(_) => None,
        }
    }
}

impl Kept {
    /// Gives the file the name `path`. What is in memory is written to `beside` first and synced.
    pub(super) fn name(self, path: &Path, beside: PathBuf) -> io::Result<()> {
        let file = match self {
            Self::File(file) => file,
            Self::Bytes(bytes) => {
                let (mut out, file) = (File::create(&beside)?, Temporary::at(beside));
                out.write_all(&bytes)?;
                out.sync_data()?;
                file
            }
        };
        file.rename_to(path)
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

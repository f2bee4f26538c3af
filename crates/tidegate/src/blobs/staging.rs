//! A CARv2 file being written: blocks as they come, then the index and the headers.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use cid::Version;
use tidegate_content::{
    BlockSink, BlockSource, Cid, NewBlock,
    car::{
        IndexBuilder, V2Header,
        v1::{encode_header, section_prefix},
        v2::PRAGMA,
    },
    cid_text::{Multihash, RAW, SHA2_256},
};

use super::{BlobError, Root};

/// So much is written before the disk is asked to begin: the sync at the end then waits for little.
const BEGIN_WRITING: u64 = 32 << 20;

type Digest = [u8; 32];

/// Where a block's bytes are in the file.
#[derive(Clone, Copy)]
struct Place {
    /// Of the section, from the start of the CARv1 payload.
    section: u64,
    /// Of the block itself, from the section's start.
    skip: u8,
    len: u32,
}

/// A file under `staging/`, removed when dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Renamed files are not there any more; anything else is cleared at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// See the module's documentation. A block that comes twice is written once.
pub struct StagedCar {
    out: BufWriter<File>,
    path: Temporary,
    version: Version,
    /// Length of the CARv1 payload so far.
    len: u64,
    unsynced: u64,
    places: HashMap<Digest, Place>,
}

/// A complete, synced file that waits for its name.
pub struct Sealed {
    path: Temporary,
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
        let mut out = BufWriter::with_capacity(64 << 10, file);
        // The root is not known yet, its length is: both headers are written again at the end.
        let header = encode_header(&[placeholder(version)]);
        out.write_all(&PRAGMA)?;
        out.write_all(&[0; V2Header::LEN])?;
        out.write_all(&header)?;
        Ok(Self { out, path, version, len: header.len() as u64, unsynced: 0, places: HashMap::new() })
    }

    /// Completes the file for `root`, whose blocks were all written, and syncs it.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn seal(mut self, root: &Cid) -> Result<Sealed, BlobError> {
        debug_assert_eq!(root.version(), self.version, "the header's place is kept for another length");
        let mut index = IndexBuilder::new();
        for (digest, place) in &self.places {
            index.add(&sha2_256(digest), place.section);
        }
        index.write(&mut self.out)?;
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let header = V2Header::unpadded(self.len);
        file.write_all_at(&header.encode(), PRAGMA.len() as u64)?;
        file.write_all_at(&encode_header(&[*root]), header.data_offset)?;
        file.sync_data()?;
        let block_prefixes = self.places.keys().map(|digest| prefix(digest)).collect();
        Ok(Sealed {
            path: self.path,
            root: Root::of(root),
            car_bytes: header.index_offset + index.encoded_len(),
            block_prefixes,
        })
    }
}

impl Sealed {
    pub(super) fn rename_to(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path.0, path)
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
        let digest: Digest = block.cid().hash().digest().try_into().expect("an import hashes with SHA-256");
        let before = section_prefix(block.cid(), block.len());
        let place = Place {
            section: self.len,
            skip: u8::try_from(before.len()).expect("a varint and a CID"),
            len: u32::try_from(block.len()).expect("a block is a few MiB at most"),
        };
        match self.places.entry(digest) {
            std::collections::hash_map::Entry::Occupied(_) => return Ok(()),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(place),
        };
        self.out.write_all(&before)?;
        for part in block.parts() {
            self.out.write_all(part)?;
        }
        let written = (before.len() + block.len()) as u64;
        self.len += written;
        self.unsynced += written;
        if self.unsynced >= BEGIN_WRITING {
            self.unsynced = 0;
            self.out.flush()?;
            self.out.get_ref().sync_data()?;
        }
        Ok(())
    }
}

/// Reads what was written, for importing it once more with another profile.
impl BlockSource for StagedCar {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        let place = self.places.get(cid.hash().digest()).copied().ok_or(BlobError::Missing)?;
        self.out.flush()?;
        let mut bytes = vec![0; place.len as usize];
        let at = V2Header::END + place.section + u64::from(place.skip);
        self.out.get_ref().read_exact_at(&mut bytes, at)?;
        Ok(bytes.into())
    }
}

fn placeholder(version: Version) -> Cid {
    match version {
        Version::V0 => Cid::new_v0(sha2_256(&[0; 32])).expect("SHA-256 with 32 bytes"),
        Version::V1 => Cid::new_v1(RAW, sha2_256(&[0; 32])),
    }
}

fn sha2_256(digest: &Digest) -> Multihash {
    Multihash::wrap(SHA2_256, digest).expect("32 bytes fit a multihash")
}

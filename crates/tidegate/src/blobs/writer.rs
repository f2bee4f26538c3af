//! The payload of a CARv2 file being written: sections behind each other, and where each block is.

use std::{
    collections::{HashMap, hash_map::Entry},
    io::{self, Write as _},
};

use bytes::Bytes;
use tidegate_content::{
    Cid,
    car::{
        IndexBuilder, V2Header,
        v1::{encode_header, section_prefix},
        v2::PRAGMA,
    },
    cid_text::{BLAKE2B_256, BLAKE3, Multihash, SHA2_256},
};

use super::{BlobError, out::Out, prefix};

/// So much is written before the disk is asked to begin: the sync at the end then waits for little.
const BEGIN_WRITING: u64 = 32 << 20;

type Digest = [u8; 32];

/// Where a block's bytes are in the file.
#[derive(Clone, Copy)]
struct Place {
    /// Of the section, from the start of the CARv1 payload.
    section: u64,
    len: u32,
    /// Of the block itself, from the section's start.
    skip: u8,
    function: Function,
}

/// The hash functions of blocks that can be checked. All make 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Function {
    Sha256,
    Blake2b,
    Blake3,
}

/// See the module's documentation. A block that comes twice is written once.
pub(super) struct CarWriter {
    out: Out,
    /// Length of the CARv1 payload so far.
    len: u64,
    unsynced: u64,
    places: HashMap<Digest, Place>,
}

/// What a complete file is.
pub(super) struct Written {
    /// Its length in bytes.
    pub car_bytes: u64,
    /// The first eight bytes of each block's digest.
    pub block_prefixes: Vec<i64>,
    /// All of it, if it is so small that there is no file.
    pub bytes: Option<Vec<u8>>,
}

impl CarWriter {
    /// A writer of an empty file, whose root is `root` or another CID of the same length.
    pub(super) fn begin(out: Out, root: &Cid) -> io::Result<Self> {
        let mut writer = Self::at(out, 0);
        let start = start_of(root);
        writer.out.write_all(&start)?;
        writer.len = start.len() as u64 - V2Header::END;
        Ok(writer)
    }

    /// A writer behind a payload of `len` bytes, of which it knows no block.
    pub(super) fn at(out: Out, len: u64) -> Self {
        Self { out, len, unsynced: 0, places: HashMap::new() }
    }

    /// Writes the block of `cid`, which consists of `parts` of `len` bytes altogether and was checked.
    pub(super) fn put<'a>(
        &mut self,
        cid: &Cid,
        len: usize,
        parts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), BlobError> {
        let Some(written) = self.note(cid, len)? else {
            return Ok(());
        };
        self.out.write_all(&section_prefix(cid, len))?;
        for part in parts {
            self.out.write_all(part)?;
        }
        self.unsynced += written;
        if self.unsynced >= BEGIN_WRITING {
            self.unsynced = 0;
            self.out.sync()?;
        }
        Ok(())
    }

    /// Remembers that the next section holds the block of `cid`; its length in bytes, or nothing if the block is there already.
    pub(super) fn note(&mut self, cid: &Cid, len: usize) -> Result<Option<u64>, BlobError> {
        let (digest, function) = known(cid.hash()).ok_or(BlobError::Damaged("a block has another hash"))?;
        let before = section_prefix(cid, len).len();
        let place = Place {
            section: self.len,
            len: u32::try_from(len).expect("a block is a few MiB at most"),
            skip: u8::try_from(before).expect("a varint and a CID"),
            function,
        };
        match self.places.entry(digest) {
            Entry::Occupied(_) => return Ok(None),
            Entry::Vacant(entry) => entry.insert(place),
        };
        let written = (before + len) as u64;
        self.len += written;
        Ok(Some(written))
    }

    /// Bytes of the payload so far.
    pub(super) fn bytes(&self) -> u64 {
        self.len
    }

    /// How many blocks were written.
    pub(super) fn blocks(&self) -> usize {
        self.places.len()
    }

    /// The digests of all of them, in no order.
    pub(super) fn digests(&self) -> impl Iterator<Item = Multihash> {
        self.places.iter().map(|(digest, place)| multihash(digest, place.function))
    }

    /// Whether the block of `hash` was written.
    pub(super) fn contains(&self, hash: &Multihash) -> bool {
        self.place(hash).is_some()
    }

    /// Reads a block that was written.
    pub(super) fn read(&mut self, hash: &Multihash) -> Result<Bytes, BlobError> {
        let place = self.place(hash).ok_or(BlobError::Missing)?;
        let mut bytes = vec![0; place.len as usize];
        let at = V2Header::END + place.section + u64::from(place.skip);
        self.out.read_exact_at(&mut bytes, at)?;
        Ok(bytes.into())
    }

    /// Completes the file of `root` and syncs it, if there is one by now.
    pub(super) fn finish(mut self, root: &Cid) -> Result<Written, BlobError> {
        let mut index = IndexBuilder::new();
        for (digest, place) in &self.places {
            index.add(&multihash(digest, place.function), place.section);
        }
        index.write(&mut self.out)?;
        let header = V2Header::unpadded(self.len);
        let (outer, inner) = (header.encode(), encode_header(&[*root]));
        let bytes = self.out.complete([(PRAGMA.len() as u64, &outer), (header.data_offset, &inner)])?;
        Ok(Written {
            car_bytes: header.index_offset + index.encoded_len(),
            block_prefixes: self.places.keys().map(|digest| prefix(digest)).collect(),
            bytes,
        })
    }

    fn place(&self, hash: &Multihash) -> Option<Place> {
        let (digest, function) = known(hash)?;
        self.places.get(&digest).copied().filter(|place| place.function == function)
    }
}

/// What comes before the first section of an unfinished file: both headers, the outer one empty until the end.
pub(super) fn start_of(root: &Cid) -> Vec<u8> {
    [&PRAGMA[..], &[0; V2Header::LEN], &encode_header(&[*root])].concat()
}

fn known(hash: &Multihash) -> Option<(Digest, Function)> {
    let function = match hash.code() {
        SHA2_256 => Function::Sha256,
        BLAKE2B_256 => Function::Blake2b,
        BLAKE3 => Function::Blake3,
        _ => return None,
    };
    Some((hash.digest().try_into().ok()?, function))
}

fn multihash(digest: &Digest, function: Function) -> Multihash {
    let code = match function {
        Function::Sha256 => SHA2_256,
        Function::Blake2b => BLAKE2B_256,
        Function::Blake3 => BLAKE3,
    };
    Multihash::wrap(code, digest).expect("32 bytes fit a multihash")
}

//! Reading a pinned DAG: blocks by positioned reads from its CARv2 file, found by the file's own index.
//!
//! Blocks were checked when they came in; reads do not hash them again (`tidegate verify` does).

use std::{fs::File, io, path::Path, sync::Arc};

use bytes::Bytes;
use tidegate_content::{
    BlockSource, Cid, MAX_BLOCK_BYTES,
    car::{
        CarEvent, CarLimits, CarReader, IndexError, IndexReader, ReadAt, V2Header, v1::SectionHead,
        v2::PRAGMA,
    },
    cid_text::{IDENTITY, Multihash},
};

use super::{
    BlobError,
    buffers::Buffer,
    disk::{Access, read_at},
};

/// What is read at a place of which nothing is known: most directories and small files are shorter.
const FIRST_READ: usize = 4 << 10;
/// More than the header of a CAR with one root takes.
const ROOTS_READ: usize = 1 << 10;

/// An open CARv2 file with one root and an index.
pub struct CarFile {
    file: Arc<File>,
    root: Cid,
    data: std::ops::Range<u64>,
    in_memory: IndexReader<Source>,
    on_disk: IndexReader<Source>,
}

/// A file and how it may be read.
#[derive(Clone)]
struct Source(Arc<File>, Access);

impl ReadAt for Source {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.0, self.1, buffer, offset)
    }
}

impl CarFile {
    /// Opens the file at `path` and reads its headers.
    ///
    /// # Errors
    /// It cannot be read, or is not a CARv2 with exactly one root and an index.
    pub fn open(path: &Path) -> Result<Self, BlobError> {
        let file = Arc::new(File::open(path)?);
        let len = file.metadata()?.len();
        let mut start = [0; PRAGMA.len() + V2Header::LEN];
        if read_at(&file, Access::Disk, &mut start, 0)? < start.len() || start[..PRAGMA.len()] != PRAGMA {
            return Err(BlobError::Damaged("it is not a CARv2"));
        }
        let header = start[PRAGMA.len()..].try_into().expect("the rest is the header");
        let header =
            V2Header::parse(header).map_err(|_| BlobError::Damaged("its header contradicts itself"))?;
        let data = header.data_offset..header.data_offset + header.data_size;
        if header.index_offset == 0 || data.end > len || header.index_offset > len {
            return Err(BlobError::Damaged("it is cut"));
        }
        let source = |access| Source(Arc::clone(&file), access);
        let on_disk = IndexReader::open(source(Access::Disk), header.index_offset, len)?;
        let in_memory = on_disk.clone().with_source(source(Access::Memory));
        let root = read_root(&file, &data)?;
        Ok(Self { file, root, data, in_memory, on_disk })
    }

    /// The DAG's root as the file says it.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// The bytes of the CARv1 inside, and where they begin in the file.
    pub fn data(&self) -> &std::ops::Range<u64> {
        &self.data
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether the block of `hash` is in this file.
    ///
    /// # Errors
    /// The index cannot be read, or not without waiting.
    pub fn contains(&self, hash: &Multihash, access: Access) -> Result<bool, BlobError> {
        Ok(self.find(hash, access)?.is_some())
    }

    /// A reader of blocks.
    pub fn cursor(self: &Arc<Self>, access: Access) -> CarCursor {
        CarCursor { car: Arc::clone(self), access, next: 0, usual: FIRST_READ }
    }

    fn find(&self, hash: &Multihash, access: Access) -> Result<Option<u64>, BlobError> {
        let index = match access {
            Access::Memory => &self.in_memory,
            Access::Disk => &self.on_disk,
        };
        Ok(index.find(hash)?)
    }
}

fn read_root(file: &File, data: &std::ops::Range<u64>) -> Result<Cid, BlobError> {
    let mut bytes = [0; ROOTS_READ];
    let read = read_at(file, Access::Disk, &mut bytes, data.start)?;
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(Bytes::copy_from_slice(&bytes[..read]));
    match reader.next() {
        Ok(Some(CarEvent::Header(roots))) if roots.len() == 1 => Ok(roots[0]),
        _ => Err(BlobError::Damaged("it does not have exactly one root")),
    }
}

impl From<IndexError> for BlobError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Damaged("its index is cut")
            }
            IndexError::Io(error) => error.into(),
            _ => Self::Damaged("its index is malformed"),
        }
    }
}

/// Reads blocks of one file. Siblings lie one behind the other, so the block behind the last one is tried before the
/// index is asked: a file read in order costs one positioned read a block.
pub struct CarCursor {
    car: Arc<CarFile>,
    access: Access,
    /// Where the section behind the last one begins, from the start of the CARv1; 0 when nothing was read.
    next: u64,
    /// Length of the last section, which is likely the next one's.
    usual: usize,
}

impl CarCursor {
    /// From now on reads may wait for the disk, or may not.
    pub fn set_access(&mut self, access: Access) {
        self.access = access;
    }

    /// The block at `section` if it is the one of `hash`.
    fn block_at(
        &mut self,
        section: u64,
        first_read: usize,
        hash: &Multihash,
    ) -> Result<Option<Bytes>, BlobError> {
        let available = self.car.data.end - self.car.data.start;
        let Some(left) = available.checked_sub(section).filter(|left| *left > 0) else {
            return Ok(None);
        };
        let at = self.car.data.start + section;
        let mut buffer = Buffer::new(first_read.min(usize::try_from(left).unwrap_or(usize::MAX)));
        let mut read = read_at(&self.car.file, self.access, buffer.as_mut(), at)?;
        let head = SectionHead::parse(&buffer.as_ref()[..read])
            .map_err(|_| BlobError::Damaged("a section is malformed"))?;
        if head.cid.hash() != hash {
            return Ok(None);
        }
        let len = usize::try_from(head.data_len).ok().filter(|len| *len <= MAX_BLOCK_BYTES);
        let Some(end) = len.map(|len| head.data_start + len).filter(|end| *end as u64 <= left) else {
            return Err(BlobError::Damaged("a section is longer than a block may be"));
        };
        if end > read {
            buffer = Buffer::new(end);
            read = read_at(&self.car.file, self.access, buffer.as_mut(), at)?;
            if read < end {
                return Err(BlobError::Damaged("it is cut"));
            }
        }
        (self.next, self.usual) = (section + end as u64, end);
        let block = buffer.freeze(end).slice(head.data_start..);
        // A small block must not keep a large buffer.
        Ok(Some(if read > 4 * block.len() + FIRST_READ { Bytes::copy_from_slice(&block) } else { block }))
    }
}

impl BlockSource for CarCursor {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        let hash = cid.hash();
        if hash.code() == IDENTITY {
            return Ok(Bytes::copy_from_slice(hash.digest()));
        }
        if self.next > 0
            && let Some(block) = self.block_at(self.next, self.usual, hash)?
        {
            return Ok(block);
        }
        let section = self.car.find(hash, self.access)?.ok_or(BlobError::Missing)?;
        self.block_at(section, FIRST_READ, hash)?
            .ok_or(BlobError::Damaged("its index leads to another block"))
    }
}

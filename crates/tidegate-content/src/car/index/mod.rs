//! The index behind a CARv2's payload: from a block's multihash to the place of its section.
//!
//! Written as `MultihashIndexSorted` (0x0401), in the byte order go-car writes; read as that or as the older
//! `IndexSorted` (0x0400), which does not know hash codes. Integers are little-endian:
//!
//! ```text
//! varint 0x0401 | u32 codes | for each code, ascending:  u64 multihash code | widths
//! varint 0x0400 | widths
//! widths:         u32 count | for each width, ascending: u32 digest length + 8 | u64 bytes of records | records
//! record:         digest | u64 offset of the section from the start of the CARv1 payload
//! ```
//! Records of one width are sorted by digest. <https://ipld.io/specs/transport/car/carv2/#index-format>

mod build;
mod entries;
mod read;

pub use build::IndexBuilder;
pub use entries::Entries;
pub use read::{IndexReader, ReadAt};

use crate::cid_text::Multihash;

/// Codec of an index that keeps hash codes.
const MULTIHASH_INDEX_SORTED: u64 = 0x0401;
/// Codec of an index of digests alone.
const INDEX_SORTED: u64 = 0x0400;
/// Bytes of the offset at the end of each record.
const OFFSET_BYTES: usize = 8;

/// The offset that ends a record.
fn offset_of(record: &[u8]) -> u64 {
    record.iter().rev().take(OFFSET_BYTES).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// One line of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Code of the hash function; `None` in an `IndexSorted`, which does not store it.
    pub code: Option<u64>,
    /// The digest, under the code above or the code 0 where there is none.
    pub multihash: Multihash,
    /// Bytes from the start of the CARv1 payload to the section.
    pub offset: u64,
}

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Reading failed, or the index ends before its tables say.
    #[error("reading a CAR index: {0}")]
    Io(#[from] std::io::Error),
    /// The format is neither of the two that are read here.
    #[error("CAR index of unknown format 0x{0:x}")]
    Format(u64),
    /// The tables contradict themselves or the length of the index.
    #[error("malformed CAR index: {0}")]
    Malformed(&'static str),
}

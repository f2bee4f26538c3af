//! Content Addressable aRchives: the frame that blocks travel and rest in.
//!
//! [`v1`] is the stream of sections (and [`CarReader`], which also takes a CARv2 apart as it arrives), [`v2`] the
//! wrapper of fixed size around it, [`index`] the table that finds a section by its multihash. No file is opened
//! here and no hash is checked: a section's bytes are a claim until `verify_block` has seen them.

mod header;
pub mod index;
mod reader;
pub mod v1;
pub mod v2;

pub use index::{IndexBuilder, IndexEntry, IndexError, IndexReader, ReadAt};
pub use reader::{CarEvent, CarLimits, CarReader};
pub use v2::V2Header;

/// Why bytes are not an acceptable CAR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarError {
    /// The header is not the DAG-CBOR map that the specification describes.
    #[error("CAR header: {0}")]
    Header(&'static str),
    /// The version is neither 1 nor (outermost only) 2.
    #[error("CAR version {0} is not supported here")]
    Version(u64),
    /// A length prefix is not a minimal varint of at most 64 bits.
    #[error("CAR length prefix is not a minimal varint")]
    Varint,
    /// A header announces more bytes than the limit allows.
    #[error("CAR header of {len} bytes is over the limit of {limit}")]
    HeaderTooLong {
        /// Announced length in bytes.
        len: u64,
        /// The limit in force.
        limit: usize,
    },
    /// A section announces a block longer than the limit allows.
    #[error("CAR section of {len} bytes is over the limit of {limit}")]
    SectionTooLong {
        /// Announced length in bytes, the CID included.
        len: u64,
        /// The limit in force.
        limit: usize,
    },
    /// A section does not begin with a readable CID.
    #[error("CAR section without a readable CID")]
    SectionCid,
    /// The CARv2 header's offsets overlap, overflow or reach too far.
    #[error("CARv2 header: {0}")]
    V2Header(&'static str),
    /// The payload of a CARv2 ends inside a section.
    #[error("CARv2 payload ends inside a section")]
    PayloadOverrun,
    /// The stream ended in the middle of something.
    #[error("CAR ends too early")]
    Truncated,
}

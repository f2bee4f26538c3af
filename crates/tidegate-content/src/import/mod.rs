//! Import: files and directories become blocks, with the CIDs Kubo gives them.
//!
//! ```text
//! pushed bytes ─► rope ─► chunk ─► hashing, on a pool ─► leaf, in order ─► balanced tree ─► BlockSink
//!                                                         files, symlinks ─► DirectoryImport ─┘
//! ```
//!
//! [`FileImport`] is a stream in constant memory: what it holds is one chunk being filled, the chunks being hashed
//! (about 2 MiB) and the links of the nodes not full yet. Where the blocks go is the sink's choice; it sees
//! each one on the caller's thread, children before parents.

mod balanced;
mod directory;
mod file;
mod hasher;
mod rope;
mod shard;

use crate::block::NewBlock;
use crate::cid_text::Cid;
use crate::dag_pb::PbLink;

pub(crate) use directory::is_file_name;
pub use directory::{
    DirectoryError, DirectoryImport, MAX_DEPTH, MAX_NAME_BYTES, MAX_TARGET_BYTES, TreeError,
};
pub use file::FileImport;
pub use hasher::Hasher;

/// Takes the blocks of an import.
pub trait BlockSink {
    /// Why a block could not be taken.
    type Error;

    /// Takes one block. Blocks come in post-order: all below a node, then the node. A block that occurs twice in the
    /// content comes twice.
    ///
    /// # Errors
    /// Whatever the sink cannot do; the import then ends with this error.
    fn put(&mut self, block: &NewBlock) -> Result<(), Self::Error>;
}

/// A finished import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The root.
    pub cid: Cid,
    /// Bytes of file content.
    pub size: u64,
    /// Bytes of all blocks, repeated ones each time: the `Tsize` of a link to the root.
    pub dag_size: u64,
}

impl Imported {
    /// The link a parent holds.
    fn link(&self, name: String) -> PbLink {
        PbLink { cid: self.cid, name: Some(name), tsize: Some(self.dag_size) }
    }
}

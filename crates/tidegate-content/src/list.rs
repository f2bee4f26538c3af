//! The entries of a directory, whether it is one node or spread over a HAMT.

use bytes::Bytes;

use crate::cid_text::Cid;
use crate::node::{Node, NodeError};
use crate::pending::Pending;
use crate::shard::{DirectoryLink, Place, directory_links};
use crate::source::{BlockSource, ReadError, fetch_node};

/// Levels of a HAMT: the 64 bits of a hash, three or more on each level, and the entries.
const MAX_DEPTH: usize = 24;

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The name, as it was written: check it before it becomes a file's name or a link.
    pub name: String,
    /// What it names.
    pub cid: Cid,
    /// Bytes of the whole DAG below, as the directory's maker claims.
    pub tsize: Option<u64>,
}

/// What a step through a directory gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryStep {
    /// A block of the directory itself, before its entries. Possibly of an identity CID.
    Block(Cid, Bytes),
    /// An entry.
    Entry(DirectoryEntry),
}

/// Streams through a directory in the order of its links, which for a HAMT is the order of the names' hashes.
///
/// Holds one node of each level, however many entries there are.
#[derive(Debug)]
pub struct DirectoryEntries {
    pending: Pending<DirectoryLink>,
}

impl DirectoryEntries {
    /// The entries of the directory `cid`.
    pub fn new(cid: Cid) -> Self {
        let root = DirectoryLink::Shard { cid, place: Place::default() };
        Self { pending: Pending::starting_with(root, MAX_DEPTH) }
    }

    /// The next entry, or `None` after the last.
    ///
    /// # Errors
    /// [`ReadError::Source`] leaves the listing where it was. [`ReadError::Malformed`] comes again.
    pub fn next<S: BlockSource>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<DirectoryEntry>, ReadError<S::Error>> {
        while let Some(step) = self.step(source)? {
            if let DirectoryStep::Entry(entry) = step {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The next entry or block: the blocks are what a CAR of this directory without its children holds.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn step<S: BlockSource>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<DirectoryStep>, ReadError<S::Error>> {
        if let Some(&DirectoryLink::Shard { cid, place }) = self.pending.peek() {
            let (block, node) = fetch_node(source, &cid)?;
            let replaced = directory_children(node, place).and_then(|links| self.pending.replace(links));
            replaced.map_err(|reason| ReadError::malformed(&cid, reason))?;
            return Ok(Some(DirectoryStep::Block(cid, block)));
        }
        Ok(self.pending.pop().and_then(|link| match link {
            DirectoryLink::Entry { name, cid, tsize } => {
                Some(DirectoryStep::Entry(DirectoryEntry { name, cid, tsize }))
            }
            DirectoryLink::Shard { .. } => None, // was handled above
        }))
    }
}

/// What a directory node at `place` leads to. A one-node directory can only be the root.
pub(crate) fn directory_children(node: Node, place: Place) -> Result<Vec<DirectoryLink>, NodeError> {
    match node {
        Node::Directory(links) if place == Place::default() => directory_links(links),
        Node::Shard(shard) => shard.into_links(place),
        Node::Other(codec) => Err(NodeError::Codec(codec)),
        _ => Err(NodeError::NotADirectory),
    }
}

//! What one block is: a piece of a file, a directory or a part of one, a symbolic link, or something else.
//!
//! Everything that reads DAGs decodes its blocks here, so all of them agree on what is malformed.

use bytes::Bytes;

use crate::cid_text::{Cid, DAG_PB, RAW};
use crate::dag_pb::{DagPbError, PbLink, PbNode};
use crate::shard::Shard;
use crate::unixfs::{Kind, UnixFs, UnixFsError};

/// Why a block is not what its place in a DAG needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Its codec says DAG-PB, its bytes do not.
    #[error(transparent)]
    DagPb(#[from] DagPbError),
    /// Its codec says DAG-CBOR, its bytes do not.
    #[error("not DAG-CBOR: {0}")]
    DagCbor(&'static str),
    /// A DAG-PB node whose data is not a UnixFS message, or one that contradicts its links.
    #[error(transparent)]
    UnixFs(#[from] UnixFsError),
    /// A DAG-PB node without data.
    #[error("not UnixFS: a DAG-PB node without data")]
    NoUnixFs,
    /// A UnixFS node of a kind that is not read.
    #[error("UnixFS metadata nodes are not supported")]
    Metadata,
    /// A symbolic link with something below it, which nothing would ever read.
    #[error("a symbolic link with links to other blocks")]
    SymlinkLinks,
    /// A codec that files and directories are not made of.
    #[error("codec 0x{0:x} is not UnixFS")]
    Codec(u64),
    /// A part of a HAMT directory that contradicts itself or its place.
    #[error("malformed HAMT shard: {0}")]
    Shard(&'static str),
    /// A directory's link without a name.
    #[error("a link of this directory has no name")]
    NoName,
    /// Something else where a file or a piece of one should be.
    #[error("not a file")]
    NotAFile,
    /// Something else where a directory or a part of one should be.
    #[error("not a directory")]
    NotADirectory,
    /// A piece of a file that is longer or shorter than its parent says.
    #[error("a piece of a file has {found} bytes where its parent says {expected}")]
    Size {
        /// What the parent says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// More levels, or more links waiting on all levels, than any real DAG has.
    #[error("too deep or too wide to be read")]
    TooDeep,
}

/// A decoded block.
#[derive(Debug)]
pub(crate) enum Node {
    /// A file or a piece of one, in a DAG-PB node.
    File(FileNode),
    /// A block of the raw codec: a piece of a file, or a whole one.
    Raw(Bytes),
    /// A directory in one node.
    Directory(Vec<PbLink>),
    /// A part of a directory.
    Shard(Shard),
    /// A symbolic link with its target.
    Symlink(Bytes),
    /// Another codec; nothing is known of the inside.
    Other(u64),
}

/// A file or a piece of one: its own bytes first, then those of its children.
#[derive(Debug)]
pub(crate) struct FileNode {
    pub(crate) inline: Bytes,
    /// The children and how many bytes of content each should have.
    pub(crate) children: Vec<(Cid, u64)>,
    /// Bytes of content in all; the sum of the above.
    pub(crate) size: u64,
}

impl Node {
    pub(crate) fn decode(cid: &Cid, block: &Bytes) -> Result<Self, NodeError> {
        match cid.codec() {
            RAW => Ok(Self::Raw(block.clone())),
            DAG_PB => Self::decode_pb(PbNode::decode(block)?),
            other => Ok(Self::Other(other)),
        }
    }

    fn decode_pb(node: PbNode) -> Result<Self, NodeError> {
        let message = UnixFs::decode(&node.data.ok_or(NodeError::NoUnixFs)?)?;
        match message.kind {
            Kind::Raw | Kind::File => FileNode::new(message, &node.links).map(Self::File),
            Kind::Directory => Ok(Self::Directory(node.links)),
            Kind::HamtShard => Shard::new(&message, node.links).map(Self::Shard),
            Kind::Symlink if !node.links.is_empty() => Err(NodeError::SymlinkLinks),
            Kind::Symlink => Ok(Self::Symlink(message.data.unwrap_or_default())),
            Kind::Metadata => Err(NodeError::Metadata),
        }
    }

    /// This node as a file or a piece of one.
    pub(crate) fn into_file(self) -> Result<FileNode, NodeError> {
        match self {
            Self::File(file) => Ok(file),
            Self::Raw(block) => Ok(FileNode::leaf(block)),
            Self::Other(codec) => Err(NodeError::Codec(codec)),
            _ => Err(NodeError::NotAFile),
        }
    }
}

impl FileNode {
    pub(crate) fn leaf(content: Bytes) -> Self {
        Self { size: content.len() as u64, inline: content, children: Vec::new() }
    }

    fn new(message: UnixFs, links: &[PbLink]) -> Result<Self, NodeError> {
        let size = message.content_size(links.len())?;
        let children = links.iter().map(|link| link.cid).zip(message.block_sizes).collect();
        Ok(Self { inline: message.data.unwrap_or_default(), children, size })
    }

    /// Checks the size that a parent expects here.
    pub(crate) fn of_size(self, expected: u64) -> Result<Self, NodeError> {
        if self.size == expected { Ok(self) } else { Err(NodeError::Size { expected, found: self.size }) }
    }
}

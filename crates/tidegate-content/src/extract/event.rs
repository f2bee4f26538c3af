//! What an [`Extractor`](super::Extractor) says: the next thing to write, or why nothing more will be.

use bytes::Bytes;

use crate::block::BlockError;
use crate::cid_text::Cid;
use crate::node::NodeError;

/// What to write next. Paths are relative to the root, whose own is empty; names are joined by `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtractEvent {
    /// A directory, before everything in it.
    Directory {
        /// Where.
        path: String,
    },
    /// A file; its [`Data`](Self::Data) follows and then [`FileEnd`](Self::FileEnd).
    FileStart {
        /// Where.
        path: String,
        /// How many bytes will follow, exactly.
        size: u64,
    },
    /// The next bytes of the file, never empty.
    Data(Bytes),
    /// The file is complete.
    FileEnd,
    /// A symbolic link.
    Symlink {
        /// Where.
        path: String,
        /// Where it points, in the words of its maker: it may well lead outside.
        target: Bytes,
    },
}

/// Why a download cannot be believed, or not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// The bytes do not match their name, or cannot be checked.
    #[error("block {cid}: {reason}")]
    Block {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong.
        reason: BlockError,
    },
    /// Another block than the DAG calls for.
    #[error("expected block {expected}, got {found}")]
    OutOfOrder {
        /// The next block of the DAG.
        expected: Box<Cid>,
        /// The one that came.
        found: Box<Cid>,
    },
    /// A block after the last one of the DAG.
    #[error("block {0} does not belong to this content")]
    Extra(Box<Cid>),
    /// A block that is genuine, and not what files and directories are made of.
    #[error("block {cid}: {reason}")]
    Malformed {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong.
        reason: NodeError,
    },
    /// A name that cannot be a file's: empty, `.`, `..`, with `/` or NUL in it, or longer than 1024 bytes.
    #[error("{0:?} cannot be the name of a file")]
    BadName(String),
    /// The same name twice in one directory.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// Directories in directories, more than 256 of them.
    #[error("directories are nested too deeply")]
    TooDeep,
    /// A symbolic link with a target of more than 4096 bytes.
    #[error("the target of a symbolic link is too long")]
    TargetTooLong,
    /// The stream ended before the DAG.
    #[error("the content is not complete")]
    Incomplete,
    /// A block was pushed before the events of the last one were taken.
    #[error("events must be taken before the next block is pushed")]
    NotReady,
}

//! Content: ids, blocks, UnixFS and their import. Pure: no file or network I/O, no clock.
//!
//! | module | what lives there |
//! |---|---|
//! | [`cid_text`] | CIDs from text, and the one form under which content is kept |
//! | [`block`] | checking a block against its CID; blocks made by an import |
//! | [`car`] | content addressable archives: sections, the CARv2 frame, its index |
//! | [`tar`] | tar archives: entries and their content, read and written |
//! | [`dag_pb`] | DAG-PB nodes: links and data |
//! | [`unixfs`] | the UnixFS message inside a DAG-PB node |
//! | [`hamt`] | how names are placed in sharded directories |
//! | [`profile`] | the named sets of choices that decide which CID a file gets |
//! | [`import`] | files and directories to blocks |
//! | [`source`] | where the readers below get their blocks |
//! | [`mod@resolve`] | a path to what it names |
//! | [`list`] | the entries of a directory |
//! | [`read`] | a range of a file to its bytes |
//! | [`walk`] | all blocks of a DAG |
//! | [`frontier`] | what is missing of a DAG that comes in block by block |
//! | [`extract`] | the verified blocks of a download to files |

mod input;
mod links;
mod node;
mod pending;
mod shard;
mod wire;

pub mod block;
pub mod car;
pub mod cid_text;
pub mod dag_pb;
pub mod extract;
pub mod frontier;
pub mod hamt;
pub mod import;
pub mod list;
pub mod profile;
pub mod read;
pub mod resolve;
pub mod source;
pub mod tar;
pub mod unixfs;
pub mod walk;

pub use block::{BlockError, MAX_BLOCK_BYTES, NewBlock, sha256, verify_block};
pub use cid_text::{Cid, CidError, content_key, parse_cid};
pub use dag_pb::{DagPbError, PbLink, PbNode};
pub use extract::{ExtractError, ExtractEvent, Extractor};
pub use frontier::{Frontier, FrontierError, FrontierLimits, Progress};
pub use import::{BlockSink, DirectoryError, DirectoryImport, FileImport, Hasher, Imported, TreeError};
pub use list::{DirectoryEntries, DirectoryEntry, DirectoryStep};
pub use node::NodeError;
pub use profile::{Profile, ShardEstimate};
pub use read::{FileBlock, FileCursor, file_size};
pub use resolve::{DirectoryFormat, Entity, Resolution, ResolveError, resolve};
pub use source::{BlockSource, ReadError, identity_block};
pub use unixfs::{Kind, Mtime, UnixFs, UnixFsError};
pub use walk::DagWalk;
pub use wire::WireError;

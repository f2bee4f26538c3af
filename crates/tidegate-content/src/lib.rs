//! Content: ids, blocks, UnixFS and their import. Pure: no file or network I/O, no clock.
//!
//! | module | what lives there |
//! |---|---|
//! | [`cid_text`] | CIDs from text, and the one form under which content is kept |
//! | [`block`] | checking a block against its CID; blocks made by an import |
//! | [`car`] | content addressable archives: sections, the CARv2 frame, its index |
//! | [`dag_pb`] | DAG-PB nodes: links and data |
//! | [`unixfs`] | the UnixFS message inside a DAG-PB node |
//! | [`hamt`] | how names are placed in sharded directories |
//! | [`profile`] | the named sets of choices that decide which CID a file gets |
//! | [`import`] | files and directories to blocks |

mod wire;

pub mod block;
pub mod car;
pub mod cid_text;
pub mod dag_pb;
pub mod hamt;
pub mod import;
pub mod profile;
pub mod unixfs;

pub use block::{BlockError, MAX_BLOCK_BYTES, NewBlock, sha256, verify_block};
pub use cid_text::{Cid, CidError, content_key, parse_cid};
pub use dag_pb::{DagPbError, PbLink, PbNode};
pub use import::{BlockSink, DirectoryError, DirectoryImport, FileImport, Hasher, Imported, TreeError};
pub use profile::{Profile, ShardEstimate};
pub use unixfs::{Kind, Mtime, UnixFs, UnixFsError};
pub use wire::WireError;

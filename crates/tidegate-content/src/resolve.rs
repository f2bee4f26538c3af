//! From a root and a path to what is there.

use bytes::Bytes;

use crate::cid_text::Cid;
use crate::dag_pb::PbLink;
use crate::node::{Node, NodeError};
use crate::shard::{Found, Place, Shard};
use crate::source::{BlockSource, ReadError, fetch_node, identity_block};

/// What a path leads to, and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What the path names.
    pub cid: Cid,
    /// What it is.
    pub entity: Entity,
    /// The root and then what each segment names, so one more than there are segments; no HAMT shards.
    pub roots: Vec<Cid>,
    /// Every block that was read, in order: the root first, HAMT shards on the way, the last one that of `cid`. Identity
    /// CIDs are left out, they need no block.
    pub trail: Vec<Cid>,
}

/// What a CID turned out to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A UnixFS file in DAG-PB.
    File {
        /// Bytes of content.
        size: u64,
    },
    /// A block of the raw codec, which is a file too.
    RawBlock {
        /// Bytes of content.
        size: u64,
    },
    /// A directory.
    Directory(DirectoryFormat),
    /// A symbolic link; it is not followed.
    Symlink {
        /// Where it points, in the words of its maker.
        target: Bytes,
    },
    /// A block of another codec; nothing is known of its inside.
    Other {
        /// The codec.
        codec: u64,
    },
}

/// How a directory is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryFormat {
    /// All entries in one block.
    Basic,
    /// Spread over a tree of blocks by the hash of the name.
    Hamt,
}

/// Why a path leads nowhere. `segment` counts from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError<E> {
    /// The directory has no such name.
    #[error("there is no {name:?} there")]
    NoLink {
        /// Which segment.
        segment: usize,
        /// Its text.
        name: String,
    },
    /// The path goes on below a file or a symbolic link.
    #[error("there is nothing below a file (at {name:?})")]
    NotADirectory {
        /// The first segment that has nothing to be looked up in.
        segment: usize,
        /// Its text.
        name: String,
    },
    /// The path goes on inside a block whose codec is not followed.
    #[error("paths inside codec 0x{codec:x} are not supported")]
    InsideCodec {
        /// The first segment that would be inside.
        segment: usize,
        /// The codec.
        codec: u64,
    },
    /// The source did not give a block, or a block is malformed.
    #[error(transparent)]
    Read(#[from] ReadError<E>),
}

/// Follows `segments`, which are percent-decoded and not empty, from `root`.
///
/// # Errors
/// See [`ResolveError`]. After an error of the source the whole resolution can be tried again.
pub fn resolve<S: BlockSource>(
    source: &mut S,
    root: &Cid,
    segments: &[impl AsRef<str>],
) -> Result<Resolution, ResolveError<S::Error>> {
    let mut way = Way { source, trail: Vec::new() };
    let mut cid = *root;
    let mut roots = vec![cid];
    let mut node = way.read(&cid)?;
    for (segment, name) in segments.iter().map(AsRef::as_ref).enumerate() {
        let found = match node {
            Node::Directory(links) => find_link(&links, name),
            Node::Shard(shard) => way.find_in_hamt(cid, shard, name)?,
            Node::Other(codec) => return Err(ResolveError::InsideCodec { segment, codec }),
            Node::File(_) | Node::Raw(_) | Node::Symlink(_) => {
                return Err(ResolveError::NotADirectory { segment, name: name.to_owned() });
            }
        };
        cid = found.ok_or_else(|| ResolveError::NoLink { segment, name: name.to_owned() })?;
        roots.push(cid);
        node = way.read(&cid)?;
    }
    Ok(Resolution { cid, entity: Entity::of(node), roots, trail: way.trail })
}

impl Entity {
    fn of(node: Node) -> Self {
        match node {
            Node::File(file) => Self::File { size: file.size },
            Node::Raw(block) => Self::RawBlock { size: block.len() as u64 },
            Node::Directory(_) => Self::Directory(DirectoryFormat::Basic),
            Node::Shard(_) => Self::Directory(DirectoryFormat::Hamt),
            Node::Symlink(target) => Self::Symlink { target },
            Node::Other(codec) => Self::Other { codec },
        }
    }
}

/// The source, and what was read from it.
struct Way<'a, S> {
    source: &'a mut S,
    trail: Vec<Cid>,
}

impl<S: BlockSource> Way<'_, S> {
    fn read(&mut self, cid: &Cid) -> Result<Node, ReadError<S::Error>> {
        let (_, node) = fetch_node(self.source, cid)?;
        if identity_block(cid).is_none() {
            self.trail.push(*cid);
        }
        Ok(node)
    }

    /// Each level uses up bits of the name's hash, so this ends.
    fn find_in_hamt(
        &mut self,
        mut cid: Cid,
        mut shard: Shard,
        name: &str,
    ) -> Result<Option<Cid>, ReadError<S::Error>> {
        let mut place = Place::default();
        loop {
            match shard.find(name, place).map_err(|reason| ReadError::malformed(&cid, reason))? {
                Found::Entry(found) => return Ok(Some(found)),
                Found::Nothing => return Ok(None),
                Found::Shard(next, below) => (cid, place) = (next, below),
            }
            shard = match self.read(&cid)? {
                Node::Shard(shard) => shard,
                _ => return Err(ReadError::malformed(&cid, NodeError::NotADirectory)),
            };
        }
    }
}

/// The first link of that name, as Kubo does where a name stands twice.
fn find_link(links: &[PbLink], name: &str) -> Option<Cid> {
    links.iter().find(|link| link.name.as_deref() == Some(name)).map(|link| link.cid)
}

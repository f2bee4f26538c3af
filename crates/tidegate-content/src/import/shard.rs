//! Directories too large for one block: a HAMT of shards.
//!
//! The tree depends on the names alone, so it is built in one go from the sorted hashes and never rebalanced.

use crate::block::NewBlock;
use crate::dag_pb::{PbLink, PbNode};
use crate::hamt::{FANOUT, name_hash};
use crate::profile::Profile;
use crate::unixfs::{Kind, MURMUR3_X64_64, UnixFs};

use super::directory::DirectoryError;
use super::{BlockSink, Imported};

/// Levels until the hash is used up.
const MAX_DEPTH: usize = size_of::<u64>();

/// Puts out the shards of a directory with these links, named by file name, and returns the root. `size` is what the
/// files hold.
pub(super) fn put_sharded<S: BlockSink>(
    profile: Profile,
    links: Vec<PbLink>,
    size: u64,
    sink: &mut S,
) -> Result<Imported, DirectoryError<S::Error>> {
    let mut entries: Vec<Entry> = links.into_iter().map(Entry::new).collect();
    entries.sort_unstable_by_key(|entry| entry.hash);
    let root = put_shard(profile, &mut entries, 0, sink)?;
    Ok(Imported { size, ..root })
}

/// A file, directory or symbolic link and where it belongs.
struct Entry {
    hash: u64,
    name: String,
    link: PbLink,
}

impl Entry {
    fn new(mut link: PbLink) -> Self {
        let name = link.name.take().unwrap_or_default();
        Self { hash: name_hash(&name), name, link }
    }

    /// The slot in a shard at this depth.
    fn slot(&self, depth: usize) -> usize {
        usize::from(self.hash.to_be_bytes()[depth])
    }
}

/// Puts out the shard at `depth` that holds `entries`, after those below it. Recursion ends at [`MAX_DEPTH`].
fn put_shard<S: BlockSink>(
    profile: Profile,
    entries: &mut [Entry],
    depth: usize,
    sink: &mut S,
) -> Result<Imported, DirectoryError<S::Error>> {
    let mut links = Vec::new();
    let mut slots = [0_u8; FANOUT / 8];
    let mut below = 0;
    for same_slot in entries.chunk_by_mut(|a, b| a.slot(depth) == b.slot(depth)) {
        let slot = same_slot[0].slot(depth);
        slots[slots.len() - 1 - slot / 8] |= 1 << (slot % 8);
        let mut name = format!("{slot:02X}");
        let link = match same_slot {
            [only] => {
                name.push_str(&only.name);
                PbLink { name: Some(name), ..only.link.clone() }
            }
            [first, ..] if depth + 1 == MAX_DEPTH => {
                return Err(DirectoryError::HashCollision(std::mem::take(&mut first.name)));
            }
            many => put_shard(profile, many, depth + 1, sink)?.link(name),
        };
        below += link.tsize.unwrap_or(0);
        links.push(link);
    }
    // Kubo keeps the bit field as a number: no zero bytes in front.
    let used = slots.iter().position(|byte| *byte != 0).unwrap_or(slots.len());
    let shard = UnixFs {
        data: Some(slots[used..].to_vec().into()),
        hash_type: Some(MURMUR3_X64_64),
        fanout: Some(FANOUT as u64),
        ..UnixFs::new(Kind::HamtShard)
    };
    let node = PbNode { links, data: Some(shard.encode().into()) };
    let block = NewBlock::hash(profile.node_name(), vec![node.encode().into()]);
    sink.put(&block).map_err(DirectoryError::Sink)?;
    Ok(Imported { cid: *block.cid(), size: 0, dag_size: below + block.len() as u64 })
}

//! Profiles: the named sets of choices that decide which CID a file or directory gets.
//!
//! IPIP-0499 names them, <https://specs.ipfs.tech/ipips/ipip-0499/>.

use std::num::NonZeroUsize;

use crate::block::BlockName;
use crate::cid_text::{DAG_PB, RAW};

/// Everything that decides a CID beside the content. Two imports with equal profiles give equal CIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    version_0: bool,
    chunk_bytes: NonZeroUsize,
    max_links: usize,
    raw_leaves: bool,
    shard_estimate: ShardEstimate,
}

/// How the size of a directory is estimated when deciding whether it becomes a HAMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardEstimate {
    /// The bytes of all names and CIDs.
    LinksBytes,
    /// The length of the directory's block.
    BlockBytes,
}

/// A directory whose estimate is above this many bytes becomes a HAMT.
pub const SHARD_THRESHOLD: usize = 262_144;

/// The largest chunk, in bytes: 256 below the 2 MiB of a block, Kubo's allowance for DAG-PB framing.
pub const MAX_CHUNK_BYTES: usize = 2 * 1024 * 1024 - 256;

/// The most links a file node may have: their blocks then stay well below 2 MiB.
pub const MAX_WIDTH: usize = 16_384;

impl Profile {
    /// CIDv0, 256 KiB chunks, 174 links, DAG-PB leaves: what Kubo does by default, and Decoo's clients.
    pub const UNIXFS_V0_2015: Self = Self {
        name: "unixfs-v0-2015",
        version_0: true,
        chunk_bytes: NonZeroUsize::new(262_144).expect("not zero"),
        max_links: 174,
        raw_leaves: false,
        shard_estimate: ShardEstimate::LinksBytes,
    };

    /// CIDv1 with raw leaves and the sizes of 2015: `ipfs add --cid-version 1` for many years.
    pub const V1_RAW_256K_174: Self =
        Self { name: "v1-raw-256k-174", version_0: false, raw_leaves: true, ..Self::UNIXFS_V0_2015 };

    /// CIDv1, 1 MiB chunks, 1024 links, raw leaves: the profile for new content.
    pub const UNIXFS_V1_2025: Self = Self {
        name: "unixfs-v1-2025",
        version_0: false,
        chunk_bytes: NonZeroUsize::new(1_048_576).expect("not zero"),
        max_links: 1024,
        raw_leaves: true,
        shard_estimate: ShardEstimate::BlockBytes,
    };

    /// Every named profile.
    pub const ALL: [Self; 3] = [Self::UNIXFS_V0_2015, Self::V1_RAW_256K_174, Self::UNIXFS_V1_2025];

    /// The profile of this name, in the form [`Profile::name`] gives.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }

    /// This profile under another name with other sizes: chunks of `chunk_bytes` and up to `max_links` links per
    /// node. `None` if a size is out of its bounds: 1 to [`MAX_CHUNK_BYTES`], 2 to [`MAX_WIDTH`].
    #[must_use]
    pub fn with_sizes(self, name: &'static str, chunk_bytes: usize, max_links: usize) -> Option<Self> {
        let chunk_bytes = NonZeroUsize::new(chunk_bytes).filter(|size| size.get() <= MAX_CHUNK_BYTES)?;
        let max_links = Some(max_links).filter(|width| (2..=MAX_WIDTH).contains(width))?;
        Some(Self { name, chunk_bytes, max_links, ..self })
    }

    /// This profile with leaves as raw blocks or inside DAG-PB.
    #[must_use]
    pub fn with_raw_leaves(self, raw_leaves: bool) -> Self {
        Self { raw_leaves, ..self }
    }

    /// The name, as people write it in settings and requests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Version of the CIDs that files and directories get.
    #[must_use]
    pub fn version(&self) -> cid::Version {
        if self.version_0 { cid::Version::V0 } else { cid::Version::V1 }
    }

    /// Bytes per chunk.
    #[must_use]
    pub fn chunk_bytes(&self) -> usize {
        self.chunk_bytes.get()
    }

    /// Most links in one file node.
    #[must_use]
    pub fn max_links(&self) -> usize {
        self.max_links
    }

    /// Whether leaves are raw blocks.
    #[must_use]
    pub fn raw_leaves(&self) -> bool {
        self.raw_leaves
    }

    /// How directories are measured.
    #[must_use]
    pub fn shard_estimate(&self) -> ShardEstimate {
        self.shard_estimate
    }

    /// How nodes with links are named.
    pub(crate) fn node_name(&self) -> BlockName {
        if self.version_0 { BlockName::V0 } else { BlockName::V1(DAG_PB) }
    }

    /// How leaves are named. A raw leaf cannot have a CIDv0, whatever the rest has.
    pub(crate) fn leaf_name(&self) -> BlockName {
        if self.raw_leaves { BlockName::V1(RAW) } else { self.node_name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in Profile::ALL {
            assert_eq!(Profile::by_name(profile.name()), Some(profile));
        }
        assert_eq!(Profile::by_name("unixfs-v2"), None);
    }

    #[test]
    fn sizes_that_cannot_work_are_refused() {
        let base = Profile::UNIXFS_V1_2025;
        assert!(base.with_sizes("tiny", 1, 2).is_some());
        assert!(base.with_sizes("no chunk", 0, 2).is_none());
        assert!(base.with_sizes("no tree", 1, 1).is_none());
        assert!(base.with_sizes("huge", MAX_CHUNK_BYTES + 1, 2).is_none());
        assert!(base.with_sizes("wide", 1, MAX_WIDTH + 1).is_none());
    }
}

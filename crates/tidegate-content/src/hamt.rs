//! What those who write HAMT directories and those who read them must agree on.
//!
//! Spec: <https://specs.ipfs.tech/unixfs/#hamt-sharded-directory>.

/// Slots per shard in the directories we make, as in everyone's: each level takes one byte of the hash.
pub const FANOUT: usize = 256;

/// The hash that places a name in the tree: the first half of murmur3-x64-128, whose highest bits choose the slot
/// in the root.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "the low half is the first half")]
pub fn name_hash(name: &str) -> u64 {
    let hash = murmur3::murmur3_x64_128(&mut name.as_bytes(), 0).expect("reading memory does not fail");
    hash as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hash_as_the_reference_implementation_does() {
        // MurmurHash3_x64_128("hello", seed 0) is cbd8a7b341bd9b02 5b1e906a48ae1d19
        assert_eq!(name_hash("hello"), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(name_hash(""), 0);
    }
}

//! Blocks: checking one against its CID, and the ones an import makes.
//!
//! What is inside a block is the business of [`crate::dag_pb`] and [`crate::unixfs`].

use bytes::Bytes;
use multihash_codetable::{Code, MultihashDigest};
use sha2::{Digest, Sha256};

use crate::cid_text::{BLAKE2B_256, BLAKE3, Cid, IDENTITY, Multihash, SHA2_256};

/// The largest block we take in, in bytes. Bitswap nodes must carry 2 MiB and Kubo makes no larger block
/// (<https://specs.ipfs.tech/bitswap-protocol/#block-sizes>). The KiB on top lets a leaf through that some other
/// importer made of a 2 MiB chunk and its DAG-PB framing; Bitswap messages of 4 MiB carry that too.
pub const MAX_BLOCK_BYTES: usize = 2 * 1024 * 1024 + 1024;

/// Why bytes are not the block their CID names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes have another digest: they are broken or forged.
    #[error("the block's bytes do not match its CID")]
    Mismatch,
    /// We do not have this hash function, so nothing can be said.
    #[error("blocks hashed with function 0x{0:x} cannot be checked")]
    UnsupportedHash(u64),
    /// Longer than [`MAX_BLOCK_BYTES`].
    #[error("a block is at most {MAX_BLOCK_BYTES} bytes long")]
    TooLarge,
}

/// Checks that `data` is the block `cid` names: SHA-256, BLAKE2b-256, BLAKE3 or identity.
///
/// # Errors
/// See [`BlockError`]; a digest of unusual length never matches.
pub fn verify_block(cid: &Cid, data: &[u8]) -> Result<(), BlockError> {
    if data.len() > MAX_BLOCK_BYTES {
        return Err(BlockError::TooLarge);
    }
    let expected = cid.hash().digest();
    let matches = match cid.hash().code() {
        SHA2_256 => sha256(&[data]) == expected,
        IDENTITY => data == expected,
        BLAKE2B_256 => Code::Blake2b256.digest(data).digest() == expected,
        BLAKE3 => Code::Blake3_256.digest(data).digest() == expected,
        other => return Err(BlockError::UnsupportedHash(other)),
    };
    if matches { Ok(()) } else { Err(BlockError::Mismatch) }
}

/// SHA-256 of the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest_of(parts.iter().copied())
}

/// A block made by an import. Its bytes are kept as pieces so that the payload of a leaf is the very
/// memory the caller pushed.
#[derive(Debug, Clone)]
pub struct NewBlock {
    cid: Cid,
    parts: Vec<Bytes>,
    len: usize,
}

impl NewBlock {
    /// Hashes `parts`, one after the other, with SHA-256 and names the result.
    pub(crate) fn hash(name: BlockName, parts: Vec<Bytes>) -> Self {
        let digest = digest_of(parts.iter().map(|part| &part[..]));
        let len = parts.iter().map(Bytes::len).sum();
        Self { cid: name.with_digest(digest), parts, len }
    }

    /// The block's name.
    #[must_use]
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// Length of the whole block in bytes.
    #[must_use]
    #[allow(
        clippy::len_without_is_empty,
        reason = "a block is a unit; whether it is empty is nobody's question"
    )]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The block's bytes in order, in as many pieces as they came.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|part| &part[..])
    }

    /// The block in one piece, copied.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.len);
        for part in self.parts() {
            whole.extend_from_slice(part);
        }
        whole
    }
}

/// How a new block is named: everything of its CID but the digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockName {
    /// `Qm…`, always DAG-PB.
    V0,
    /// Version 1 with this codec.
    V1(u64),
}

impl BlockName {
    fn with_digest(self, digest: [u8; 32]) -> Cid {
        let hash = Multihash::wrap(SHA2_256, &digest).expect("32 bytes fit a multihash of 128");
        match self {
            Self::V0 => Cid::new_v0(hash).expect("version 0 is SHA-256 with 32 bytes"),
            Self::V1(codec) => Cid::new_v1(codec, hash),
        }
    }
}

fn digest_of<'a>(parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cid_text::{RAW, parse_cid};

    #[test]
    fn a_block_is_checked_with_the_hash_its_cid_names() {
        let data = b"hello world";
        let digests = [
            (SHA2_256, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"),
            (BLAKE3, "d74981efa70a0c880b8d8c1985d075dbcbf679b99a5f9914e5aaf96b831a9e24"),
            (BLAKE2B_256, "256c83b297114d201b30179f3f0ef0cace9783622da5974326b436178aeef610"),
            (IDENTITY, "68656c6c6f20776f726c64"),
        ];
        for (code, digest) in digests {
            let digest = hex::decode(digest).unwrap();
            let cid = Cid::new_v1(RAW, Multihash::wrap(code, &digest).unwrap());
            assert_eq!(verify_block(&cid, data), Ok(()), "0x{code:x}");
            assert_eq!(verify_block(&cid, b"hello World"), Err(BlockError::Mismatch));
            let short = Cid::new_v1(RAW, Multihash::wrap(code, &digest[..10]).unwrap());
            assert_eq!(verify_block(&short, data), Err(BlockError::Mismatch));
        }
    }

    #[test]
    fn what_cannot_be_checked_is_not_called_right() {
        let sha3 = Cid::new_v1(RAW, Multihash::wrap(0x16, &[0; 32]).unwrap());
        assert_eq!(verify_block(&sha3, b""), Err(BlockError::UnsupportedHash(0x16)));
        let empty = parse_cid("bafkqaaa").unwrap();
        assert_eq!(verify_block(&empty, &vec![0; MAX_BLOCK_BYTES + 1]), Err(BlockError::TooLarge));
    }

    #[test]
    fn a_block_is_named_by_all_its_parts() {
        let parts = vec![Bytes::from_static(b"hello"), Bytes::new(), Bytes::from_static(b" world")];
        let block = NewBlock::hash(BlockName::V1(RAW), parts);
        assert_eq!(block.cid().to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
        assert_eq!(block.to_vec(), b"hello world");
        assert_eq!(block.len(), 11);
        assert_eq!(verify_block(block.cid(), b"hello world"), Ok(()));
    }
}

//! Writing a CARv1: the header and the prefix of each section. Reading is in `reader`.
//!
//! <https://ipld.io/specs/transport/car/carv1/>

use super::{CarError, header};
use crate::Cid;

/// Largest encoding of a [`Cid`]: version, codec, hash code and length varints, and the largest digest.
pub(super) const MAX_CID_BYTES: usize = 1 + 10 + 10 + 2 + MAX_DIGEST_BYTES;
/// What a [`Cid`] can hold.
pub(super) const MAX_DIGEST_BYTES: usize = 128;
const MAX_VARINT_BYTES: usize = 10;

/// A CARv1 header with its length prefix, ready to be written. At most 1024 roots can be read back.
///
/// ```
/// assert_eq!(tidegate_content::car::v1::encode_header(&[]).len(), 18);
/// ```
pub fn encode_header(roots: &[Cid]) -> Vec<u8> {
    let body = header::encode(roots);
    let mut varint = unsigned_varint::encode::usize_buffer();
    let mut out = unsigned_varint::encode::usize(body.len(), &mut varint).to_vec();
    out.extend_from_slice(&body);
    out
}

/// The bytes that come before a block's data: `varint(CID length + block length)` and the CID.
///
/// A section is this prefix followed by the `block_len` bytes of the block.
pub fn section_prefix(cid: &Cid, block_len: usize) -> SectionPrefix {
    let mut bytes = [0; SectionPrefix::CAPACITY];
    let mut varint = unsigned_varint::encode::usize_buffer();
    let varint = unsigned_varint::encode::usize(cid.encoded_len() + block_len, &mut varint);
    let (head, mut tail) = bytes.split_at_mut(varint.len());
    head.copy_from_slice(varint);
    // The buffer holds the longest CID there is, so writing cannot fail.
    let written = cid.write_bytes(&mut tail).unwrap_or_default();
    SectionPrefix { bytes, len: varint.len() + written }
}

/// The beginning of a section that is read from its place, say where an index says it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionHead {
    /// What the section claims to hold.
    pub cid: Cid,
    /// Bytes from the start of the section to the block.
    pub data_start: usize,
    /// Length of the block in bytes, as announced: the caller bounds it before reading that much.
    pub data_len: u64,
}

impl SectionHead {
    /// As many first bytes of a section as [`parse`](Self::parse) may need; fewer are fine at the end of a file.
    pub const MAX_BYTES: usize = SectionPrefix::CAPACITY;

    /// Reads the head from the first bytes of a section.
    ///
    /// # Errors
    /// [`CarError::Varint`], [`CarError::SectionCid`] when the bytes do not begin a section.
    pub fn parse(bytes: &[u8]) -> Result<Self, CarError> {
        let (len, rest) = unsigned_varint::decode::u64(bytes).map_err(|_| CarError::Varint)?;
        let (cid, cid_len) = read_cid(rest)?;
        let data_len = len.checked_sub(cid_len as u64).ok_or(CarError::SectionCid)?;
        Ok(Self { cid, data_start: bytes.len() - rest.len() + cid_len, data_len })
    }
}

/// The CID at the front of `bytes` and its length.
pub(super) fn read_cid(bytes: &[u8]) -> Result<(Cid, usize), CarError> {
    let mut rest = bytes;
    let cid = Cid::read_bytes(&mut rest).map_err(|_| CarError::SectionCid)?;
    Ok((cid, bytes.len() - rest.len()))
}

/// A section's prefix, without an allocation. See [`section_prefix`].
#[derive(Clone)]
pub struct SectionPrefix {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl SectionPrefix {
    const CAPACITY: usize = MAX_VARINT_BYTES + MAX_CID_BYTES;
}

impl std::ops::Deref for SectionPrefix {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_length_and_the_cid() {
        for text in [
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
            "bafkqaaa",
        ] {
            let cid: Cid = text.parse().unwrap();
            let prefix = section_prefix(&cid, 300);
            let (len, rest) = unsigned_varint::decode::usize(&prefix).unwrap();
            assert_eq!(rest, cid.to_bytes());
            assert_eq!(len, rest.len() + 300);
            let head = SectionHead { cid, data_start: prefix.len(), data_len: 300 };
            assert_eq!(SectionHead::parse(&prefix).unwrap(), head);
            assert_eq!(SectionHead::parse(&[&prefix, &b"block"[..]].concat()).unwrap(), head);
            assert!(SectionHead::parse(&prefix[..prefix.len() - 1]).is_err());
        }
    }

    #[test]
    fn the_longest_cid_fits() {
        let digest = [7; MAX_DIGEST_BYTES];
        let hash = multihash::Multihash::wrap(u64::MAX, &digest).unwrap();
        let cid = Cid::new_v1(u64::MAX, hash);
        assert_eq!(cid.encoded_len(), MAX_CID_BYTES);
        let prefix = section_prefix(&cid, usize::MAX - MAX_CID_BYTES);
        assert_eq!(prefix.len(), SectionPrefix::CAPACITY);
        assert!(prefix.ends_with(&cid.to_bytes()));
    }
}

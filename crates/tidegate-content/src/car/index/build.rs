//! Making an index: sections are noted in the order in which they are written, and sorted at the end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{MULTIHASH_INDEX_SORTED, OFFSET_BYTES, offset_of};
use crate::cid_text::{IDENTITY, Multihash};

/// Records are gathered into writes of about this many bytes.
const WRITE_BYTES: usize = 64 << 10;

/// Collects the places of sections, then writes a `MultihashIndexSorted`.
///
/// Takes the digest's length plus 8 bytes of memory per section (40 for SHA-256), and 8 more while writing.
#[derive(Debug, Default, Clone)]
pub struct IndexBuilder {
    /// Ordered as the format wants them: by hash code, then by width.
    buckets: BTreeMap<(u64, usize), Vec<u8>>,
}

impl IndexBuilder {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the section of the block `multihash` starts `offset` bytes into the CARv1 payload.
    ///
    /// Identity multihashes are left out, as in every CAR index: they are their own content. A block that is added twice
    /// stays twice; a search finds either.
    pub fn add(&mut self, multihash: &Multihash, offset: u64) {
        if multihash.code() != IDENTITY {
            let bucket = self.buckets.entry((multihash.code(), multihash.digest().len())).or_default();
            bucket.extend_from_slice(multihash.digest());
            bucket.extend_from_slice(&offset.to_le_bytes());
        }
    }

    /// Number of sections noted.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(|((_, digest), bucket)| bucket.len() / (digest + OFFSET_BYTES)).sum()
    }

    /// Whether no section was noted.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Length in bytes of what [`write`](Self::write) writes.
    pub fn encoded_len(&self) -> u64 {
        let codes = self.codes().len() as u64;
        let records: u64 = self.buckets.values().map(|bucket| 4 + 8 + bucket.len() as u64).sum();
        2 + 4 + codes * (8 + 4) + records
    }

    /// Writes the index, sorted.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(WRITE_BYTES + 256);
        let mut varint = unsigned_varint::encode::u64_buffer();
        buffer.extend_from_slice(unsigned_varint::encode::u64(MULTIHASH_INDEX_SORTED, &mut varint));
        let codes = self.codes();
        put_count(&mut buffer, codes.len())?;
        for code in codes {
            let widths = self.buckets.range((code, 0)..=(code, usize::MAX));
            buffer.extend_from_slice(&code.to_le_bytes());
            put_count(&mut buffer, widths.clone().count())?;
            for ((_, digest), records) in widths {
                put_count(&mut buffer, digest + OFFSET_BYTES)?;
                buffer.extend_from_slice(&(records.len() as u64).to_le_bytes());
                for record in sorted(records, *digest) {
                    buffer.extend_from_slice(record);
                    if buffer.len() >= WRITE_BYTES {
                        out.write_all(&buffer)?;
                        buffer.clear();
                    }
                }
            }
        }
        out.write_all(&buffer)
    }

    fn codes(&self) -> Vec<u64> {
        let mut codes: Vec<_> = self.buckets.keys().map(|(code, _)| *code).collect();
        codes.dedup();
        codes
    }
}

/// The records by digest, and by offset where digests are equal.
fn sorted(records: &[u8], digest: usize) -> Vec<&[u8]> {
    let mut records: Vec<_> = records.chunks_exact(digest + OFFSET_BYTES).collect();
    records
        .sort_unstable_by(|a, b| a[..digest].cmp(&b[..digest]).then_with(|| offset_of(a).cmp(&offset_of(b))));
    records
}

fn put_count(out: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let count = u32::try_from(count).map_err(io::Error::other)?;
    out.extend_from_slice(&count.to_le_bytes());
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(index: &IndexBuilder) -> Vec<u8> {
        let mut out = Vec::new();
        index.write(&mut out).unwrap();
        assert_eq!(out.len() as u64, index.encoded_len());
        out
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let mut index = IndexBuilder::new();
        assert_eq!(hex::encode(written(&index)), "810800000000");
        index.add(&Multihash::wrap(0x13, &[9; 3]).unwrap(), 1);
        index.add(&Multihash::wrap(0x12, &[2, 2]).unwrap(), 0x0102_0304_0506_0708);
        index.add(&Multihash::wrap(0x12, &[1, 9]).unwrap(), 7);
        index.add(&Multihash::wrap(0x12, &[3; 1]).unwrap(), 5);
        index.add(&Multihash::wrap(IDENTITY, b"itself").unwrap(), 6);
        assert_eq!(index.len(), 4);
        let expected = [
            "8108 02000000",
            "1200000000000000 02000000",
            "09000000 0900000000000000 03 0500000000000000",
            "0a000000 1400000000000000 0109 0700000000000000 0202 0807060504030201",
            "1300000000000000 01000000",
            "0b000000 0b00000000000000 090909 0100000000000000",
        ];
        assert_eq!(hex::encode(written(&index)), expected.concat().replace(' ', ""));
    }

    #[test]
    fn the_order_of_adding_leaves_no_trace() {
        let entries: Vec<_> = (0..3000_u64)
            .map(|n| {
                (
                    Multihash::wrap(0x12, &(n / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
                        .unwrap(),
                    n,
                )
            })
            .collect();
        let (mut forth, mut back) = (IndexBuilder::new(), IndexBuilder::new());
        entries.iter().for_each(|(hash, offset)| forth.add(hash, *offset));
        entries.iter().rev().for_each(|(hash, offset)| back.add(hash, *offset));
        assert_eq!(written(&forth), written(&back));
    }
}

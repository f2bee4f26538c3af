//! Reading an index where it lies: only the table of buckets is kept, records are found by positioned reads.

use std::io;

use super::{Entries, INDEX_SORTED, IndexError, MULTIHASH_INDEX_SORTED, OFFSET_BYTES, offset_of};
use crate::car::v1::MAX_DIGEST_BYTES;
use crate::cid_text::Multihash;

/// Something that can be read from at any place: a file, a mapped file, a slice.
pub trait ReadAt {
    /// Reads some bytes at `offset` into `buf` and says how many; 0 is the end.
    ///
    /// # Errors
    /// Those of the medium.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for [u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for std::sync::Arc<R> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

/// Buckets in one index; real ones have one or two.
const MAX_BUCKETS: usize = 64;
/// One read of a search. Digests are uniform, so the guess is seldom more than a few windows away.
const WINDOW_BYTES: usize = 4096;
/// Guesses before the search halves instead: a bound on what digests chosen to mislead can cost.
const MAX_GUESSES: u32 = 8;

/// An index of one CAR file, ready to be asked.
#[derive(Debug, Clone)]
pub struct IndexReader<R> {
    source: R,
    buckets: Vec<Bucket>,
}

/// Records of one hash code and width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    pub(super) code: Option<u64>,
    pub(super) digest_len: usize,
    /// Place of the first record in the source.
    pub(super) start: u64,
    /// Number of records.
    pub(super) count: u64,
}

impl Bucket {
    pub(super) fn width(&self) -> usize {
        self.digest_len + OFFSET_BYTES
    }
}

impl<R: ReadAt> IndexReader<R> {
    /// Reads the table of the index that lies at `start..end` of `source`, in a CARv2 from its `index_offset` to the
    /// end of the file.
    ///
    /// # Errors
    /// When the tables cannot be read, or do not fit into `start..end`.
    pub fn open(source: R, start: u64, end: u64) -> Result<Self, IndexError> {
        let mut table = Table { source: &source, at: start, end };
        let mut buckets = Vec::new();
        match table.varint()? {
            INDEX_SORTED => table.widths(None, &mut buckets)?,
            MULTIHASH_INDEX_SORTED => {
                for _ in 0..table.count()? {
                    let code = u64::from_le_bytes(table.take()?);
                    table.widths(Some(code), &mut buckets)?;
                }
            }
            other => return Err(IndexError::Format(other)),
        }
        Ok(Self { source, buckets })
    }

    /// The same index read through another `source` of the same bytes.
    pub fn with_source<S: ReadAt>(self, source: S) -> IndexReader<S> {
        IndexReader { source, buckets: self.buckets }
    }

    /// Where the section of a block starts, in bytes from the start of the CARv1 payload.
    ///
    /// A digest of the right length in an `IndexSorted` counts whatever its code, and an index may lie: the section's
    /// own CID has the last word.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn find(&self, multihash: &Multihash) -> Result<Option<u64>, IndexError> {
        let digest = multihash.digest();
        for bucket in &self.buckets {
            let right_code = bucket.code.is_none_or(|code| code == multihash.code());
            if right_code
                && bucket.digest_len == digest.len()
                && let Some(offset) = self.search(bucket, digest)?
            {
                return Ok(Some(offset));
            }
        }
        Ok(None)
    }

    /// Number of records, duplicates included.
    pub fn len(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All records in their stored order, read in large pieces.
    pub fn entries(&self) -> Entries<'_, R> {
        Entries::new(&self.source, &self.buckets)
    }

    /// Searches `bucket` by guessing the place from the digest's value and reading a window around it.
    fn search(&self, bucket: &Bucket, digest: &[u8]) -> Result<Option<u64>, IndexError> {
        let width = bucket.width();
        let per_window = (WINDOW_BYTES / width).max(1);
        let mut window = vec![0; per_window * width];
        let wanted = key(digest);
        let (mut low, mut high) = (0, bucket.count);
        let (mut low_key, mut high_key) = (0, u64::MAX);
        let mut guesses = 0;
        while low < high {
            let guess = if guesses < MAX_GUESSES {
                interpolate(wanted, low_key..=high_key, high - low)
            } else {
                (high - low) / 2
            };
            guesses += 1;
            let count = (high - low).min(per_window as u64);
            let first = low + guess.saturating_sub(count / 2).min(high - low - count);
            let records = usize::try_from(count).map_or(0, |count| count * width);
            let records = &mut window[..records];
            read_exact_at(&self.source, records, bucket.start + first * width as u64)?;

            let (before, after) = (&records[..bucket.digest_len], &records[records.len() - width..]);
            let after = &after[..bucket.digest_len];
            if digest < before {
                (high, high_key) = (first, key(before));
            } else if digest > after {
                (low, low_key) = (first + count, key(after));
            } else {
                return Ok(find_in(records, digest));
            }
        }
        Ok(None)
    }
}

/// The index's tables, read in order.
struct Table<'a, R> {
    source: &'a R,
    at: u64,
    end: u64,
}

impl<R: ReadAt> Table<'_, R> {
    fn skip(&mut self, bytes: u64) -> Result<(), IndexError> {
        match self.at.checked_add(bytes) {
            Some(at) if at <= self.end => self.at = at,
            _ => return Err(IndexError::Malformed("longer than its place")),
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let (at, mut bytes) = (self.at, [0; N]);
        self.skip(N as u64)?;
        read_exact_at(self.source, &mut bytes, at)?;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64, IndexError> {
        let mut bytes = Vec::new();
        while bytes.len() < 10 {
            let [byte] = self.take()?;
            bytes.push(byte);
            if unsigned_varint::decode::is_last(byte) {
                let decoded = unsigned_varint::decode::u64(&bytes);
                return decoded
                    .map(|(value, _)| value)
                    .map_err(|_| IndexError::Malformed("format is not a varint"));
            }
        }
        Err(IndexError::Malformed("format is not a varint"))
    }

    /// A number of tables.
    fn count(&mut self) -> Result<usize, IndexError> {
        match usize::try_from(u32::from_le_bytes(self.take()?)) {
            Ok(count) if count <= MAX_BUCKETS => Ok(count),
            _ => Err(IndexError::Malformed("too many tables")),
        }
    }

    fn widths(&mut self, code: Option<u64>, buckets: &mut Vec<Bucket>) -> Result<(), IndexError> {
        for _ in 0..self.count()? {
            let width = u32::from_le_bytes(self.take()?);
            let bytes = u64::from_le_bytes(self.take()?);
            let digest_len = usize::try_from(width).unwrap_or(usize::MAX).wrapping_sub(OFFSET_BYTES);
            if digest_len > MAX_DIGEST_BYTES {
                return Err(IndexError::Malformed("impossible width"));
            }
            if bytes % u64::from(width) != 0 {
                return Err(IndexError::Malformed("records do not fill their table"));
            }
            if buckets.len() == MAX_BUCKETS {
                return Err(IndexError::Malformed("too many tables"));
            }
            buckets.push(Bucket { code, digest_len, start: self.at, count: bytes / u64::from(width) });
            self.skip(bytes)?;
        }
        Ok(())
    }
}

pub(super) fn read_exact_at(source: &impl ReadAt, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        match source.read_at(buf, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buf = &mut buf[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The first eight bytes of a digest as a number, in the digests' own order.
fn key(digest: &[u8]) -> u64 {
    let padded = digest.iter().copied().chain(std::iter::repeat(0)).take(8);
    padded.fold(0, |value, byte| value << 8 | u64::from(byte))
}

/// Where among `count` uniform records between the keys `wanted` should be: less than `count`.
fn interpolate(wanted: u64, keys: std::ops::RangeInclusive<u64>, count: u64) -> u64 {
    let (low, high) = keys.into_inner();
    let span = u128::from(high.saturating_sub(low)).max(1);
    let place = u128::from(wanted.saturating_sub(low)) * u128::from(count) / span;
    u64::try_from(place).unwrap_or(u64::MAX).min(count - 1)
}

/// Binary search in whole records.
fn find_in(records: &[u8], digest: &[u8]) -> Option<u64> {
    let width = digest.len() + OFFSET_BYTES;
    let (mut low, mut high) = (0, records.len() / width);
    while low < high {
        let middle = low + (high - low) / 2;
        let record = &records[middle * width..][..width];
        match record[..digest.len()].cmp(digest) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Some(offset_of(record)),
        }
    }
    None
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

//! Going through a whole index, to rebuild what else is known about a CAR.

use super::read::{Bucket, ReadAt, read_exact_at};
use super::{IndexEntry, IndexError, offset_of};
use crate::cid_text::Multihash;

/// One read.
const PIECE_BYTES: usize = 64 << 10;

/// Iterator over the records of an index; it stops after an error.
#[derive(Debug)]
pub struct Entries<'a, R> {
    source: &'a R,
    /// The buckets not finished.
    buckets: &'a [Bucket],
    /// Records of the first bucket that were read from the source.
    read: u64,
    /// The piece read last, and how much of it was given out.
    piece: Vec<u8>,
    used: usize,
}

impl<'a, R: ReadAt> Entries<'a, R> {
    pub(super) fn new(source: &'a R, buckets: &'a [Bucket]) -> Self {
        Self { source, buckets, read: 0, piece: Vec::new(), used: 0 }
    }

    fn read_entry(&mut self) -> Result<Option<IndexEntry>, IndexError> {
        while let Some((bucket, rest)) = self.buckets.split_first() {
            if self.used == self.piece.len() {
                self.read_piece(bucket)?;
            }
            if self.piece.is_empty() {
                (self.buckets, self.read) = (rest, 0);
                continue;
            }
            let record = &self.piece[self.used..][..bucket.width()];
            self.used += bucket.width();
            let multihash = Multihash::wrap(bucket.code.unwrap_or(0), &record[..bucket.digest_len])
                .map_err(|_| IndexError::Malformed("impossible width"))?;
            return Ok(Some(IndexEntry { code: bucket.code, multihash, offset: offset_of(record) }));
        }
        Ok(None)
    }

    /// Reads the next piece of `bucket`; an empty one at its end.
    fn read_piece(&mut self, bucket: &Bucket) -> Result<(), IndexError> {
        let width = bucket.width();
        let count = (bucket.count - self.read).min((PIECE_BYTES / width) as u64);
        let start = bucket.start + self.read * width as u64;
        self.used = 0;
        self.piece.resize(usize::try_from(count).map_or(0, |count| count * width), 0);
        self.read += count;
        Ok(read_exact_at(self.source, &mut self.piece, start)?)
    }
}

impl<R: ReadAt> Iterator for Entries<'_, R> {
    type Item = Result<IndexEntry, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.read_entry();
        if entry.is_err() {
            self.buckets = &[];
        }
        entry.transpose()
    }
}

//! Content on its way to the import, gathered into pieces of one size.
//!
//! What the network gives are often small slices of large read buffers. A chunk that is being hashed would keep all of those
//! buffers; copying them together costs little beside hashing, and leaves an upload with a few buffers of its own.

use bytes::Bytes;

use crate::blobs::Buffer;

/// Length of a piece in bytes: a whole part of every profile's chunk.
const PIECE: usize = 128 << 10;
/// A shorter rest is copied out, so that files of a few bytes share one buffer.
const SHORT: usize = 32 << 10;

/// The piece being filled.
#[derive(Default)]
pub(super) struct Gather {
    buffer: Option<Buffer>,
    len: usize,
}

impl Gather {
    /// Takes what fits from the front of `bytes`; gives the piece if it is full now.
    pub(super) fn take(&mut self, bytes: &mut Bytes) -> Option<Bytes> {
        let taken = bytes.split_to(bytes.len().min(PIECE - self.len));
        let buffer = self.buffer.get_or_insert_with(|| Buffer::new(PIECE));
        buffer.as_mut()[self.len..][..taken.len()].copy_from_slice(&taken);
        self.len += taken.len();
        if self.len == PIECE { self.rest() } else { None }
    }

    /// What was taken and not given yet, if anything.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        match std::mem::take(&mut self.len) {
            0 => None,
            len if len < SHORT => {
                self.buffer.as_ref().map(|buffer| Bytes::copy_from_slice(&buffer.as_ref()[..len]))
            }
            len => self.buffer.take().map(|buffer| buffer.freeze(len)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_is_lost_or_moved(sizes in prop::collection::vec(0usize..300_000, 0..6)) {
            let total: usize = sizes.iter().sum();
            let content: Vec<u8> = (0..total).map(|i| u8::try_from(i * 7 % 251).unwrap_or(0)).collect();
            let (mut gather, mut given, mut at) = (Gather::default(), Vec::new(), 0);
            for size in sizes {
                let mut bytes = Bytes::copy_from_slice(&content[at..at + size]);
                at += size;
                while !bytes.is_empty() {
                    given.extend(gather.take(&mut bytes));
                }
            }
            prop_assert!(given.iter().all(|piece| piece.len() == PIECE));
            given.extend(gather.rest());
            prop_assert_eq!(gather.rest(), None);
            prop_assert!(given.concat() == content);
        }
    }
}

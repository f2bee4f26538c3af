//! Content on its way to the import, gathered into pieces of one size.
//!
//! What the network gives are often small slices of large read buffers. A chunk that is being hashed would keep all of those
//! buffers; copying them together costs little beside hashing, and leaves an upload with a few buffers of its own.

use bytes::Bytes;

use crate::blobs::Buffer;

/// Length of a piece in bytes: a whole part of every profile's chunk.
const PIECE: usize = 128 << 10;
/// What is shorter and stays alone needs no buffer.
const SHORT: usize = 32 << 10;

/// The piece being filled.
#[derive(Default)]
pub(super) struct Gather {
    /// Short bytes that came first: often they are the whole file.
    first: Bytes,
    buffer: Option<Buffer>,
    len: usize,
}

impl Gather {
    /// Takes what fits from the front of `bytes`; gives the piece if it is full now.
    pub(super) fn take(&mut self, bytes: &mut Bytes) -> Option<Bytes> {
        if self.len == 0 && bytes.len() < SHORT {
            self.len = bytes.len();
            self.first = std::mem::take(bytes);
            return None;
        }
        let buffer = self.buffer.get_or_insert_with(|| Buffer::new(PIECE));
        let first = std::mem::take(&mut self.first);
        buffer.as_mut()[..first.len()].copy_from_slice(&first);
        let taken = bytes.split_to(bytes.len().min(PIECE - self.len));
        buffer.as_mut()[self.len..][..taken.len()].copy_from_slice(&taken);
        self.len += taken.len();
        if self.len == PIECE { self.rest() } else { None }
    }

    /// What was taken and not given yet, if anything.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        let len = std::mem::take(&mut self.len);
        if !self.first.is_empty() {
            return Some(std::mem::take(&mut self.first));
        }
        self.buffer.take_if(|_| len > 0).map(|buffer| buffer.freeze(len))
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

//! The chunk being filled: slices of what was pushed, end to end.
//!
//! Large pushes are kept as they are. Small ones are copied together, else a chunk pushed byte by byte would be a
//! million pieces.

use bytes::{Bytes, BytesMut};

/// A push below this many bytes is copied: for fewer, a piece costs more than its bytes.
const SMALL_PIECE: usize = 4 * 1024;
/// Copied bytes are closed into a piece at this size, so that their buffer never has to move far.
const COPIED_PIECE: usize = 64 * 1024;

/// Bytes in a few pieces.
#[derive(Debug, Default)]
pub(super) struct Rope {
    pieces: Vec<Bytes>,
    copied: BytesMut,
    len: usize,
}

impl Rope {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        if bytes.len() < SMALL_PIECE {
            self.copied.extend_from_slice(&bytes);
            if self.copied.len() >= COPIED_PIECE {
                self.close_copied();
            }
        } else {
            self.close_copied();
            self.pieces.push(bytes);
        }
    }

    /// Everything pushed since the last time.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        self.close_copied();
        self.len = 0;
        std::mem::take(&mut self.pieces)
    }

    fn close_copied(&mut self) {
        if !self.copied.is_empty() {
            self.pieces.push(self.copied.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_pushes_make_few_pieces() {
        let mut rope = Rope::default();
        for _ in 0..262_144 {
            rope.push(Bytes::from_static(b"x"));
        }
        assert_eq!(rope.len(), 262_144);
        let pieces = rope.take();
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), 262_144);
        assert_eq!(rope.len(), 0);
    }

    #[test]
    fn large_pushes_are_not_copied_and_order_is_kept() {
        let large = Bytes::from(vec![7; 10_000]);
        let mut rope = Rope::default();
        rope.push(Bytes::from_static(b"before"));
        rope.push(large.clone());
        rope.push(Bytes::from_static(b"after"));
        let pieces = rope.take();
        assert_eq!(pieces.len(), 3);
        assert_eq!(&pieces[0][..], b"before");
        assert_eq!(pieces[1].as_ptr(), large.as_ptr());
        assert_eq!(&pieces[2][..], b"after");
    }
}

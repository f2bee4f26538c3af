//! Bytes that came in pieces, taken out in items of known length.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// A queue of pieces and the beginning of one item that straddles them.
///
/// Every byte is copied at most once (and by the growth of `partial`), so the cost is linear however the input is cut.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pieces: VecDeque<Bytes>,
    /// Grows with what arrives, not with what is announced.
    partial: BytesMut,
}

impl Input {
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing waits. The beginning of an item does not count.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The item of the next `len` bytes, when all of it has arrived: a slice of one piece, or put together from
    /// several. Until then every call must name the same length.
    pub(crate) fn take(&mut self, len: usize) -> Option<Bytes> {
        if let Some(front) = self.pieces.front_mut()
            && self.partial.is_empty()
            && front.len() >= len
        {
            let item = front.split_to(len);
            self.drop_empty_front();
            return Some(item);
        }
        while let Some(front) = self.pieces.front_mut()
            && self.partial.len() < len
        {
            let wanted = (len - self.partial.len()).min(front.len());
            self.partial.extend_from_slice(&front[..wanted]);
            front.advance(wanted);
            self.drop_empty_front();
        }
        (self.partial.len() == len).then(|| std::mem::take(&mut self.partial).freeze())
    }

    /// The next byte. Not within an item.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.pieces.front_mut()?.get_u8();
        self.drop_empty_front();
        Some(byte)
    }

    /// Up to `most` bytes, as they lie; `None` when nothing waits. Not within an item.
    pub(crate) fn some(&mut self, most: u64) -> Option<Bytes> {
        let front = self.pieces.front_mut()?;
        let len = usize::try_from(most).map_or(front.len(), |most| most.min(front.len()));
        let taken = front.split_to(len);
        self.drop_empty_front();
        Some(taken)
    }

    /// Drops up to `most` bytes and says how many; `None` when nothing waits. Not within an item.
    pub(crate) fn skip(&mut self, most: u64) -> Option<u64> {
        let front = self.pieces.front_mut()?;
        let skipped = usize::try_from(most).map_or(front.len(), |most| most.min(front.len()));
        front.advance(skipped);
        self.drop_empty_front();
        Some(skipped as u64)
    }

    fn drop_empty_front(&mut self) {
        if self.pieces.front().is_some_and(Bytes::is_empty) {
            self.pieces.pop_front();
        }
    }
}

//! How many bytes content may take in this folder, and how many it takes: what is stored, and what is on its way in.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The bytes of a store. Clones count together.
#[derive(Debug, Clone)]
pub struct Room(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    limit: u64,
    taken: AtomicU64,
}

impl Room {
    /// Room for `limit` bytes, all of it free. Zero is no limit.
    pub(super) fn new(limit: u64) -> Self {
        let limit = if limit == 0 { u64::MAX } else { limit };
        Self(Arc::new(Counts { limit, taken: AtomicU64::new(0) }))
    }

    /// How many bytes may be here, if that is limited.
    pub(super) fn limit(&self) -> Option<u64> {
        self.is_limited().then_some(self.0.limit)
    }

    /// Is there any limit?
    pub(super) fn is_limited(&self) -> bool {
        self.0.limit != u64::MAX
    }

    /// Counts what is stored already.
    pub(super) fn count(&self, bytes: u64) {
        self.0.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Would so many bytes more fit?
    pub(super) fn has(&self, bytes: u64) -> bool {
        self.0.taken.load(Ordering::Relaxed).checked_add(bytes).is_some_and(|sum| sum <= self.0.limit)
    }

    /// Bytes that fit still.
    pub(super) fn left(&self) -> u64 {
        self.0.limit.saturating_sub(self.0.taken.load(Ordering::Relaxed))
    }

    /// Stored bytes that are gone.
    pub(super) fn give_back(&self, bytes: u64) {
        let less = |taken: u64| Some(taken.saturating_sub(bytes));
        let _ = self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// A place for what is here already, whether there is room or not.
    pub(crate) fn hold(&self, bytes: u64) -> Place {
        self.count(bytes);
        Place { room: self.clone(), bytes }
    }

    /// A place for content on its way in, with nothing in it yet.
    pub(crate) fn place(&self) -> Place {
        Place { room: self.clone(), bytes: 0 }
    }
}

/// What something on its way in takes; free again when dropped.
#[derive(Debug)]
pub struct Place {
    room: Room,
    bytes: u64,
}

impl Place {
    /// Takes so many bytes altogether, if there is room for them.
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        if bytes <= self.bytes {
            self.room.give_back(self.bytes - bytes);
            self.bytes = bytes;
            return true;
        }
        let more = bytes - self.bytes;
        let limit = self.room.0.limit;
        let grown = |taken: u64| taken.checked_add(more).filter(|sum| *sum <= limit);
        let fits = self.room.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// Bytes taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The content is stored now: its bytes stay taken.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_takes_what_fits_and_gives_it_back() {
        let room = Room::new(100);
        room.count(50);
        let (mut one, mut two) = (room.place(), room.place());
        assert!(one.take(30) && !two.take(21) && two.take(20));
        assert!(!one.take(31), "all is taken");
        drop(two);
        assert!(one.take(50) && !room.has(1));
        assert!(one.take(10) && room.has(40));
        one.keep();
        assert!(room.has(40) && !room.has(41), "it is stored");
        room.give_back(60);
        assert!(room.has(100));
    }

    #[test]
    fn no_limit_is_no_limit() {
        let room = Room::new(0);
        assert!(!room.is_limited());
        assert!(room.place().take(u64::MAX - 1));
    }
}

//! The last nonces of the addresses that are busy now, in bounded memory.
//!
//! It must never say a nonce is lower than it is on disk, or a client would sign one that is refused. A reader that saw
//! the database before a write and comes here after it is the danger: each write counts up its shard's `writes`, and what a
//! reader found is kept only if there was none since it asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_ocean::{Address, Nonce};

/// Addresses that share a lock: few enough that locks are free, and a full one is no loss.
const SHARDS: usize = 64;

/// Addresses remembered per shard, 65536 in all: some 5 MB.
const CAPACITY: usize = 1024;

/// What is known without the database.
#[derive(Debug)]
pub(super) struct Recent([Mutex<Shard>; SHARDS]);

impl Default for Recent {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

#[derive(Debug, Default)]
struct Shard {
    last: HashMap<Address, Option<Nonce>>,
    writes: u64,
}

/// When a question was asked that memory could not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked(u64);

impl Recent {
    /// The address's last nonce (`None`: it has none), or a mark for [`Recent::found`] if it is not known.
    pub(super) fn get(&self, address: Address) -> Result<Option<Nonce>, Asked> {
        let shard = self.shard(address);
        shard.last.get(&address).copied().ok_or(Asked(shard.writes))
    }

    /// The database said this, to someone who asked it after [`Recent::get`].
    pub(super) fn found(&self, address: Address, last: Option<Nonce>, asked: Asked) {
        let mut shard = self.shard(address);
        if shard.writes == asked.0 {
            shard.keep(address, last);
        }
    }

    /// This nonce is on disk. Of writes that end at the same time the greatest counts.
    pub(super) fn accepted(&self, address: Address, nonce: Nonce) {
        let mut shard = self.shard(address);
        shard.writes += 1;
        let greatest = shard.last.get(&address).copied().flatten().max(Some(nonce));
        shard.keep(address, greatest);
    }

    /// Something happened to this address that we do not know.
    pub(super) fn forget(&self, address: Address) {
        let mut shard = self.shard(address);
        shard.writes += 1;
        shard.last.remove(&address);
    }

    fn shard(&self, address: Address) -> MutexGuard<'_, Shard> {
        // Addresses are hashes; one chosen to hit a shard costs its neighbours a read of the database.
        let shard = &self.0[usize::from(address[19]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn keep(&mut self, address: Address, last: Option<Nonce>) {
        if self.last.len() >= CAPACITY && !self.last.contains_key(&address) {
            self.last.clear();
        }
        self.last.insert(address, last);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ANN: Address = Address::repeat_byte(1);

    fn nonce(text: &str) -> Nonce {
        Nonce::parse(text).unwrap()
    }

    #[test]
    fn what_a_slow_reader_found_before_a_write_is_not_kept() {
        let recent = Recent::default();
        let asked = recent.get(ANN).unwrap_err();
        recent.accepted(ANN, nonce("5"));
        recent.found(ANN, None, asked);
        assert_eq!(recent.get(ANN), Ok(Some(nonce("5"))));

        let bob = Address::repeat_byte(2);
        let asked = recent.get(bob).unwrap_err();
        recent.forget(bob);
        recent.found(bob, Some(nonce("1")), asked);
        assert!(recent.get(bob).is_err());
    }

    #[test]
    fn what_was_found_is_kept_and_the_greatest_of_writes_wins() {
        let recent = Recent::default();
        recent.found(ANN, None, recent.get(ANN).unwrap_err());
        assert_eq!(recent.get(ANN), Ok(None));
        recent.accepted(ANN, nonce("7"));
        recent.accepted(ANN, nonce("6"));
        assert_eq!(recent.get(ANN), Ok(Some(nonce("7"))));
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::default();
        for number in 0..(SHARDS * CAPACITY * 2) as u64 {
            let mut address = Address::ZERO;
            address[12..].copy_from_slice(&number.to_be_bytes());
            recent.accepted(address, nonce("1"));
        }
        let kept: usize = recent.0.iter().map(|shard| shard.lock().unwrap().last.len()).sum();
        assert!((1..=SHARDS * CAPACITY).contains(&kept), "{kept}");
    }
}

//! Stories of [`IndexReader`](super::IndexReader).
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use multihash_codetable::{Code, MultihashDigest};
use proptest::prelude::*;

use super::super::{IndexBuilder, IndexEntry};
use super::*;

fn hash(number: u64) -> Multihash {
    let digest = Code::Sha2_256.digest(&number.to_be_bytes());
    Multihash::wrap(0x12, digest.digest()).unwrap()
}

fn built(entries: impl IntoIterator<Item = (Multihash, u64)>) -> Vec<u8> {
    let mut index = IndexBuilder::new();
    entries.into_iter().for_each(|(hash, offset)| index.add(&hash, offset));
    let mut bytes = Vec::new();
    index.write(&mut bytes).unwrap();
    bytes
}

fn open(bytes: &[u8]) -> Result<IndexReader<&[u8]>, IndexError> {
    IndexReader::open(bytes, 0, bytes.len() as u64)
}

/// Counts reads.
struct Counted<'a>(&'a [u8], Cell<u32>);

impl ReadAt for Counted<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.set(self.1.get() + 1);
        self.0.read_at(buf, offset)
    }
}

#[test]
fn every_section_is_found_in_few_reads_and_no_other() {
    let count = 100_000;
    let bytes = built((0..count).map(|n| (hash(n), n * 3)));
    let source = Counted(&bytes, Cell::new(0));
    let reader = IndexReader::open(&source, 0, bytes.len() as u64).unwrap();
    assert_eq!(reader.len(), count);
    source.1.set(0);
    for n in 0..count {
        assert_eq!(reader.find(&hash(n)).unwrap(), Some(n * 3));
    }
    let mean = f64::from(source.1.get()) / 100_000.0;
    assert!(mean < 2.0, "{mean} reads per search");
    for n in count..count + 1000 {
        assert_eq!(reader.find(&hash(n)).unwrap(), None);
    }
    assert_eq!(reader.find(&Multihash::wrap(0x13, hash(1).digest()).unwrap()).unwrap(), None, "another code");
}

#[test]
fn entries_come_in_order_and_complete() {
    let count = 5000;
    let mixed = (0..count).map(|n| {
        let (code, len) = [(0x12, 32), (0x1e, 32), (0xb220, 20)][(n % 3) as usize];
        (Multihash::wrap(code, &hash(n).digest()[..len]).unwrap(), n)
    });
    let mixed: Vec<_> = mixed.collect();
    let bytes = built(mixed.clone());
    let reader = open(&bytes).unwrap();
    let entries: Vec<IndexEntry> = reader.entries().collect::<Result<_, _>>().unwrap();
    assert_eq!(built(entries.iter().map(|entry| (entry.multihash, entry.offset))), bytes);
    assert_eq!(entries.len(), 5000);
    for (hash, offset) in mixed {
        assert_eq!(reader.find(&hash).unwrap(), Some(offset));
    }
}

#[test]
fn the_older_format_is_read_too() {
    let newer = built((0..500).map(|n| (hash(n), n)));
    let older = [b"\x80\x08", &newer[2 + 4 + 8..]].concat();
    let reader = open(&older).unwrap();
    assert_eq!(reader.find(&hash(77)).unwrap(), Some(77));
    assert_eq!(reader.find(&hash(500)).unwrap(), None);
    assert!(reader.entries().all(|entry| entry.unwrap().code.is_none()));
}

#[test]
fn digests_chosen_to_mislead_cost_little() {
    let skewed = |n: u64| {
        let mut digest = [0; 32];
        digest[24..].copy_from_slice(&n.to_be_bytes());
        Multihash::wrap(0x12, &digest).unwrap()
    };
    let bytes = built((0..50_000).map(|n| (skewed(n * 2), n)));
    let source = Counted(&bytes, Cell::new(0));
    let reader = IndexReader::open(&source, 0, bytes.len() as u64).unwrap();
    for n in (0..50_000).step_by(777) {
        source.1.set(0);
        assert_eq!(reader.find(&skewed(n * 2)).unwrap(), Some(n));
        assert_eq!(reader.find(&skewed(n * 2 + 1)).unwrap(), None);
        assert!(source.1.get() < 2 * (MAX_GUESSES + 17), "{} reads", source.1.get());
    }
}

#[test]
fn a_cut_or_lying_index_is_refused() {
    let bytes = built((0..100).map(|n| (hash(n), n)));
    for len in 0..bytes.len() {
        assert!(open(&bytes[..len]).is_err(), "cut at {len}");
    }
    let with = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    assert!(matches!(open(&with(0, b"\x82")), Err(IndexError::Format(0x0402))));
    assert!(open(&with(2, &u32::MAX.to_le_bytes())).is_err(), "code count");
    assert!(open(&with(14, &u32::MAX.to_le_bytes())).is_err(), "width count");
    for width in [0, 7, 41, 137, u32::MAX] {
        assert!(open(&with(18, &width.to_le_bytes())).is_err(), "width {width}");
    }
    for length in [u64::MAX, 3999, 4040, u64::MAX / 40 * 40] {
        assert!(open(&with(22, &length.to_le_bytes())).is_err(), "length {length}");
    }
    let shorter = IndexReader::open(&bytes[..bytes.len() - 1], 0, bytes.len() as u64).unwrap();
    assert!(shorter.entries().any(|entry| entry.is_err()), "the file is shorter than it was said to be");
}

proptest! {
    #[test]
    fn small_and_repeated_digests_are_found(
        keys in prop::collection::vec((any::<u8>(), 0_usize..3), 0..400), missing in any::<[u8; 3]>(),
    ) {
        let entries: Vec<_> = keys.iter().map(|(key, len)| {
            (Multihash::wrap(0x12, &vec![*key; *len]).unwrap(), u64::from(*key))
        }).collect();
        let bytes = built(entries.clone());
        let reader = open(&bytes).unwrap();
        for (hash, offset) in &entries {
            let found = reader.find(hash).unwrap();
            let one_of_many = hash.digest().is_empty() && found.is_some();
            prop_assert!(one_of_many || found == Some(*offset));
        }
        prop_assert_eq!(reader.find(&Multihash::wrap(0x12, &missing).unwrap()).unwrap(), None);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400), damage in prop::collection::vec((0_usize..30, any::<u8>()), 0..4),
    ) {
        let try_all = |bytes: &[u8]| {
            if let Ok(reader) = open(bytes) {
                let _ = reader.find(&hash(1));
                let _ = reader.entries().count();
            }
        };
        try_all(&bytes);
        bytes.splice(..0, *b"\x81\x08\x01\0\0\0");
        try_all(&bytes);
        let mut real = built((0..9).map(|n| (hash(n), n)));
        damage.iter().for_each(|(at, value)| real[*at] = *value);
        try_all(&real);
    }
}

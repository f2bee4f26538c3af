//! Reading files and ranges of them.

use std::ops::Range;

use bytes::Bytes;
use proptest::prelude::*;
use tidegate_content::cid_text::{DAG_CBOR, RAW};
use tidegate_content::{
    Cid, FileCursor, Hasher, Kind, NodeError, Profile, ReadError, UnixFs, UnixFsError, file_size,
};

use super::store::{Refusal, Store, identity, insist, link};
use crate::support::{content, import, profile};

fn read(store: &mut Store, root: Cid, range: Range<u64>) -> Result<Vec<u8>, ReadError<Refusal>> {
    let mut cursor = FileCursor::new(root, range);
    let mut bytes = Vec::new();
    while let Some(piece) = insist(|| cursor.next(store))? {
        assert!(!piece.is_empty());
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn reason<T: std::fmt::Debug>(result: Result<T, ReadError<Refusal>>) -> NodeError {
    match result {
        Err(ReadError::Malformed { reason, .. }) => reason,
        other => panic!("not malformed: {other:?}"),
    }
}

/// A file of `size` bytes in one of the tiny profiles.
fn tiny(name: &str, size: u64) -> (Store, Cid, Vec<u8>) {
    let mut store = Store::default();
    let pieces: Vec<Bytes> = content(5, size).collect();
    let root = import(profile(name), &Hasher::inline(), pieces.clone(), &mut store).cid;
    (store, root, pieces.concat())
}

proptest! {
    #[test]
    fn a_range_is_that_slice_of_the_file(
        name in prop::sample::select(vec!["tiny-v0-64x3", "tiny-v1-64x3", "tiny-v1-pb-100x2"]),
        size in 0_u16..3000, from in 0_u16..3100, len in 0_u16..3100, hesitant: bool,
    ) {
        let (mut store, root, bytes) = tiny(name, size.into());
        store.hesitant = hesitant;
        let end = (from + len).min(size);
        let expected = bytes.get(usize::from(from)..usize::from(end)).unwrap_or_default();
        prop_assert_eq!(read(&mut store, root, from.into()..u64::from(from + len)).unwrap(), expected);
    }

    #[test]
    fn a_damaged_node_never_gives_more_than_its_size(at: prop::sample::Index, byte: u8, range in (0_u64..300, 0_u64..300)) {
        let (mut store, root, _) = tiny("tiny-v0-64x3", 300);
        let mut block = store.memory.blocks[&root].to_vec();
        let at = at.index(block.len());
        block[at] = byte;
        store.memory.blocks.insert(root, block.into());
        if let (Ok(size), Ok(bytes)) = (file_size(&mut store, &root), read(&mut store, root, range.0..range.1)) {
            prop_assert_eq!(bytes.len() as u64, range.1.min(size).saturating_sub(range.0));
        }
    }
}

#[test]
fn a_real_file_is_read_back_in_every_profile() {
    for profile in Profile::ALL {
        let mut store = Store::default();
        let pieces: Vec<Bytes> = content(8, 5_000_001).collect();
        let root = import(profile, &Hasher::inline(), pieces.clone(), &mut store).cid;
        assert_eq!(file_size(&mut store, &root).unwrap(), 5_000_001);
        let mut cursor = FileCursor::whole(root);
        let first = cursor.next(&mut store).unwrap().unwrap();
        assert_eq!(cursor.size(), Some(5_000_001));
        assert_eq!(first, pieces.concat()[..first.len()]);
        assert_eq!(read(&mut store, root, 0..u64::MAX).unwrap(), pieces.concat());
    }
}

#[test]
fn only_the_blocks_of_a_range_are_fetched() {
    let (mut store, root, bytes) = tiny("tiny-v1-64x3", 64 * 27);
    let got = read(&mut store, root, 64 * 9 + 63..64 * 9 + 65).unwrap();
    assert_eq!(got, bytes[64 * 9 + 63..64 * 9 + 65]);
    assert_eq!(store.fetched.len(), 5, "the root, one node on each of two levels, two leaves");

    store.fetched.clear();
    let mut cursor = FileCursor::new(root, 64..65);
    let mut steps = Vec::new();
    while let Some(step) = cursor.step(&mut store).unwrap() {
        assert_eq!(store.memory.blocks[&step.cid], step.block);
        steps.push(step);
    }
    let visited: Vec<Cid> = steps.iter().map(|step| step.cid).collect();
    assert_eq!(visited, store.fetched);
    assert_eq!(visited[0], root);
    assert_eq!(steps.last().unwrap().payload, bytes[64..65]);
}

#[test]
fn payloads_share_the_memory_of_their_blocks() {
    let (mut store, root, _) = tiny("tiny-v0-64x3", 60);
    let block = store.memory.blocks[&root].clone();
    let payload = FileCursor::new(root, 7..50).next(&mut store).unwrap().unwrap();
    assert!(block.as_ptr_range().contains(&payload.as_ptr()));
}

#[test]
fn a_node_may_hold_bytes_before_those_of_its_children() {
    let mut store = Store::default();
    let leaf = store.put_raw(b" and leaf");
    let message = UnixFs {
        data: Some(Bytes::from_static(b"inline")),
        block_sizes: vec![9, 2],
        file_size: Some(17),
        ..UnixFs::new(Kind::File)
    };
    let links = vec![link("", leaf), link("", identity(RAW, b"!!"))];
    let root = store.put_node(&message, links);
    assert_eq!(read(&mut store, root, 0..99).unwrap(), b"inline and leaf!!");
    assert_eq!(read(&mut store, root, 4..8).unwrap(), b"ne a");
    assert_eq!(store.fetched, [root, leaf, root, leaf]);
}

#[test]
fn an_identity_cid_is_a_file_without_blocks() {
    let mut store = Store::default();
    assert_eq!(read(&mut store, identity(RAW, b"hello"), 1..3).unwrap(), b"el");
    assert_eq!(file_size(&mut store, &identity(RAW, b"")).unwrap(), 0);
}

#[test]
fn lying_sizes_are_errors_and_not_wrong_bytes() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"four");
    for claimed in [3, 5, u64::MAX - 4] {
        let root = store.put_file(&[(leaf, 4), (leaf, claimed)]);
        let mut cursor = FileCursor::whole(root);
        assert_eq!(cursor.next(&mut store).unwrap().unwrap(), "four");
        let error = NodeError::Size { expected: claimed, found: 4 };
        assert_eq!(reason(cursor.next(&mut store)), error);
        assert_eq!(reason(cursor.next(&mut store)), error, "an error stays");
    }
    let inner = store.put_file(&[(leaf, 4)]);
    let root = store.put_file(&[(inner, 8)]);
    assert_eq!(reason(read(&mut store, root, 0..8)), NodeError::Size { expected: 8, found: 4 });

    let overflowing = store.put_file(&[(leaf, u64::MAX), (leaf, 4)]);
    assert_eq!(reason(read(&mut store, overflowing, 0..8)), NodeError::UnixFs(UnixFsError::Sizes));
    let without_sizes = store.put_node(&UnixFs::new(Kind::File), vec![link("", leaf)]);
    assert_eq!(reason(file_size(&mut store, &without_sizes)), NodeError::UnixFs(UnixFsError::Sizes));
}

#[test]
fn what_is_not_a_file_is_not_read_as_one() {
    let mut store = Store::default();
    let directory = store.put_directory(&[]);
    let cbor = store.put_bytes(DAG_CBOR, &b"\xa0"[..]);
    let bare = store.put_bytes(0x70, &b""[..]);
    assert_eq!(reason(read(&mut store, directory, 0..1)), NodeError::NotAFile);
    assert_eq!(reason(read(&mut store, cbor, 0..1)), NodeError::Codec(DAG_CBOR));
    assert_eq!(reason(file_size(&mut store, &bare)), NodeError::NoUnixFs);
    for child in [directory, cbor] {
        let root = store.put_file(&[(child, 1)]);
        assert!(matches!(reason(read(&mut store, root, 0..1)), NodeError::NotAFile | NodeError::Codec(_)));
    }
}

#[test]
fn endless_chains_and_floods_of_links_are_refused() {
    let mut store = Store::default();
    let mut chain = store.put_raw(b"x");
    for _ in 0..63 {
        chain = store.put_file(&[(chain, 1)]);
    }
    assert_eq!(read(&mut store, chain, 0..1).unwrap(), b"x");
    let too_deep = store.put_file(&[(chain, 1)]);
    assert_eq!(reason(read(&mut store, too_deep, 0..1)), NodeError::TooDeep);

    let leaf = identity(RAW, b"");
    let message = |size| UnixFs { block_sizes: vec![size; 60_000], ..UnixFs::new(Kind::File) };
    let mut wide = store.put_node(&message(1), vec![link("", identity(RAW, b"y")); 60_000]);
    assert_eq!(read(&mut store, wide, 0..u64::MAX).unwrap(), [b'y'; 60_000]);
    for level in 1..3 {
        wide = store.put_node(&message(60_000_u64.pow(level)), vec![link("", wide); 60_000]);
    }
    assert_eq!(reason(read(&mut store, wide, 0..u64::MAX)), NodeError::TooDeep);
    let empty = store.put_node(&message(0), vec![link("", leaf); 60_000]);
    assert_eq!(read(&mut store, empty, 0..u64::MAX).unwrap(), b"");
}

#[test]
fn a_missing_block_is_the_sources_word() {
    let (mut store, root, bytes) = tiny("tiny-v1-64x3", 300);
    let missing = store.memory.order[1];
    let block = store.memory.blocks.remove(&missing).unwrap();
    let mut cursor = FileCursor::whole(root);
    assert_eq!(cursor.next(&mut store).unwrap().unwrap(), bytes[..64]);
    assert_eq!(cursor.next(&mut store), Err(ReadError::Source(Refusal::NotHere)));
    store.memory.blocks.insert(missing, block);
    assert_eq!(cursor.next(&mut store).unwrap().unwrap(), bytes[64..128], "and it can be tried again");
}

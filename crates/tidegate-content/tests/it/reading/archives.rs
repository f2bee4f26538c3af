//! Whole DAGs: walking them, and finding their blocks in a CARv2 by its index.

use std::collections::HashSet;

use bytes::Bytes;
use tidegate_content::car::{
    CarEvent, CarLimits, CarReader, IndexBuilder, IndexReader, V2Header, v1::SectionHead, v2,
};
use tidegate_content::cid_text::{DAG_CBOR, DAG_PB, RAW};
use tidegate_content::{
    Cid, DirectoryImport, Hasher, Kind, NodeError, Profile, ReadError, UnixFs, verify_block,
};

use super::store::{Store, car, identity, link, node};
use crate::support::{content, import, import_tree, vectors};

/// A CARv2 as a pin is kept: payload, then index.
fn car_v2(root: Cid, blocks: &[(Cid, Bytes)]) -> Vec<u8> {
    let payload = car(root, blocks);
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(payload.clone().into());
    let mut index = IndexBuilder::new();
    while let Some(event) = reader.next().unwrap() {
        if let CarEvent::Block { cid, offset, .. } = event {
            index.add(cid.hash(), offset);
        }
    }
    let header = V2Header::unpadded(payload.len() as u64);
    let mut file = [&v2::PRAGMA[..], &header.encode(), &payload].concat();
    index.write(&mut file).unwrap();
    file
}

#[test]
fn every_block_of_a_pin_is_found_by_its_index() {
    let mut store = Store::default();
    let tiny = Profile::V1_RAW_256K_174.with_sizes("tiny", 64, 3).unwrap();
    let root = import(tiny, &Hasher::inline(), content(3, 40_000), &mut store).cid;
    let blocks = store.walk(root, false).unwrap();
    let file = car_v2(root, &blocks);

    let header = V2Header::parse(file[v2::PRAGMA.len()..].first_chunk().unwrap()).unwrap();
    let index = IndexReader::open(&file[..], header.index_offset, file.len() as u64).unwrap();
    assert_eq!(index.len(), blocks.len() as u64);
    let payload = &file[usize::try_from(header.data_offset).unwrap()..];
    for (cid, block) in &blocks {
        let offset = index.find(cid.hash()).unwrap().unwrap();
        let section = &payload[usize::try_from(offset).unwrap()..];
        let head = SectionHead::parse(&section[..SectionHead::MAX_BYTES.min(section.len())]).unwrap();
        assert_eq!((head.cid, head.data_len), (*cid, block.len() as u64));
        assert_eq!(section[head.data_start..][..block.len()], block[..]);
    }
    assert_eq!(index.find(Store::default().put_raw(b"elsewhere").hash()).unwrap(), None);

    let mut offsets = HashSet::new();
    for entry in index.entries() {
        assert!(offsets.insert(entry.unwrap().offset));
    }
    assert_eq!(offsets.len(), blocks.len());
}

#[test]
fn a_walk_gives_each_block_before_its_children() {
    for tree in vectors().trees {
        let mut store = Store::default();
        let root = import_tree(Profile::UNIXFS_V1_2025, &tree.entries, &mut store).cid;
        let imported: HashSet<Cid> = store.memory.order.iter().copied().collect();
        let mut store = store.hesitant();
        let walked = store.walk(root, false).unwrap();
        assert_eq!(walked[0].0, root);
        assert_eq!(walked.len(), imported.len(), "each block once");
        assert_eq!(walked.iter().map(|(cid, _)| *cid).collect::<HashSet<_>>(), imported);
        for (cid, block) in walked {
            verify_block(&cid, &block).unwrap();
        }
    }
}

#[test]
fn repeated_blocks_come_once_or_each_time() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"leaf");
    let twice = store.put_file(&[(leaf, 4), (leaf, 4)]);
    let root = store.put_directory(&[("a", twice), ("b", twice), ("c", leaf)]);
    let names = |blocks: Vec<(Cid, Bytes)>| blocks.into_iter().map(|(cid, _)| cid).collect::<Vec<_>>();
    assert_eq!(names(store.walk(root, false).unwrap()), [root, twice, leaf]);
    assert_eq!(names(store.walk(root, true).unwrap()), [root, twice, leaf, leaf, twice, leaf, leaf, leaf]);
}

#[test]
fn identity_cids_are_followed_and_other_codecs_are_leaves() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"leaf");
    let cbor = store.put_bytes(DAG_CBOR, &b"\xa0"[..]);
    let inline = node(&UnixFs::new(Kind::Directory), vec![link("leaf", leaf)]);
    let inline = identity(DAG_PB, &inline);
    let root = store.put_directory(&[("i", inline), ("cbor", cbor), ("empty", identity(RAW, b""))]);
    for duplicates in [false, true] {
        let walked: Vec<Cid> =
            store.walk(root, duplicates).unwrap().into_iter().map(|(cid, _)| cid).collect();
        assert_eq!(walked, [root, leaf, cbor]);
    }
}

#[test]
fn broken_and_bottomless_dags_end_a_walk() {
    let mut store = Store::default();
    let broken = store.put_bytes(DAG_PB, &b"\xff\xff"[..]);
    let root = store.put_directory(&[("broken", broken)]);
    let error = store.walk(root, true).unwrap_err();
    assert!(matches!(error, ReadError::Malformed { cid, reason: NodeError::DagPb(_) } if *cid == broken));

    let mut chain = store.put_raw(b"");
    for _ in 0..1024 {
        chain = store.put_directory(&[("d", chain)]);
    }
    let error = store.walk(chain, true).unwrap_err();
    assert!(matches!(error, ReadError::Malformed { reason: NodeError::TooDeep, .. }));

    let wide = store.put_node(&UnixFs::new(Kind::Directory), vec![link("", chain); 50_000]);
    let wider = store.put_node(&UnixFs::new(Kind::Directory), vec![link("", wide); 50_000]);
    let widest = store.put_node(&UnixFs::new(Kind::Directory), vec![link("", wider); 50_000]);
    let error = store.walk(widest, true).unwrap_err();
    assert!(matches!(error, ReadError::Malformed { cid, reason: NodeError::TooDeep } if *cid == wide));
}

#[test]
fn a_tree_of_many_profiles_is_one_archive() {
    let mut store = Store::default();
    let mut tree = DirectoryImport::new(Profile::UNIXFS_V1_2025);
    for (number, profile) in (0_u64..).zip(Profile::ALL) {
        let file = import(profile, &Hasher::inline(), content(number, 700_000), &mut store);
        tree.add_file(&[profile.name()], file).unwrap();
    }
    let root = tree.finish(&mut store).unwrap().cid;
    let blocks = store.walk(root, false).unwrap();
    let file = car_v2(root, &blocks);
    let mut reader = CarReader::new(CarLimits::default());
    let mut read = Vec::new();
    for piece in file.chunks(100_000) {
        reader.feed(Bytes::copy_from_slice(piece));
        while let Some(event) = reader.next().unwrap() {
            if let CarEvent::Block { cid, data, .. } = event {
                read.push((cid, data));
            }
        }
    }
    reader.finish().unwrap();
    assert_eq!(read, blocks);
}

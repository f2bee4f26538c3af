//! Downloads: what was imported comes back as files, and nothing else passes for it.

use bytes::Bytes;
use proptest::prelude::*;
use tidegate_content::cid_text::{DAG_CBOR, DAG_PB, RAW};
use tidegate_content::{
    BlockError, Cid, DirectoryImport, ExtractError, Extractor, Hasher, Kind, NodeError, Profile, UnixFs,
    content_key,
};

use super::store::{Files, Item, Store, car, download, identity, link, node};
use crate::support::{content, import, import_tree, profile, vectors};

type Blocks = Vec<(Cid, Bytes)>;

fn fetch(root: Cid, blocks: &[(Cid, Bytes)]) -> Result<Files, ExtractError> {
    download(root, &car(root, blocks), 1 << 20)
}

/// A small tree with a file of several blocks, a directory and a symbolic link.
fn sample() -> (Cid, Blocks, Files) {
    let mut store = Store::default();
    let tiny = profile("tiny-v0-64x3");
    let mut tree = DirectoryImport::new(tiny);
    let bytes: Vec<Bytes> = content(1, 700).collect();
    let file = import(tiny, &Hasher::inline(), bytes.clone(), &mut store);
    tree.add_file(&["a", "big.bin"], file).unwrap();
    tree.add_file(&["a", "copy.bin"], file).unwrap();
    tree.add_directory(&["empty"]).unwrap();
    tree.add_symlink(&["link"], Bytes::from_static(b"a/big.bin")).unwrap();
    let root = tree.finish(&mut store).unwrap().cid;
    let files = Files::from([
        (String::new(), Item::Directory),
        ("a".to_owned(), Item::Directory),
        ("a/big.bin".to_owned(), Item::File(bytes.concat())),
        ("a/copy.bin".to_owned(), Item::File(bytes.concat())),
        ("empty".to_owned(), Item::Directory),
        ("link".to_owned(), Item::Symlink(b"a/big.bin".to_vec())),
    ]);
    (root, store.walk(root, true).unwrap(), files)
}

#[test]
fn a_tree_comes_back_however_it_is_cut() {
    let (root, blocks, files) = sample();
    let car = car(root, &blocks);
    for piece in [1, 7, 100, car.len()] {
        assert_eq!(download(root, &car, piece).unwrap(), files);
    }
}

#[test]
fn every_reference_tree_comes_back() {
    for tree in vectors().trees {
        for name in tree.cids.keys() {
            let mut store = Store::default();
            let root = import_tree(profile(name), &tree.entries, &mut store).cid;
            let files = fetch(root, &store.walk(root, true).unwrap()).unwrap();
            for entry in &tree.entries {
                let expected = match (entry.seed, entry.size) {
                    (Some(seed), Some(size)) => Item::File(content(seed, size).collect::<Vec<_>>().concat()),
                    _ => Item::Directory,
                };
                assert_eq!(files.get(&entry.path), Some(&expected), "{}", entry.path);
            }
        }
    }
}

#[test]
fn a_large_directory_comes_back_flat() {
    let mut store = Store::default();
    let profile = Profile::UNIXFS_V0_2015;
    let mut tree = DirectoryImport::new(profile);
    for number in 0..10_001 {
        let file = import(profile, &Hasher::inline(), content(number, 8), &mut store);
        tree.add_file(&["d".to_owned(), format!("{number}")], file).unwrap();
    }
    let root = tree.finish(&mut store).unwrap().cid;
    let files = fetch(root, &store.walk(root, true).unwrap()).unwrap();
    assert_eq!(files.len(), 10_001 + 2);
    for number in 0..10_001 {
        let expected = content(number, 8).collect::<Vec<_>>().concat();
        assert_eq!(files.get(&format!("d/{number}")), Some(&Item::File(expected)));
    }
}

#[test]
fn a_file_alone_and_content_without_blocks_come_back() {
    let mut store = Store::default();
    let root = import(profile("tiny-v1-64x3"), &Hasher::inline(), content(2, 999), &mut store).cid;
    let files = fetch(root, &store.walk(root, true).unwrap()).unwrap();
    assert_eq!(
        files,
        Files::from([(String::new(), Item::File(content(2, 999).collect::<Vec<_>>().concat()))])
    );

    let hello = identity(RAW, b"hello");
    assert_eq!(fetch(hello, &[]).unwrap(), Files::from([(String::new(), Item::File(b"hello".to_vec()))]));
    let inline = identity(DAG_PB, &node(&UnixFs::new(Kind::Directory), vec![link("hello", hello)]));
    assert_eq!(fetch(inline, &[]).unwrap().len(), 2);
    let root = store.put_directory(&[("a", inline), ("b", hello)]);
    let files = fetch(root, &store.walk(root, true).unwrap()).unwrap();
    assert_eq!(files["a/hello"], files["b"]);
}

#[test]
fn another_version_of_a_cid_is_the_same_block() {
    let (root, mut blocks, files) = sample();
    for (cid, _) in &mut blocks {
        *cid = content_key(cid);
    }
    assert_eq!(fetch(root, &blocks).unwrap(), files);
    assert_eq!(fetch(content_key(&root), &blocks).unwrap(), files);
}

proptest! {
    #[test]
    fn no_changed_order_passes(from: prop::sample::Index, to: prop::sample::Index) {
        let (root, mut blocks, files) = sample();
        let honest = blocks.clone();
        let moved = blocks.remove(from.index(honest.len()));
        blocks.insert(to.index(honest.len()), moved);
        prop_assert_eq!(fetch(root, &blocks) == Ok(files), blocks == honest);
    }

    #[test]
    fn no_changed_byte_passes(which: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..) {
        let (root, mut blocks, _) = sample();
        let (cid, block) = &mut blocks[which.index(20)];
        let mut bytes = block.to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        *block = bytes.into();
        let expected = ExtractError::Block { cid: Box::new(*cid), reason: BlockError::Mismatch };
        prop_assert_eq!(fetch(root, &blocks), Err(expected));
    }
}

#[test]
fn missing_extra_and_foreign_blocks_are_noticed() {
    let (root, blocks, _) = sample();
    for len in 0..blocks.len() {
        assert_eq!(fetch(root, &blocks[..len]), Err(ExtractError::Incomplete), "cut after {len} blocks");
    }
    let extra = [&blocks[..], &blocks[..1]].concat();
    assert_eq!(fetch(root, &extra), Err(ExtractError::Extra(Box::new(root))));
    let mut store = Store::default();
    let other = store.put_raw(b"other");
    let error = fetch(root, &[(other, Bytes::from_static(b"other"))]).unwrap_err();
    assert_eq!(error, ExtractError::OutOfOrder { expected: Box::new(root), found: Box::new(other) });
    let without_repeats = fetch(root, &deduplicated(&blocks)).unwrap_err();
    assert!(matches!(without_repeats, ExtractError::OutOfOrder { .. }));
}

fn deduplicated(blocks: &[(Cid, Bytes)]) -> Blocks {
    let mut seen = std::collections::HashSet::new();
    blocks.iter().filter(|(cid, _)| seen.insert(*cid)).cloned().collect()
}

#[test]
fn a_block_pushed_too_early_changes_nothing() {
    let (root, blocks, _) = sample();
    let mut extractor = Extractor::new(root);
    extractor.push(&root, blocks[0].1.clone()).unwrap();
    assert_eq!(extractor.push(&blocks[1].0, blocks[1].1.clone()), Err(ExtractError::NotReady));
    assert!(extractor.next().unwrap().is_some());
    assert_eq!(extractor.next().unwrap(), None);
    extractor.push(&blocks[1].0, blocks[1].1.clone()).unwrap();
}

/// What a directory with this entry is refused for.
fn refusal(store: &mut Store, root: Cid) -> ExtractError {
    let blocks = store.walk(root, true).unwrap();
    fetch(root, &blocks).unwrap_err()
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let mut store = Store::default();
    let file = store.put_raw(b"file");
    let long = "n".repeat(1025);
    for name in ["", ".", "..", "a/b", "/etc/passwd", "../up", "nul\0", &long] {
        let root = store.put_directory(&[("fine", file), (name, file)]);
        assert_eq!(refusal(&mut store, root), ExtractError::BadName(name.to_owned()));
    }
    for name in ["...", "..a", " ", "a\\b", "\u{202e}", &long[1..]] {
        let root = store.put_directory(&[(name, file)]);
        assert!(fetch(root, &store.walk(root, true).unwrap()).is_ok(), "{name:?}");
    }
    let twice = store.put_directory(&[("same", file), ("other", file), ("same", file)]);
    assert_eq!(refusal(&mut store, twice), ExtractError::Duplicate("same".to_owned()));
    let nameless = tidegate_content::PbLink { name: None, ..link("", file) };
    let root = store.put_node(&UnixFs::new(Kind::Directory), vec![nameless]);
    assert!(matches!(refusal(&mut store, root), ExtractError::Malformed { reason: NodeError::NoName, .. }));
}

#[test]
fn files_that_lie_about_their_size_are_refused() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"four");
    for claimed in [0, 3, 5] {
        let file = store.put_file(&[(leaf, 4), (leaf, claimed)]);
        let root = store.put_directory(&[("file", file)]);
        let error = ExtractError::Malformed {
            cid: Box::new(leaf),
            reason: NodeError::Size { expected: claimed, found: 4 },
        };
        assert_eq!(refusal(&mut store, root), error);
    }
}

#[test]
fn what_cannot_be_written_is_not_passed_over() {
    let mut store = Store::default();
    let cbor = store.put_bytes(DAG_CBOR, &b"\xa0"[..]);
    let metadata = store.put_node(&UnixFs::new(Kind::Metadata), Vec::new());
    let bare = store.put_bytes(DAG_PB, &b""[..]);
    let directory = store.put_directory(&[]);
    let grown = store.put_node(&UnixFs::new(Kind::Symlink), vec![link("", directory)]);
    let not_a_piece = store.put_file(&[(directory, 0)]);
    for (child, reason) in [
        (cbor, NodeError::Codec(DAG_CBOR)),
        (metadata, NodeError::Metadata),
        (bare, NodeError::NoUnixFs),
        (grown, NodeError::SymlinkLinks),
        (not_a_piece, NodeError::NotAFile),
    ] {
        let root = store.put_directory(&[("x", child)]);
        let error = refusal(&mut store, root);
        assert!(
            matches!(&error, ExtractError::Malformed { reason: found, .. } if *found == reason),
            "{error:?}"
        );
    }
    let target = UnixFs { data: Some(Bytes::from(vec![b'x'; 4097])), ..UnixFs::new(Kind::Symlink) };
    let target = store.put_node(&target, Vec::new());
    let root = store.put_directory(&[("link", target)]);
    assert_eq!(refusal(&mut store, root), ExtractError::TargetTooLong);
}

#[test]
fn directories_nest_only_so_deep() {
    let mut store = Store::default();
    let mut root = store.put_directory(&[]);
    for _ in 0..256 {
        root = store.put_directory(&[("d", root)]);
    }
    let files = fetch(root, &store.walk(root, true).unwrap()).unwrap();
    assert_eq!(files.len(), 257);
    root = store.put_directory(&[("d", root)]);
    assert_eq!(refusal(&mut store, root), ExtractError::TooDeep);
}

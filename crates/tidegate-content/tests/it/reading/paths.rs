//! Following paths and listing directories.

use std::collections::BTreeSet;

use bytes::Bytes;
use tidegate_content::cid_text::{DAG_CBOR, RAW};
use tidegate_content::{
    Cid, DirectoryEntries, DirectoryFormat, DirectoryImport, DirectoryStep, Entity, Hasher, NodeError,
    Profile, ReadError, ResolveError, identity_block, resolve,
};

use super::store::{Refusal, Store, identity, insist};
use crate::support::{content, import, import_tree, profile, vectors};

/// A directory `d` in a root, with so many files named by number that it may be a HAMT.
fn numbered(profile: Profile, count: u64) -> (Store, Cid) {
    let mut store = Store::default();
    let mut tree = DirectoryImport::new(profile);
    for number in 0..count {
        let file = import(profile, &Hasher::inline(), content(number, 10), &mut store);
        tree.add_file(&["d".to_owned(), format!("file-{number}.txt")], file).unwrap();
    }
    let root = tree.finish(&mut store).unwrap().cid;
    (store, root)
}

fn no_names() -> [&'static str; 0] {
    []
}

#[test]
fn every_path_of_the_reference_trees_leads_to_its_file() {
    for tree in vectors().trees {
        for (name, expected) in &tree.cids {
            let mut store = Store::default();
            let root = import_tree(profile(name), &tree.entries, &mut store).cid;
            assert_eq!(root.to_string(), expected.cid);
            for entry in &tree.entries {
                let path: Vec<&str> = entry.path.split('/').collect();
                let found = resolve(&mut store, &root, &path).unwrap();
                assert_eq!(found.roots.len(), path.len() + 1);
                assert_eq!((found.roots[0], *found.roots.last().unwrap()), (root, found.cid));
                match (found.entity, entry.size) {
                    (Entity::File { size } | Entity::RawBlock { size }, Some(expected)) => {
                        assert_eq!(size, expected);
                    }
                    (Entity::Directory(_), None) => {}
                    other => panic!("{}: {other:?}", entry.path),
                }
            }
        }
    }
}

#[test]
fn ten_thousand_and_one_names_are_all_found() {
    for profile in [Profile::UNIXFS_V0_2015, Profile::UNIXFS_V1_2025] {
        let (mut store, root) = numbered(profile, 10_001);
        let directory = resolve(&mut store, &root, &["d"]).unwrap();
        assert_eq!(directory.entity, Entity::Directory(DirectoryFormat::Hamt));
        assert_eq!(directory.trail, [root, directory.cid]);
        for number in 0..10_001 {
            let name = format!("file-{number}.txt");
            let found = resolve(&mut store, &root, &["d", &name]).unwrap();
            assert_eq!(found.roots, [root, directory.cid, found.cid], "no shards among the roots");
            assert!(found.trail.len() > 3, "but on the trail: {:?}", found.trail);
            assert!(found.trail.starts_with(&[root, directory.cid]));
            assert_eq!(found.trail.last(), Some(&found.cid));
            let expected = import(profile, &Hasher::inline(), content(number, 10), &mut Store::default());
            assert_eq!(found.cid, expected.cid);
        }
        assert!(matches!(
            resolve(&mut store, &root, &["d", "file-10001.txt"]),
            Err(ResolveError::NoLink { segment: 1, name }) if name == "file-10001.txt"
        ));
    }
}

#[test]
fn a_listing_is_complete_and_tells_the_blocks_of_the_directory() {
    for (count, hamt) in [(3, false), (10_001, true)] {
        let (mut store, root) = numbered(Profile::UNIXFS_V0_2015, count);
        let directory = resolve(&mut store, &root, &["d"]).unwrap().cid;
        let mut store = store.hesitant();
        let mut listing = DirectoryEntries::new(directory);
        let mut names = BTreeSet::new();
        while let Some(entry) = insist(|| listing.next(&mut store)).unwrap() {
            assert!(entry.tsize > Some(10));
            assert!(names.insert(entry.name));
        }
        assert_eq!(names, (0..count).map(|number| format!("file-{number}.txt")).collect());

        store.hesitant = false;
        store.fetched.clear();
        let mut listing = DirectoryEntries::new(directory);
        let mut blocks = Vec::new();
        while let Some(step) = listing.step(&mut store).unwrap() {
            if let DirectoryStep::Block(cid, block) = step {
                assert_eq!(store.memory.blocks[&cid], block);
                blocks.push(cid);
            }
        }
        assert_eq!(blocks, store.fetched);
        assert_eq!(blocks.len() > 1, hamt);
    }
}

#[test]
fn a_root_alone_is_what_it_is() {
    let mut store = Store::default();
    let raw = store.put_raw(b"raw");
    let cbor = store.put_bytes(DAG_CBOR, &b"\xa0"[..]);
    let mut tree = DirectoryImport::new(Profile::UNIXFS_V1_2025);
    tree.add_symlink(&["link"], Bytes::from_static(b"../x")).unwrap();
    let root = tree.finish(&mut store).unwrap().cid;

    let found = resolve(&mut store, &raw, &no_names()).unwrap();
    assert_eq!(
        (found.entity, found.roots, found.trail),
        (Entity::RawBlock { size: 3 }, vec![raw], vec![raw])
    );
    assert_eq!(resolve(&mut store, &cbor, &no_names()).unwrap().entity, Entity::Other { codec: DAG_CBOR });
    let target = Bytes::from_static(b"../x");
    assert_eq!(resolve(&mut store, &root, &["link"]).unwrap().entity, Entity::Symlink { target });
    let hello = identity(RAW, b"hello");
    let found = resolve(&mut store, &hello, &no_names()).unwrap();
    assert_eq!((found.entity, found.trail), (Entity::RawBlock { size: 5 }, Vec::new()));
    assert_eq!(identity_block(&hello).unwrap(), "hello");
}

#[test]
fn a_path_that_leads_nowhere_says_where_it_stopped() {
    let mut store = Store::default();
    let file = store.put_raw(b"file");
    let cbor = store.put_bytes(DAG_CBOR, &b"\xa0"[..]);
    let inner = store.put_directory(&[("file", file), ("data", cbor)]);
    let root = store.put_directory(&[("inner", inner)]);
    let name = "x".to_owned();
    assert_eq!(
        resolve(&mut store, &root, &["inner", "x", "y"]),
        Err(ResolveError::NoLink { segment: 1, name: name.clone() })
    );
    assert_eq!(
        resolve(&mut store, &root, &["inner", "file", "x"]),
        Err(ResolveError::NotADirectory { segment: 2, name })
    );
    assert_eq!(
        resolve(&mut store, &root, &["inner", "data", "x"]),
        Err(ResolveError::InsideCodec { segment: 2, codec: DAG_CBOR })
    );
    store.memory.blocks.remove(&inner);
    assert_eq!(
        resolve(&mut store, &root, &["inner", "file"]),
        Err(ResolveError::Read(ReadError::Source(Refusal::NotHere)))
    );
}

#[test]
fn of_two_equal_names_the_first_counts() {
    let mut store = Store::default();
    let (one, two) = (store.put_raw(b"1"), store.put_raw(b"2"));
    let root = store.put_directory(&[("same", one), ("same", two)]);
    assert_eq!(resolve(&mut store, &root, &["same"]).unwrap().cid, one);
}

#[test]
fn what_is_not_a_directory_is_not_listed() {
    let mut store = Store::default();
    for (cid, expected) in [
        (store.put_raw(b"file"), NodeError::NotADirectory),
        (store.put_bytes(DAG_CBOR, &b"\xa0"[..]), NodeError::Codec(DAG_CBOR)),
    ] {
        let listed = DirectoryEntries::new(cid).next(&mut store);
        assert!(matches!(listed, Err(ReadError::Malformed { reason, .. }) if reason == expected));
    }
}

//! Directories: what a tree may hold and what it becomes.

use std::collections::HashMap;

use bytes::Bytes;
use tidegate_content::import::{MAX_DEPTH, MAX_NAME_BYTES, MAX_TARGET_BYTES};
use tidegate_content::{
    Cid, DirectoryError, DirectoryImport, Hasher, Imported, PbNode, Profile, TreeError, hamt,
};

use crate::support::{Counter, Memory, import};

const PROFILE: Profile = Profile::UNIXFS_V0_2015;

fn file(content: &'static [u8]) -> Imported {
    import(PROFILE, &Hasher::inline(), [Bytes::from_static(content)], &mut Counter::default())
}

/// The tree and CIDs of Kubo's own test, `test/sharness/t0044-add-symlink.sh`.
#[test]
fn symbolic_links_get_the_cids_kubo_gives_them() {
    let mut tree = DirectoryImport::new(PROFILE);
    tree.add_file(&["foo", "baz"], file(b"some text\n")).unwrap();
    tree.add_symlink(&["bar", "baz"], Bytes::from_static(b"files/foo/baz")).unwrap();
    tree.add_symlink(&["bad"], Bytes::from_static(b"files/does/not/exist")).unwrap();
    let mut sink = Memory::default();
    let root = tree.finish(&mut sink).unwrap();
    assert_eq!(root.cid.to_string(), "QmWdiHKoeSW8G1u7ATCgpx4yMoUhYaJBQGkyPLkS9goYZ8");
    assert_eq!(root.size, 10);
    let made: Vec<String> = sink.order.iter().map(ToString::to_string).collect();
    assert!(made.contains(&"QmdocmZeF7qwPT9Z8SiVhMSyKA2KKoA2J7jToW6z6WBmxR".to_owned()));
    assert!(made.contains(&"QmWYN8SEXCgNT2PSjB6BnxAx6NJQtazWoBkTRH9GRfPFFQ".to_owned()));
}

#[test]
fn the_order_of_adding_does_not_matter() {
    let paths: [&[&str]; 5] = [&["b", "y"], &["a"], &["b", "x", "z"], &["c"], &["b", "x", "a"]];
    let outcome = |order: [usize; 5]| {
        let mut tree = DirectoryImport::new(PROFILE);
        for index in order {
            tree.add_file(paths[index], file(b"x")).unwrap();
        }
        let mut sink = Memory::default();
        let root = tree.finish(&mut sink).unwrap();
        assert_eq!(sink.order.last(), Some(&root.cid));
        (root, sink.order)
    };
    let expected = outcome([0, 1, 2, 3, 4]);
    assert_eq!(outcome([4, 3, 2, 1, 0]), expected);
    assert_eq!(outcome([2, 0, 4, 1, 3]), expected);
}

#[test]
fn names_that_no_file_can_have_are_refused() {
    let mut tree = DirectoryImport::new(PROFILE);
    let root = DirectoryImport::new(PROFILE).finish(&mut Counter::default()).unwrap();
    for name in ["", ".", "..", "a/b", "/", "a\0b"] {
        assert_eq!(tree.add_file(&["ok", name], file(b"x")), Err(TreeError::BadName(name.to_owned())));
        assert_eq!(tree.add_directory(&[name, "ok"]), Err(TreeError::BadName(name.to_owned())));
    }
    let longest = "n".repeat(MAX_NAME_BYTES);
    assert_eq!(tree.add_directory(&[format!("{longest}n")]), Err(TreeError::NameTooLong));
    assert_eq!(tree.add_directory(&["d"; MAX_DEPTH + 1]), Err(TreeError::TooDeep));
    assert_eq!(tree.add_directory(&[""; 0]), Err(TreeError::EmptyPath));
    let target = Bytes::from(vec![b't'; MAX_TARGET_BYTES + 1]);
    assert_eq!(tree.add_symlink(&["link"], target), Err(TreeError::TargetTooLong));
    assert_eq!(tree.finish(&mut Counter::default()), Ok(root), "nothing was added");

    let mut tree = DirectoryImport::new(PROFILE);
    tree.add_directory(&[longest]).unwrap();
    tree.add_file(&["d"; MAX_DEPTH], file(b"x")).unwrap();
    tree.finish(&mut Counter::default()).unwrap();
}

#[test]
fn two_things_cannot_have_one_path() {
    let mut tree = DirectoryImport::new(PROFILE);
    tree.add_file(&["a", "b"], file(b"x")).unwrap();
    let duplicate = |path: &str| Err(TreeError::Duplicate(path.to_owned()));
    let not_a_directory = |path: &str| Err(TreeError::NotADirectory(path.to_owned()));
    assert_eq!(tree.add_file(&["a", "b"], file(b"x")), duplicate("a/b"));
    assert_eq!(tree.add_symlink(&["a", "b"], Bytes::new()), duplicate("a/b"));
    assert_eq!(tree.add_file(&["a"], file(b"x")), duplicate("a"));
    assert_eq!(tree.add_file(&["a", "b", "c"], file(b"x")), not_a_directory("a/b"));
    assert_eq!(tree.add_directory(&["a", "b"]), not_a_directory("a/b"));
    assert_eq!(tree.add_directory(&["a"]), Ok(()), "directories may be named again");
}

/// Adds enough to a tree's root that it must become a HAMT.
fn make_large(tree: &mut DirectoryImport) {
    let filler = "f".repeat(MAX_NAME_BYTES - 4);
    for number in 0..250 {
        tree.add_file(&[format!("{filler}{number:04}")], file(b"x")).unwrap();
    }
}

/// Makes names until two of them have the same first `bytes` bytes of their hash.
fn colliding_names(bytes: usize) -> [String; 2] {
    let mut seen = HashMap::new();
    for number in 0_u64.. {
        let name = format!("{number:020}");
        let head = hamt::name_hash(&name) >> (64 - 8 * bytes);
        if let Some(other) = seen.insert(head, name.clone()) {
            return [other, name];
        }
    }
    unreachable!("there are more names than hashes")
}

#[test]
fn names_with_almost_the_same_hash_go_deep() {
    let mut tree = DirectoryImport::new(Profile::UNIXFS_V1_2025);
    for name in colliding_names(4) {
        tree.add_file(&[name], file(b"x")).unwrap();
    }
    make_large(&mut tree);
    let mut sink = Memory::default();
    let root = tree.finish(&mut sink).unwrap();
    let deepest = depth(&sink, &root.cid);
    assert!(deepest >= 5, "four bytes are equal, so the fifth level tells them apart: {deepest}");
}

/// Levels of shards below and with this one.
fn depth(memory: &Memory, cid: &Cid) -> usize {
    let Some(block) = memory.blocks.get(cid) else {
        return 0;
    };
    let node = PbNode::decode(block).unwrap();
    1 + node.links.iter().map(|link| depth(memory, &link.cid)).max().unwrap_or(0)
}

#[test]
fn names_with_the_same_hash_are_refused_and_not_recursed_on() {
    // murmur3 is no obstacle to someone who wants such names: each step of it can be undone.
    let [one, other] = ["same-hash-first-same-hash-first-", "twin000028200394LT>2>SK4L|5W|%b>"];
    assert_eq!(hamt::name_hash(one), hamt::name_hash(other));
    let mut tree = DirectoryImport::new(PROFILE);
    tree.add_file(&[one], file(b"x")).unwrap();
    tree.add_file(&[other], file(b"x")).unwrap();
    make_large(&mut tree);
    match tree.finish(&mut Counter::default()) {
        Err(DirectoryError::HashCollision(name)) => assert!(name == one || name == other),
        outcome => panic!("{outcome:?}"),
    }
}

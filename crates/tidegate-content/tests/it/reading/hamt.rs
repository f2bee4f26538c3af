//! HAMT directories made to mislead.

use bytes::Bytes;
use tidegate_content::hamt::name_hash;
use tidegate_content::unixfs::MURMUR3_X64_64;
use tidegate_content::{
    Cid, DirectoryEntries, Kind, NodeError, PbLink, ReadError, ResolveError, UnixFs, resolve,
};

use super::store::{Store, link};

fn message(fanout: u64, slots: &[u64]) -> UnixFs {
    let mut field = vec![0_u8; usize::try_from(fanout / 8).unwrap()];
    let last = field.len() - 1;
    for slot in slots {
        field[last - usize::try_from(slot / 8).unwrap()] |= 1 << (slot % 8);
    }
    UnixFs {
        data: Some(field.into()),
        hash_type: Some(MURMUR3_X64_64),
        fanout: Some(fanout),
        ..UnixFs::new(Kind::HamtShard)
    }
}

fn slot(name: &str, fanout: u64) -> u64 {
    name_hash(name) >> (64 - fanout.trailing_zeros())
}

fn list(store: &mut Store, root: Cid) -> Result<Vec<String>, NodeError> {
    let mut listing = DirectoryEntries::new(root);
    let mut names = Vec::new();
    loop {
        match listing.next(store) {
            Ok(Some(entry)) => names.push(entry.name),
            Ok(None) => return Ok(names),
            Err(ReadError::Malformed { reason, .. }) => return Err(reason),
            Err(ReadError::Source(refusal)) => panic!("{refusal:?}"),
        }
    }
}

fn find(store: &mut Store, root: Cid, name: &str) -> Result<Cid, String> {
    match resolve(store, &root, &[name]) {
        Ok(found) => Ok(found.cid),
        Err(ResolveError::NoLink { .. }) => Err("no link".to_owned()),
        Err(ResolveError::Read(ReadError::Malformed { reason, .. })) => Err(reason.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

/// A directory of one shard with one entry.
fn shard_of_one(store: &mut Store, fanout: u64, name: &str, digits: usize) -> (Cid, Cid) {
    let file = store.put_raw(b"file");
    let slot = slot(name, fanout);
    let full = format!("{slot:0digits$X}{name}");
    (store.put_node(&message(fanout, &[slot]), vec![link(&full, file)]), file)
}

#[test]
fn every_lawful_fanout_is_read() {
    for (fanout, digits) in [(8, 1), (16, 1), (32, 2), (256, 2), (512, 3), (1024, 3)] {
        let mut store = Store::default();
        let (root, file) = shard_of_one(&mut store, fanout, "name", digits);
        assert_eq!(find(&mut store, root, "name"), Ok(file));
        assert_eq!(list(&mut store, root), Ok(vec!["name".to_owned()]));
        assert_eq!(find(&mut store, root, "other"), Err("no link".to_owned()));
    }
}

#[test]
fn shards_that_contradict_themselves_are_malformed() {
    let mut store = Store::default();
    let file = store.put_raw(b"file");
    let good = slot("name", 256);
    let full = format!("{good:02X}name");
    let lower = PbLink { name: Some("abname".into()), ..link("", file) };
    let cases: Vec<(&str, UnixFs, Vec<PbLink>)> = vec![
        ("more links than bits", message(256, &[]), vec![link(&full, file)]),
        ("fewer links than bits", message(256, &[good, 255]), vec![link(&full, file)]),
        ("another slot", message(256, &[(good + 1) % 256]), vec![link(&full, file)]),
        ("short name", message(256, &[0]), vec![link("0", file)]),
        ("cut inside a letter", message(256, &[0]), vec![link("0é", file)]),
        ("no number", message(256, &[0]), vec![link("+0name", file)]),
        ("small letters", message(256, &[0xab]), vec![lower]),
        ("no name", message(256, &[0]), vec![PbLink { name: None, ..link("", file) }]),
        ("order", message(256, &[1, 2]), vec![link("02", file), link("01", file)]),
        ("fanout 0", UnixFs { fanout: Some(0), ..message(256, &[]) }, Vec::new()),
        ("fanout 4", UnixFs { fanout: Some(4), data: None, ..message(256, &[]) }, Vec::new()),
        ("fanout 100", UnixFs { fanout: Some(100), data: None, ..message(256, &[]) }, Vec::new()),
        ("fanout 2048", message(2048, &[]), Vec::new()),
        ("no fanout", UnixFs { fanout: None, ..message(256, &[]) }, Vec::new()),
        ("long field", UnixFs { data: Some(Bytes::from(vec![0; 33])), ..message(256, &[]) }, Vec::new()),
        ("another hash", UnixFs { hash_type: Some(0x12), ..message(256, &[]) }, Vec::new()),
    ];
    for (what, message, links) in cases {
        let root = store.put_node(&message, links);
        assert!(list(&mut store, root).is_err(), "{what}");
        assert!(find(&mut store, root, "name").is_err_and(|why| why != "no link"), "{what}");
    }
}

#[test]
fn a_name_in_a_strange_place_is_not_listed() {
    let mut store = Store::default();
    let file = store.put_raw(b"file");
    let wrong = (slot("name", 256) + 1) % 256;
    let root = store.put_node(&message(256, &[wrong]), vec![link(&format!("{wrong:02X}name"), file)]);
    assert!(matches!(list(&mut store, root), Err(NodeError::Shard(_))));
    assert_eq!(find(&mut store, root, "name"), Err("no link".to_owned()));
}

#[test]
fn a_hamt_ends_with_its_hash() {
    let mut store = Store::default();
    let name = "name";
    let file = store.put_raw(b"file");
    let bytes = name_hash(name).to_be_bytes();
    let (mut root, mut rest) = (file, name);
    for slot in bytes.iter().rev().copied().map(u64::from) {
        root = store.put_node(&message(256, &[slot]), vec![link(&format!("{slot:02X}{rest}"), root)]);
        rest = "";
    }
    assert_eq!(find(&mut store, root, name), Ok(file));
    assert_eq!(list(&mut store, root), Ok(vec![name.to_owned()]));

    // One level more than the hash has bytes.
    let first = u64::from(bytes[0]);
    let deeper = store.put_node(&message(256, &[first]), vec![link(&format!("{first:02X}"), root)]);
    assert!(find(&mut store, deeper, name).is_err());
    assert!(matches!(list(&mut store, deeper), Err(NodeError::Shard(_))));
    let mut endless = store.put_node(&message(8, &[]), Vec::new());
    for _ in 0..30 {
        endless = store.put_node(&message(8, &[0]), vec![link("0", endless)]);
    }
    assert!(matches!(list(&mut store, endless), Err(NodeError::Shard(_) | NodeError::TooDeep)));
}

#[test]
fn a_part_of_a_hamt_is_nothing_else() {
    let mut store = Store::default();
    let file = store.put_raw(b"file");
    let directory = store.put_directory(&[("name", file)]);
    let slot = slot("name", 256);
    for child in [file, directory] {
        let root = store.put_node(&message(256, &[slot]), vec![link(&format!("{slot:02X}"), child)]);
        assert_eq!(list(&mut store, root), Err(NodeError::NotADirectory));
        assert_eq!(find(&mut store, root, "name"), Err(NodeError::NotADirectory.to_string()));
    }
}

//! A DAG that comes in block by block, from whoever has some of it.

use bytes::Bytes;
use proptest::prelude::*;
use tidegate_content::cid_text::{DAG_CBOR, DAG_JSON, IDENTITY, Multihash, RAW};
use tidegate_content::{
    Cid, Frontier, FrontierError, FrontierLimits, Hasher, Kind, NodeError, PbLink, UnixFs, content_key,
};

use super::store::{Store, node};
use crate::support::{content, import, profile};

const PLENTY: FrontierLimits = FrontierLimits { blocks: 1 << 20, bytes: 1 << 30 };

/// Asks `store` for whatever is missing, in order, until nothing is; says in which order blocks came.
fn complete(frontier: &mut Frontier, store: &Store) -> Result<Vec<Cid>, FrontierError> {
    let mut order = Vec::new();
    while let Some(cid) = frontier.next_missing() {
        frontier.arrived(&cid, &store.memory.blocks[&cid])?;
        order.push(cid);
    }
    assert!(frontier.is_complete());
    Ok(order)
}

/// A folder with a larger file twice, and a small one.
fn folder(store: &mut Store) -> Cid {
    let large = import(profile("tiny-v1-64x3"), &Hasher::inline(), content(1, 5000), &mut store.memory);
    let small = store.put_raw(b"small");
    let inner = store.put_directory(&[("again", large.cid), ("small", small)]);
    store.put_directory(&[("inner", inner), ("large", large.cid)])
}

#[test]
fn a_dag_is_fetched_in_the_order_of_a_walk() {
    let mut store = Store::default();
    let large = import(profile("tiny-v1-64x3"), &Hasher::inline(), content(1, 5000), &mut store.memory);
    let small = store.put_raw(b"small");
    let inner = store.put_directory(&[("small", small), ("more", large.cid)]);
    let root = store.put_directory(&[("inner", inner), ("small", small)]);
    let mut frontier = Frontier::new(inner, PLENTY).unwrap();
    let order = complete(&mut frontier, &store).unwrap();
    assert!(order.iter().eq(store.walk(inner, false).unwrap().iter().map(|(cid, _)| cid)));

    let mut frontier = Frontier::new(root, PLENTY).unwrap();
    complete(&mut frontier, &store).unwrap();
    let walked = store.walk(root, false).unwrap();
    let progress = frontier.progress();
    assert_eq!(progress.blocks, walked.len() as u64);
    assert_eq!(progress.bytes, walked.iter().map(|(_, block)| block.len() as u64).sum::<u64>());
}

#[test]
fn what_nobody_asked_for_is_not_wanted() {
    let mut store = Store::default();
    let root = folder(&mut store);
    let stranger = store.put_raw(b"stranger");
    let mut frontier = Frontier::new(root, PLENTY).unwrap();
    for cid in store.memory.order.clone() {
        assert_eq!(frontier.wants(&cid), cid == root);
    }
    frontier.arrived(&stranger, &Bytes::from_static(b"stranger")).unwrap();
    assert_eq!(frontier.progress().blocks, 0);
    complete(&mut frontier, &store).unwrap();
    frontier.arrived(&root, &store.memory.blocks[&root]).unwrap();
    assert!(frontier.is_complete() && !frontier.wants(&root));
}

#[test]
fn both_versions_of_a_cid_are_one_block() {
    let mut store = Store::default();
    let file = import(profile("unixfs-v0-2015"), &Hasher::inline(), content(3, 10), &mut store.memory);
    let mut frontier = Frontier::new(file.cid, PLENTY).unwrap();
    frontier.arrived(&content_key(&file.cid), &store.memory.blocks[&file.cid]).unwrap();
    assert!(frontier.is_complete());
}

#[test]
fn a_block_looked_for_in_vain_comes_again() {
    let mut store = Store::default();
    let root = folder(&mut store);
    let mut frontier = Frontier::new(root, PLENTY).unwrap();
    assert_eq!(frontier.next_missing(), Some(root));
    assert_eq!((frontier.next_missing(), frontier.is_complete()), (None, false));
    frontier.give_back(&root);
    complete(&mut frontier, &store).unwrap();
    frontier.give_back(&root);
    assert_eq!(frontier.next_missing(), None);
}

#[test]
fn identity_blocks_are_here_already() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"leaf");
    let inside = node(&UnixFs::new(Kind::Directory), vec![PbLink { cid: leaf, name: None, tsize: None }]);
    let identity = Cid::new_v1(0x70, Multihash::wrap(IDENTITY, &inside).unwrap());
    let root = store.put_directory(&[("x", identity)]);
    let mut frontier = Frontier::new(root, PLENTY).unwrap();
    assert_eq!(complete(&mut frontier, &store).unwrap(), [root, leaf]);
    let alone = Cid::new_v1(RAW, Multihash::wrap(IDENTITY, b"hi").unwrap());
    assert!(Frontier::new(alone, PLENTY).unwrap().is_complete());
}

#[test]
fn dag_cbor_is_followed_and_what_cannot_be_is_refused() {
    let mut store = Store::default();
    let leaf = store.put_raw(b"leaf");
    let link = [&[0x81, 0xd8, 42, 0x58, 37, 0][..], &leaf.to_bytes()].concat();
    let root = store.put_bytes(DAG_CBOR, link);
    let mut frontier = Frontier::new(root, PLENTY).unwrap();
    assert_eq!(complete(&mut frontier, &store).unwrap(), [root, leaf]);
    assert_eq!(store.walk(root, false).unwrap().len(), 2);

    let json = store.put_bytes(DAG_JSON, &b"{}"[..]);
    let refused = Frontier::new(json, PLENTY).err();
    assert_eq!(refused, Some(FrontierError::UnknownLinks { cid: Box::new(json), codec: DAG_JSON }));
    let sha3 = Cid::new_v1(RAW, Multihash::wrap(0x16, &[0; 32]).unwrap());
    let holder = store.put_directory(&[("x", sha3)]);
    let mut frontier = Frontier::new(holder, PLENTY).unwrap();
    assert!(matches!(complete(&mut frontier, &store), Err(FrontierError::Unverifiable { .. })));
}

#[test]
fn a_dag_has_bounds() {
    let mut store = Store::default();
    let root = folder(&mut store);
    let walked = store.walk(root, false).unwrap();
    let bytes: u64 = walked.iter().map(|(_, block)| block.len() as u64).sum();
    let exact = FrontierLimits { blocks: walked.len() as u64, bytes };
    let outcome = |limits| complete(&mut Frontier::new(root, limits).unwrap(), &store).map(drop);
    assert_eq!(outcome(exact), Ok(()));
    let fewer = FrontierLimits { blocks: exact.blocks - 1, ..exact };
    assert_eq!(outcome(fewer), Err(FrontierError::TooManyBlocks(fewer.blocks)));
    let smaller = FrontierLimits { bytes: exact.bytes - 1, ..exact };
    assert_eq!(outcome(smaller), Err(FrontierError::TooLarge(smaller.bytes)));
}

#[test]
fn a_bottomless_dag_is_refused() {
    let mut store = Store::default();
    let mut cid = store.put_directory(&[]);
    for _ in 0..1024 {
        cid = store.put_directory(&[("down", cid)]);
    }
    let refusal = complete(&mut Frontier::new(cid, PLENTY).unwrap(), &store);
    assert!(matches!(refusal, Err(FrontierError::Malformed { reason: NodeError::TooDeep, .. })));
}

#[test]
fn the_root_says_how_much_there_is() {
    let mut store = Store::default();
    let file = import(profile("tiny-v1-64x3"), &Hasher::inline(), content(1, 5000), &mut store.memory);
    let mut frontier = Frontier::new(file.cid, PLENTY).unwrap();
    frontier.arrived(&file.cid, &store.memory.blocks[&file.cid]).unwrap();
    assert_eq!(frontier.progress().claimed, Some(file.dag_size));
    complete(&mut frontier, &store).unwrap();
    assert_eq!(frontier.progress().bytes, file.dag_size);
}

proptest! {
    /// Whatever order blocks come in, whoever repeats or adds what, all of the DAG is here in the end and nothing else.
    #[test]
    fn any_order_completes_a_dag(seed in 0..50_u64, size in 0..3000_u64, offers in prop::collection::vec(any::<prop::sample::Index>(), 0..200)) {
        let mut store = Store::default();
        let file = import(profile("tiny-v0-64x3"), &Hasher::inline(), content(seed, size), &mut store.memory);
        store.put_raw(b"stranger");
        let all = store.memory.order.clone();
        let mut frontier = Frontier::new(file.cid, PLENTY).unwrap();
        for offer in offers {
            let cid = all[offer.index(all.len())];
            let before = frontier.progress().blocks;
            let wanted = frontier.wants(&cid);
            frontier.arrived(&cid, &store.memory.blocks[&cid]).unwrap();
            prop_assert_eq!(frontier.progress().blocks, before + u64::from(wanted));
            prop_assert!(!frontier.wants(&cid));
        }
        complete(&mut frontier, &store).unwrap();
        prop_assert_eq!(frontier.progress().blocks, store.walk(file.cid, false).unwrap().len() as u64);
    }
}

//! Files: whatever the pieces, threads and sinks, the blocks are the same and complete.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use bytes::Bytes;
use proptest::prelude::*;
use tidegate_content::{
    BlockSink, Cid, FileImport, Hasher, Imported, NewBlock, PbNode, Profile, UnixFs, cid_text,
};

use crate::support::{Counter, Memory, content, import, profile};

fn bytes_of(seed: u64, size: usize) -> Bytes {
    content(seed, size as u64).collect::<Vec<_>>().concat().into()
}

/// Cuts `bytes` at these places.
fn pieces(bytes: &Bytes, cuts: &[prop::sample::Index]) -> Vec<Bytes> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    places.push(bytes.len());
    let mut from = 0;
    let mut pieces = Vec::new();
    for to in places {
        pieces.push(bytes.slice(from..to));
        from = to;
    }
    pieces
}

/// The file's content, read back from its blocks.
fn read(memory: &Memory, cid: &Cid) -> Vec<u8> {
    let block = &memory.blocks[cid];
    if cid.codec() == cid_text::RAW {
        return block.to_vec();
    }
    let node = PbNode::decode(block).unwrap();
    let file = UnixFs::decode(&node.data.unwrap()).unwrap();
    let mut content = file.data.as_deref().unwrap_or_default().to_vec();
    for (link, &size) in node.links.iter().zip(&file.block_sizes) {
        let child = read(memory, &link.cid);
        assert_eq!(child.len() as u64, size);
        content.extend(child);
    }
    assert_eq!(file.content_size(node.links.len()), Ok(content.len() as u64));
    content
}

/// Every block comes after those it links to, and the root comes last.
fn assert_post_order(memory: &Memory, root: &Imported) {
    let mut seen = HashSet::new();
    for cid in &memory.order {
        if cid.codec() == cid_text::DAG_PB {
            let node = PbNode::decode(&memory.blocks[cid]).unwrap();
            assert!(node.links.iter().all(|link| seen.contains(&link.cid)));
        }
        seen.insert(*cid);
    }
    assert_eq!(memory.order.last(), Some(&root.cid));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        name in prop::sample::select(vec!["tiny-v0-64x3", "tiny-v1-64x3", "tiny-v1-pb-100x2"]),
        size in 0_usize..3000,
        cuts: Vec<prop::sample::Index>,
    ) {
        let bytes = bytes_of(9, size);
        let (mut whole, mut cut) = (Memory::default(), Memory::default());
        let hasher = Hasher::inline();
        let expected = import(profile(name), &hasher, [bytes.clone()], &mut whole);
        let root = import(profile(name), &hasher, pieces(&bytes, &cuts), &mut cut);
        prop_assert_eq!(root, expected);
        prop_assert_eq!(root.size, size as u64);
        prop_assert_eq!(&cut.order, &whole.order);
        assert_post_order(&cut, &root);
        prop_assert_eq!(read(&cut, &root.cid), &bytes[..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn threads_do_not_matter(
        raw_leaves: bool,
        size in 0_usize..1_000_000,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..300),
    ) {
        let profile = Profile::UNIXFS_V0_2015
            .with_sizes("small", 20_000, 4)
            .unwrap()
            .with_raw_leaves(raw_leaves);
        let bytes = bytes_of(10, size);
        let (mut alone, mut shared) = (Memory::default(), Memory::default());
        let expected = import(profile, &Hasher::inline(), [bytes.clone()], &mut alone);
        let threads = Hasher::threads(NonZeroUsize::new(3).unwrap());
        let root = import(profile, &threads, pieces(&bytes, &cuts), &mut shared);
        prop_assert_eq!(root, expected);
        prop_assert_eq!(&shared.order, &alone.order);
        assert_post_order(&shared, &root);
        prop_assert_eq!(read(&shared, &root.cid), &bytes[..]);
    }
}

#[test]
fn a_leaf_is_the_memory_that_was_pushed() {
    struct Addresses(Vec<*const u8>);
    impl BlockSink for Addresses {
        type Error = std::convert::Infallible;
        fn put(&mut self, block: &NewBlock) -> Result<(), Self::Error> {
            self.0.extend(block.parts().map(<[u8]>::as_ptr));
            Ok(())
        }
    }
    let bytes = bytes_of(11, 300_000);
    let mut sink = Addresses(Vec::new());
    import(Profile::UNIXFS_V0_2015, &Hasher::inline(), [bytes.clone()], &mut sink);
    assert!(sink.0.contains(&bytes.as_ptr()));
    assert!(sink.0.contains(&bytes[262_144..].as_ptr()));
}

#[test]
fn blocks_leave_while_the_file_still_comes() {
    let chunk = bytes_of(14, 262_144);
    for (threads, most_held) in [(None, 0), (Some(2), 8)] {
        let hasher = threads.and_then(NonZeroUsize::new).map_or_else(Hasher::inline, Hasher::threads);
        let mut sink = Counter::default();
        let mut file = FileImport::new(Profile::UNIXFS_V0_2015, &hasher);
        for pushed in 1..=100 {
            file.push(chunk.clone(), &mut sink).unwrap();
            assert!(pushed - sink.blocks <= most_held, "{} of {pushed} chunks", sink.blocks);
        }
    }
}

#[test]
fn equal_chunks_are_put_each_time() {
    let mut sink = Counter::default();
    let zeros = Bytes::from(vec![0; 4 * 262_144]);
    let root = import(Profile::UNIXFS_V0_2015, &Hasher::inline(), [zeros], &mut sink);
    assert_eq!(sink.blocks, 5);
    assert_eq!(root.dag_size, sink.bytes);
}

/// Takes so many blocks and then fails.
struct Full(usize);

impl BlockSink for Full {
    type Error = &'static str;

    fn put(&mut self, _: &NewBlock) -> Result<(), Self::Error> {
        self.0 = self.0.checked_sub(1).ok_or("disk full")?;
        Ok(())
    }
}

#[test]
fn what_the_sink_cannot_take_ends_the_import() {
    let bytes = bytes_of(12, 10 * 262_144);
    for hasher in [Hasher::inline(), Hasher::threads(NonZeroUsize::new(2).unwrap())] {
        let blocks_of_the_file = 11;
        for room in 0..=blocks_of_the_file {
            let mut sink = Full(room);
            let mut file = FileImport::new(Profile::UNIXFS_V0_2015, &hasher);
            let outcome = file.push(bytes.clone(), &mut sink).and_then(|()| file.finish(&mut sink));
            assert_eq!(outcome.is_ok(), room == blocks_of_the_file, "{room}");
        }
    }
}

#[test]
fn an_import_given_up_does_not_disturb_the_next() {
    let hasher = Hasher::threads(NonZeroUsize::new(2).unwrap());
    let bytes = bytes_of(13, 5 * 262_144);
    let expected =
        import(Profile::UNIXFS_V0_2015, &Hasher::inline(), [bytes.clone()], &mut Counter::default());
    for _ in 0..20 {
        let mut given_up = FileImport::new(Profile::UNIXFS_V0_2015, &hasher);
        given_up.push(bytes.clone(), &mut Counter::default()).unwrap();
        drop(given_up);
        let root = import(Profile::UNIXFS_V0_2015, &hasher, [bytes.clone()], &mut Counter::default());
        assert_eq!(root, expected);
    }
}

#[test]
fn many_imports_share_the_threads() {
    let hasher = Hasher::threads(NonZeroUsize::new(2).unwrap());
    std::thread::scope(|scope| {
        for seed in 20..26 {
            let hasher = &hasher;
            scope.spawn(move || {
                let bytes = bytes_of(seed, 1_500_000);
                let alone = import(
                    Profile::UNIXFS_V1_2025,
                    &Hasher::inline(),
                    [bytes.clone()],
                    &mut Counter::default(),
                );
                let shared = import(Profile::UNIXFS_V1_2025, hasher, [bytes], &mut Counter::default());
                assert_eq!(shared, alone);
            });
        }
    });
}

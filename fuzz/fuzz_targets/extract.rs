//! Whole DAGs, put together as the input says, to everything that reads them.
#![no_main]

use std::collections::HashMap;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidegate_content::cid_text::{DAG_PB, IDENTITY, Multihash, RAW, SHA2_256};
use tidegate_content::{
    BlockSource, Cid, DagWalk, DirectoryEntries, ExtractEvent, Extractor, FileCursor, PbLink, PbNode,
    file_size, resolve, sha256,
};

/// Small DAGs can be endless walks.
const MAX_STEPS: usize = 2000;

fuzz_target!(|data: &[u8]| {
    let (mut blocks, Some(root)) = build(Script(data)) else {
        return;
    };
    read_file(&mut blocks, root);
    let mut entries = DirectoryEntries::new(root);
    for _ in 0..MAX_STEPS {
        let Ok(Some(entry)) = entries.next(&mut blocks) else {
            break;
        };
        let _ = resolve(&mut blocks, &root, &[entry.name]);
    }
    download(&mut blocks, root);
});

fn read_file(blocks: &mut Blocks, root: Cid) {
    let Ok(size) = file_size(blocks, &root) else {
        return;
    };
    let mut cursor = FileCursor::new(root, 3..size);
    let mut read = 0;
    for _ in 0..MAX_STEPS {
        match cursor.next(blocks) {
            Ok(Some(piece)) => read += piece.len() as u64,
            Ok(None) => return assert_eq!(read, size.saturating_sub(3)),
            Err(_) => break,
        }
    }
    assert!(read <= size.saturating_sub(3));
}

fn download(blocks: &mut Blocks, root: Cid) {
    let mut walk = DagWalk::new(root, true);
    let mut extractor = Extractor::new(root);
    let mut left = 0;
    for _ in 0..MAX_STEPS {
        loop {
            match extractor.next() {
                Ok(Some(ExtractEvent::FileStart { size, .. })) => left = size,
                Ok(Some(ExtractEvent::Data(data))) => left -= data.len() as u64,
                Ok(Some(ExtractEvent::FileEnd)) => assert_eq!(left, 0),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        match walk.next(blocks) {
            Ok(Some((cid, block))) => extractor
                .push(&cid, block)
                .expect("a walk gives what a download expects"),
            Ok(None) => return extractor.finish().expect("a whole walk is a whole download"),
            Err(_) => return,
        }
    }
}

struct Blocks(HashMap<Cid, Bytes>);

impl BlockSource for Blocks {
    type Error = ();

    fn block(&mut self, cid: &Cid) -> Result<Bytes, ()> {
        self.0.get(cid).cloned().ok_or(())
    }
}

/// The input, read as instructions.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn node(&mut self, made: &[Cid]) -> Vec<u8> {
        let mut links = Vec::new();
        for _ in 0..self.byte() % 8 {
            let child = usize::from(self.byte());
            let len = usize::from(self.byte() % 16);
            let name = String::from_utf8_lossy(self.bytes(len)).into_owned();
            if let Some(cid) = made.get(child % made.len().max(1)) {
                links.push(PbLink {
                    cid: *cid,
                    name: Some(name),
                    tsize: None,
                });
            }
        }
        let len = usize::from(self.byte());
        PbNode {
            links,
            data: Some(Bytes::copy_from_slice(self.bytes(len))),
        }
        .encode()
    }
}

/// Blocks whose links lead to blocks made before, and the last of them.
fn build(mut script: Script<'_>) -> (Blocks, Option<Cid>) {
    let (mut blocks, mut made) = (HashMap::new(), Vec::new());
    while !script.0.is_empty() {
        let how = script.byte();
        let (codec, block) = if how & 1 == 0 {
            let len = usize::from(script.byte());
            (RAW, script.bytes(len).to_vec())
        } else {
            (DAG_PB, script.node(&made))
        };
        let hash = if how & 2 == 2 && block.len() <= 128 {
            Multihash::wrap(IDENTITY, &block)
        } else {
            Multihash::wrap(SHA2_256, &sha256(&[&block]))
        };
        let cid = Cid::new_v1(codec, hash.expect("128 bytes are enough"));
        blocks.insert(cid, Bytes::from(block));
        made.push(cid);
    }
    (Blocks(blocks), made.last().copied())
}

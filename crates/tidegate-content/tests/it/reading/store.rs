//! A store in memory, hand-made nodes to put into it, and archives of what is in it.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;

use bytes::Bytes;
use tidegate_content::car::{CarEvent, CarLimits, CarReader, v1};
use tidegate_content::cid_text::{DAG_PB, IDENTITY, Multihash, RAW, SHA2_256};
use tidegate_content::{
    BlockSink, BlockSource, Cid, DagWalk, ExtractError, ExtractEvent, Extractor, Kind, NewBlock, PbLink,
    PbNode, ReadError, UnixFs, sha256,
};

use crate::support::Memory;

/// Blocks, what was asked for, and optionally a refusal of each block's first request.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) memory: Memory,
    pub(crate) fetched: Vec<Cid>,
    pub(crate) hesitant: bool,
    refused: HashSet<Cid>,
}

/// Why the store gave no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    TryAgain,
    NotHere,
}

impl BlockSink for Store {
    type Error = Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Infallible> {
        self.memory.put(block)
    }
}

impl BlockSource for Store {
    type Error = Refusal;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, Refusal> {
        assert_ne!(cid.hash().code(), IDENTITY, "identity CIDs are not asked for");
        if self.hesitant && self.refused.insert(*cid) {
            return Err(Refusal::TryAgain);
        }
        self.refused.remove(cid);
        self.fetched.push(*cid);
        self.memory.blocks.get(cid).cloned().ok_or(Refusal::NotHere)
    }
}

impl Store {
    /// A store that refuses each request once.
    pub(crate) fn hesitant(self) -> Self {
        Self { hesitant: true, ..self }
    }

    pub(crate) fn put_bytes(&mut self, codec: u64, bytes: impl Into<Bytes>) -> Cid {
        let bytes = bytes.into();
        let cid = Cid::new_v1(codec, Multihash::wrap(SHA2_256, &sha256(&[&bytes])).unwrap());
        self.memory.order.push(cid);
        self.memory.blocks.insert(cid, bytes);
        cid
    }

    pub(crate) fn put_raw(&mut self, bytes: &[u8]) -> Cid {
        self.put_bytes(RAW, bytes.to_vec())
    }

    pub(crate) fn put_node(&mut self, message: &UnixFs, links: Vec<PbLink>) -> Cid {
        self.put_bytes(DAG_PB, node(message, links))
    }

    /// A file node with these children and the sizes it claims for them.
    pub(crate) fn put_file(&mut self, children: &[(Cid, u64)]) -> Cid {
        let message = UnixFs { block_sizes: sizes(children), ..UnixFs::new(Kind::File) };
        let links = children.iter().map(|(cid, _)| link("", *cid)).collect();
        self.put_node(&message, links)
    }

    pub(crate) fn put_directory(&mut self, entries: &[(&str, Cid)]) -> Cid {
        let links = entries.iter().map(|(name, cid)| link(name, *cid)).collect();
        self.put_node(&UnixFs::new(Kind::Directory), links)
    }

    /// The sections of a DAG, in the order of a walk.
    pub(crate) fn walk(
        &mut self,
        root: Cid,
        duplicates: bool,
    ) -> Result<Vec<(Cid, Bytes)>, ReadError<Refusal>> {
        let mut walk = DagWalk::new(root, duplicates);
        let mut blocks = Vec::new();
        loop {
            match walk.next(self) {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) => return Ok(blocks),
                Err(ReadError::Source(Refusal::TryAgain)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Repeats a step that the store refused at first.
pub(crate) fn insist<T>(
    mut step: impl FnMut() -> Result<T, ReadError<Refusal>>,
) -> Result<T, ReadError<Refusal>> {
    loop {
        match step() {
            Err(ReadError::Source(Refusal::TryAgain)) => {}
            other => return other,
        }
    }
}

pub(crate) fn node(message: &UnixFs, links: Vec<PbLink>) -> Vec<u8> {
    PbNode { links, data: Some(message.encode().into()) }.encode()
}

pub(crate) fn link(name: &str, cid: Cid) -> PbLink {
    PbLink { cid, name: Some(name.to_owned()), tsize: Some(1) }
}

pub(crate) fn identity(codec: u64, bytes: &[u8]) -> Cid {
    Cid::new_v1(codec, Multihash::wrap(IDENTITY, bytes).unwrap())
}

fn sizes(children: &[(Cid, u64)]) -> Vec<u64> {
    children.iter().map(|(_, size)| *size).collect()
}

pub(crate) fn car(root: Cid, blocks: &[(Cid, Bytes)]) -> Vec<u8> {
    let mut out = v1::encode_header(&[root]);
    for (cid, block) in blocks {
        out.extend_from_slice(&v1::section_prefix(cid, block.len()));
        out.extend_from_slice(block);
    }
    out
}

/// What a download left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    File(Vec<u8>),
    Directory,
    Symlink(Vec<u8>),
}

pub(crate) type Files = BTreeMap<String, Item>;

/// Downloads a CAR that comes in pieces of `piece` bytes.
pub(crate) fn download(root: Cid, car: &[u8], piece: usize) -> Result<Files, ExtractError> {
    let mut reader = CarReader::new(CarLimits::default());
    let mut extractor = Extractor::new(root);
    let mut writer = Writer::default();
    for piece in car.chunks(piece) {
        reader.feed(Bytes::copy_from_slice(piece));
        while let Some(event) = reader.next().unwrap() {
            if let CarEvent::Block { cid, data, .. } = event {
                writer.take_all(&mut extractor)?;
                extractor.push(&cid, data)?;
            }
        }
    }
    reader.finish().unwrap();
    writer.take_all(&mut extractor)?;
    extractor.finish()?;
    assert_eq!(writer.open, None, "every file was ended");
    Ok(writer.files)
}

/// Writes into memory, and minds the promises of the events.
#[derive(Default)]
struct Writer {
    files: Files,
    open: Option<(String, u64, Vec<u8>)>,
}

impl Writer {
    fn take_all(&mut self, extractor: &mut Extractor) -> Result<(), ExtractError> {
        while let Some(event) = extractor.next()? {
            self.take(event);
        }
        Ok(())
    }

    fn take(&mut self, event: ExtractEvent) {
        match event {
            ExtractEvent::Directory { path } => self.add(path, Item::Directory),
            ExtractEvent::Symlink { path, target } => self.add(path, Item::Symlink(target.to_vec())),
            ExtractEvent::FileStart { path, size } => {
                assert_eq!(self.open, None, "one file at a time");
                self.open = Some((path, size, Vec::new()));
            }
            ExtractEvent::Data(data) => {
                assert!(!data.is_empty());
                self.open.as_mut().unwrap().2.extend_from_slice(&data);
            }
            ExtractEvent::FileEnd => {
                let (path, size, content) = self.open.take().unwrap();
                assert_eq!(content.len() as u64, size);
                self.add(path, Item::File(content));
            }
        }
    }

    fn add(&mut self, path: String, item: Item) {
        assert_eq!(self.open, None, "nothing else while a file is open");
        if let Some((parent, _)) = path.rsplit_once('/') {
            assert_eq!(
                self.files.get(parent),
                Some(&Item::Directory),
                "directories come before what is in them"
            );
        }
        assert_eq!(self.files.insert(path, item), None, "nothing comes twice");
    }
}

//! A DAG that lives elsewhere, and gateways that have it, or some of it.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::Arc,
};

use bytes::Bytes;
use tidegate_content::{
    BlockSink, Cid, DirectoryImport, FileImport, Hasher, NewBlock, Profile,
    car::v1::{encode_header, section_prefix},
    content_key, parse_cid,
};

use super::{
    content::{Item, content, unique},
    origin::{Asked, Reply},
};

/// See the module's documentation.
#[derive(Clone)]
pub struct Dag {
    pub root: Cid,
    /// By their CIDs of version 1.
    pub blocks: Arc<HashMap<Cid, Bytes>>,
    /// The same, each before its children.
    pub order: Arc<Vec<Cid>>,
    /// What is in the file, if it is one.
    pub content: Bytes,
}

#[derive(Default)]
struct Blocks(Vec<(Cid, Bytes)>);

impl BlockSink for Blocks {
    type Error = Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Infallible> {
        self.0.push((content_key(block.cid()), block.to_vec().into()));
        Ok(())
    }
}

impl Dag {
    /// A file of `size` bytes that nobody else has, in leaves of 64 KiB.
    pub fn file(size: usize) -> Self {
        let profile = Profile::V1_RAW_256K_174.with_sizes("small leaves", 64 << 10, 4).unwrap();
        let (bytes, mut blocks) = (content(unique(), size), Blocks::default());
        let mut file = FileImport::new(profile, &Hasher::inline());
        file.push(bytes.clone(), &mut blocks).unwrap();
        let root = file.finish(&mut blocks).unwrap().cid;
        Self { content: bytes, ..Self::of(root, blocks) }
    }

    /// A folder.
    pub fn folder(items: &[Item]) -> Self {
        let (profile, mut blocks) = (Profile::V1_RAW_256K_174, Blocks::default());
        let mut tree = DirectoryImport::new(profile);
        for item in items {
            let Item::File(path, bytes) = item else { panic!("only files here") };
            let mut file = FileImport::new(profile, &Hasher::inline());
            file.push(bytes.clone(), &mut blocks).unwrap();
            let imported = file.finish(&mut blocks).unwrap();
            tree.add_file(&path.split('/').collect::<Vec<_>>(), imported).unwrap();
        }
        let root = tree.finish(&mut blocks).unwrap().cid;
        Self::of(root, blocks)
    }

    /// Any blocks; the first is the root.
    pub fn raw(blocks: Vec<(Cid, Bytes)>) -> Self {
        let root = blocks[0].0;
        Self::of(root, Blocks(blocks.into_iter().rev().collect()))
    }

    fn of(root: Cid, blocks: Blocks) -> Self {
        let order = blocks.0.iter().rev().map(|(cid, _)| *cid).collect();
        let blocks = blocks.0.into_iter().collect();
        Self { root, blocks: Arc::new(blocks), order: Arc::new(order), content: Bytes::new() }
    }

    /// All of it as a CARv1, in an order that any reader accepts.
    pub fn car(&self) -> Vec<u8> {
        let mut car = encode_header(&[self.root]);
        for cid in self.order.iter() {
            let block = &self.blocks[cid];
            car.extend_from_slice(&section_prefix(cid, block.len()));
            car.extend_from_slice(block);
        }
        car
    }

    /// What a gateway with all of it answers.
    pub fn serve(&self, asked: &Asked) -> Reply {
        match Question::of(asked) {
            Question::Archive(cid) if content_key(&cid) == content_key(&self.root) => Reply::ok(self.car()),
            Question::Block(cid) => self.block(&cid),
            _ => missing(),
        }
    }

    /// What a gateway answers that has blocks, but only single ones and not these.
    pub fn serve_without(&self, asked: &Asked, absent: &HashSet<Cid>) -> Reply {
        match Question::of(asked) {
            Question::Block(cid) if !absent.contains(&cid) => self.block(&cid),
            _ => missing(),
        }
    }

    fn block(&self, cid: &Cid) -> Reply {
        self.blocks.get(&content_key(cid)).map_or_else(missing, |block| Reply::ok(block.to_vec()))
    }
}

/// What somebody asks of a gateway or a Kubo node.
pub enum Question {
    Block(Cid),
    Archive(Cid),
    Other,
}

impl Question {
    pub fn of(asked: &Asked) -> Self {
        if let Some(cid) = asked.target.strip_prefix("/api/v0/block/get?arg=") {
            return if asked.method == "POST" { Self::Block(parse_cid(cid).unwrap()) } else { Self::Other };
        }
        let Some((cid, query)) = asked.target.strip_prefix("/ipfs/").and_then(|rest| rest.split_once('?'))
        else {
            return Self::Other;
        };
        let cid = parse_cid(cid).unwrap();
        match (query, asked.header("accept")) {
            ("format=raw", "application/vnd.ipld.raw") => Self::Block(cid),
            (query, accept)
                if query.starts_with("format=car&dag-scope=all")
                    && accept.starts_with("application/vnd.ipld.car") =>
            {
                Self::Archive(cid)
            }
            _ => Self::Other,
        }
    }

    /// The block that is asked for, if it is one.
    pub fn block(asked: &Asked) -> Option<Cid> {
        match Self::of(asked) {
            Self::Block(cid) => Some(cid),
            _ => None,
        }
    }
}

/// A plain 404.
pub fn missing() -> Reply {
    Reply::status(404).with("Content-Length", "0")
}

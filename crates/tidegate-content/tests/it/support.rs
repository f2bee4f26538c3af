//! The reference vectors, the content they describe, and sinks to import into.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use bytes::Bytes;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tidegate_content::{
    BlockSink, Cid, DirectoryImport, FileImport, Hasher, Imported, NewBlock, Profile, sha256, verify_block,
};

/// `testdata/vectors/cids.json`; its README says how the content is made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Vectors {
    #[serde(rename = "about")]
    _about: String,
    pub(crate) profiles: BTreeMap<String, Sizes>,
    pub(crate) generator_check: Vec<GeneratorCheck>,
    pub(crate) tiny_profiles: BTreeMap<String, Sizes>,
    pub(crate) cid_forms: Vec<CidForms>,
    pub(crate) files: Vec<FileVector>,
    pub(crate) tiny: Vec<TinyVector>,
    pub(crate) trees: Vec<TreeVector>,
    pub(crate) numbered: Vec<NumberedVector>,
    pub(crate) published: Published,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) cid_version: u64,
    pub(crate) chunk: usize,
    pub(crate) width: usize,
    pub(crate) raw_leaves: bool,
    pub(crate) hamt_estimate: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct GeneratorCheck {
    pub(crate) seed: Seed,
    pub(crate) size: u64,
    pub(crate) hex: String,
}

/// A number, or text where JSON numbers are too short.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Seed {
    Number(u64),
    Text(String),
}

impl Seed {
    pub(crate) fn value(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.parse().unwrap(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CidForms {
    pub(crate) given: String,
    pub(crate) version: u64,
    pub(crate) codec: u64,
    pub(crate) multihash_hex: String,
    pub(crate) v1base32: String,
    pub(crate) v1base36: String,
    pub(crate) v1base58btc: String,
    pub(crate) v1base16: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileVector {
    pub(crate) seed: u64,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) cids: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) cid: String,
    pub(crate) dag_size: u64,
    pub(crate) blocks: Option<usize>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct TinyVector {
    pub(crate) profile: String,
    pub(crate) seed: u64,
    pub(crate) size: u64,
    #[serde(flatten)]
    pub(crate) expected: TinyExpected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TinyExpected {
    pub(crate) cid: String,
    pub(crate) dag_size: u64,
    pub(crate) blocks: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TreeVector {
    pub(crate) name: String,
    pub(crate) entries: Vec<TreeEntry>,
    pub(crate) cids: BTreeMap<String, Expected>,
}

/// A file, or an empty directory.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TreeEntry {
    pub(crate) path: String,
    pub(crate) seed: Option<u64>,
    pub(crate) size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NumberedVector {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) prefix: String,
    pub(crate) seed_base: u64,
    pub(crate) size: u64,
    pub(crate) cids: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
pub(crate) struct Published {
    pub(crate) alphabet: String,
    pub(crate) files: Vec<PublishedFile>,
    pub(crate) directories: Vec<PublishedDirectory>,
    #[serde(flatten)]
    _notes: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct PublishedFile {
    pub(crate) profile: String,
    pub(crate) text: Option<String>,
    pub(crate) chacha: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) cid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedDirectory {
    pub(crate) profile: String,
    pub(crate) chacha: String,
    pub(crate) count: usize,
    pub(crate) name_len: usize,
    pub(crate) last_name_len: usize,
    pub(crate) cid: String,
}

pub(crate) fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../testdata/vectors/cids.json")).unwrap()
}

/// A named profile, or one of the tiny ones of the vectors.
pub(crate) fn profile(name: &str) -> Profile {
    let (base, chunk, width, raw) = match name {
        "tiny-v0-64x3" => (Profile::UNIXFS_V0_2015, 64, 3, false),
        "tiny-v1-64x3" => (Profile::V1_RAW_256K_174, 64, 3, true),
        "tiny-v1-pb-100x2" => (Profile::V1_RAW_256K_174, 100, 2, false),
        _ => return Profile::by_name(name).unwrap(),
    };
    base.with_sizes("tiny", chunk, width).unwrap().with_raw_leaves(raw)
}

/// The vectors' content, in pieces of up to 1 MiB.
pub(crate) fn content(seed: u64, size: u64) -> impl Iterator<Item = Bytes> {
    let mut blocks = (0_u64..).map(move |block| sha256(&[&seed.to_be_bytes(), &block.to_be_bytes()]));
    let mut left = size;
    std::iter::from_fn(move || {
        let len = usize::try_from(left.min(1 << 20)).ok().filter(|len| *len > 0)?;
        let mut piece = Vec::with_capacity(len + 32);
        while piece.len() < len {
            piece.extend(blocks.next()?);
        }
        piece.truncate(len);
        left -= len as u64;
        Some(piece.into())
    })
}

/// The published vectors' random bytes, in pieces of up to 1 MiB.
pub(crate) fn chacha(seed: &str, size: u64) -> impl Iterator<Item = Bytes> {
    let mut stream = ChaCha20::new(&sha256(&[seed.as_bytes()]).into(), &[0; 12].into());
    let mut left = size;
    std::iter::from_fn(move || {
        let len = usize::try_from(left.min(1 << 20)).ok().filter(|len| *len > 0)?;
        let mut piece = vec![0; len];
        stream.apply_keystream(&mut piece);
        left -= len as u64;
        Some(piece.into())
    })
}

/// Counts blocks.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) blocks: usize,
    pub(crate) bytes: u64,
}

impl BlockSink for Counter {
    type Error = Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Infallible> {
        self.blocks += 1;
        self.bytes += block.len() as u64;
        Ok(())
    }
}

/// Keeps every block, in order, after checking it.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) order: Vec<Cid>,
    pub(crate) blocks: HashMap<Cid, Bytes>,
}

impl BlockSink for Memory {
    type Error = Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Infallible> {
        let bytes = block.to_vec();
        assert_eq!(bytes.len(), block.len());
        assert_eq!(verify_block(block.cid(), &bytes), Ok(()));
        self.order.push(*block.cid());
        self.blocks.insert(*block.cid(), bytes.into());
        Ok(())
    }
}

pub(crate) fn import<S: BlockSink<Error = Infallible>>(
    profile: Profile,
    hasher: &Hasher,
    pieces: impl IntoIterator<Item = Bytes>,
    sink: &mut S,
) -> Imported {
    let mut file = FileImport::new(profile, hasher);
    for piece in pieces {
        file.push(piece, sink).unwrap();
    }
    file.finish(sink).unwrap()
}

pub(crate) fn import_tree(
    profile: Profile,
    entries: &[TreeEntry],
    sink: &mut impl BlockSink<Error = Infallible>,
) -> Imported {
    let hasher = Hasher::inline();
    let mut tree = DirectoryImport::new(profile);
    for entry in entries {
        let path: Vec<&str> = entry.path.split('/').collect();
        match (entry.seed, entry.size) {
            (Some(seed), Some(size)) => {
                let file = import(profile, &hasher, content(seed, size), sink);
                tree.add_file(&path, file).unwrap();
            }
            _ => tree.add_directory(&path).unwrap(),
        }
    }
    tree.finish(sink).unwrap()
}

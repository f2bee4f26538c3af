//! Content of any size from a seed, as `testdata/vectors/README.md` says it, and the CIDs it gets.

use std::convert::Infallible;

use bytes::Bytes;
use tidegate_content::{
    BlockSink, Cid, DirectoryImport, FileImport, Hasher, Imported, NewBlock, Profile, sha256,
};

/// The first `size` bytes of the content of `seed`.
pub fn content(seed: u64, size: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(size + 32);
    let mut block = 0_u64;
    while bytes.len() < size {
        bytes.extend(sha256(&[&seed.to_be_bytes(), &block.to_be_bytes()]));
        block += 1;
    }
    bytes.truncate(size);
    bytes.into()
}

/// A number that no other call in this process gave: for content that nobody else pins.
pub fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1 << 32);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Something in a folder.
#[derive(Debug, Clone)]
pub enum Item {
    File(String, Bytes),
    Folder(String),
    Link(String, String),
}

/// A file in a folder.
pub fn file(path: &str, bytes: impl Into<Bytes>) -> Item {
    Item::File(path.to_owned(), bytes.into())
}

/// The CID of `content`.
pub fn cid_of(profile: Profile, content: &Bytes) -> Cid {
    import(profile, content).cid
}

/// The CID that Decoo's SDK gives `content`.
pub fn cid_v0(content: &Bytes) -> String {
    cid_of(Profile::UNIXFS_V0_2015, content).to_string()
}

/// The CID of the folder that holds `items`.
pub fn folder_cid(profile: Profile, items: &[Item]) -> Cid {
    let mut tree = DirectoryImport::new(profile);
    for item in items {
        match item {
            Item::File(path, bytes) => tree.add_file(&names(path), import(profile, bytes)).unwrap(),
            Item::Folder(path) => tree.add_directory(&names(path)).unwrap(),
            Item::Link(path, target) => {
                tree.add_symlink(&names(path), target.clone().into_bytes().into()).unwrap();
            }
        }
    }
    tree.finish(&mut Nowhere).unwrap().cid
}

fn import(profile: Profile, content: &Bytes) -> Imported {
    let mut file = FileImport::new(profile, &Hasher::inline());
    file.push(content.clone(), &mut Nowhere).unwrap();
    file.finish(&mut Nowhere).unwrap()
}

fn names(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

struct Nowhere;

impl BlockSink for Nowhere {
    type Error = Infallible;

    fn put(&mut self, _: &NewBlock) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn the_generator_makes_what_the_vectors_say() {
    assert_eq!(
        hex::encode(content(0, 33)),
        "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb7c"
    );
    assert_eq!(cid_v0(&content(1, 262_145)), "QmapxzdhP71Yxwc419G1YmN8bsNWh3NK7by8oNf7fCHbyP");
}

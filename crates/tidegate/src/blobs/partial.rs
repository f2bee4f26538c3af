//! A DAG that is being brought in from elsewhere: a CARv2 file without its index, under `partial/`, to which checked blocks are
//! added. It stays when the work on it breaks off, and what is in it is found again.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::PathBuf,
};

use bytes::{Bytes, BytesMut};
use tidegate_content::{
    BlockSource, Cid,
    car::{CarEvent, CarLimits, CarReader, V2Header, v1::section_prefix, v2::PRAGMA},
    verify_block,
};

use super::{
    Access, BlobError,
    disk::read_at,
    out::Out,
    staging::{Sealed, Temporary},
    writer::{CarWriter, start_of},
};

/// Both headers of the file around the payload.
const START: usize = PRAGMA.len() + V2Header::LEN;
/// One read.
const READ: usize = 1 << 20;

/// See the module's documentation. Only one at a time may be open of a root.
pub struct PartialCar {
    car: CarWriter,
    path: PathBuf,
    root: Cid,
}

impl PartialCar {
    /// The file at `path` with all good blocks that are in it, or a new one.
    pub(super) fn open(path: PathBuf, root: &Cid) -> Result<Self, BlobError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let start = start_of(root);
        let mut found = vec![0; start.len()];
        let read = read_at(&file, Access::Disk, &mut found, 0)?;
        // The header may be there already, of a file that was completed and never got its name.
        found[PRAGMA.len()..][..V2Header::LEN].fill(0);
        let car = if read == start.len() && found == start {
            file.write_all_at(&start[..START], 0)?;
            reopen(file)?
        } else {
            file.set_len(0)?;
            CarWriter::begin(Out::at_end_of(file), root)?
        };
        Ok(Self { car, path, root: *root })
    }

    /// The DAG that is to be in it.
    #[must_use]
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// Bytes of its blocks in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.car.bytes()
    }

    /// Whether the block of `cid` is in it.
    #[must_use]
    pub fn contains(&self, cid: &Cid) -> bool {
        self.car.contains(cid.hash())
    }

    /// Adds a block that was checked.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn put(&mut self, cid: &Cid, block: &[u8]) -> Result<(), BlobError> {
        self.car.put(cid, block.len(), std::iter::once(block))
    }

    /// Completes the file, in which all blocks of the DAG are now, and syncs it.
    ///
    /// # Errors
    /// The disk is full or broken; the file is gone then.
    pub fn seal(self) -> Result<Sealed, BlobError> {
        Ok(Sealed::new(self.car.finish(&self.root)?, Temporary::at(self.path), &self.root))
    }
}

impl BlockSource for PartialCar {
    type Error = BlobError;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, BlobError> {
        self.car.read(cid.hash())
    }
}

/// Reads the blocks of an unfinished file up to the first that is cut or damaged, and cuts the file there: that is where a crash
/// ended it.
fn reopen(mut file: File) -> Result<CarWriter, BlobError> {
    let mut reader = CarReader::new(CarLimits::default());
    let mut known = CarWriter::at(Out::at_end_of(file.try_clone()?), 0);
    let (mut at, mut end) = (V2Header::END, 0);
    'reading: loop {
        let mut piece = BytesMut::zeroed(READ);
        let read = read_at(&file, Access::Disk, &mut piece, at)?;
        piece.truncate(read);
        at += read as u64;
        reader.feed(piece.freeze());
        loop {
            match reader.next() {
                Ok(Some(CarEvent::Header(roots))) => {
                    end = start_of(&roots[0]).len() as u64 - V2Header::END;
                    known = CarWriter::at(Out::at_end_of(file.try_clone()?), end);
                }
                Ok(Some(CarEvent::Block { cid, data, .. })) if verify_block(&cid, &data).is_ok() => {
                    if known.note(&cid, data.len())?.is_none() {
                        break 'reading;
                    }
                    end += (section_prefix(&cid, data.len()).len() + data.len()) as u64;
                }
                Ok(None) => break,
                _ => break 'reading,
            }
        }
        if read < READ {
            break;
        }
    }
    file.set_len(V2Header::END + end)?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
    Ok(known)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{io::Write as _, sync::Arc};

    use tidegate_content::{
        cid_text::{BLAKE3, Multihash, RAW, SHA2_256},
        sha256,
    };

    use super::*;
    use crate::blobs::{BlobStore, CarFile, Root};

    fn block(text: &str) -> (Cid, Vec<u8>) {
        let hash = Multihash::wrap(SHA2_256, &sha256(&[text.as_bytes()])).unwrap();
        (Cid::new_v1(RAW, hash), text.as_bytes().to_vec())
    }

    fn fill(store: &BlobStore, root: &Cid, texts: &[&str]) -> PartialCar {
        let mut partial = store.partial(root).unwrap();
        for text in texts {
            let (cid, bytes) = block(text);
            partial.put(&cid, &bytes).unwrap();
        }
        partial
    }

    /// What is sealed is there as long as nobody drops it.
    fn seal(partial: PartialCar) -> (Sealed, PathBuf) {
        let sealed = partial.seal().unwrap();
        let path = sealed.path().unwrap().to_owned();
        (sealed, path)
    }

    #[test]
    fn what_was_written_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (root, _) = block("root");
        drop(fill(&store, &root, &["a", "b", "a"]));
        let again = fill(&store, &root, &["b", "c", "root"]);
        for text in ["a", "b", "c", "root"] {
            assert!(again.contains(&block(text).0), "{text}");
        }
        let (sealed, path) = seal(again);
        assert_eq!((sealed.block_prefixes.len(), sealed.root), (4, Root::of(&root)));
        let car = Arc::new(CarFile::open(&path).unwrap());
        for text in ["a", "b", "c", "root"] {
            let (cid, bytes) = block(text);
            assert_eq!(car.cursor(Access::Disk).block(&cid).unwrap(), bytes);
        }
    }

    #[test]
    fn a_complete_file_without_its_name_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (root, _) = block("root");
        let (sealed, path) = seal(fill(&store, &root, &["a", "root"]));
        let whole = std::fs::read(&path).unwrap();
        drop(sealed);
        std::fs::write(&path, &whole).unwrap();
        let again = fill(&store, &root, &["a"]);
        assert!(again.contains(&root));
        let (_sealed, path) = seal(again);
        assert_eq!(std::fs::read(path).unwrap(), whole);
    }

    #[test]
    fn it_goes_on_where_a_crash_cut_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (root, _) = block("root");
        let path = fill(&store, &root, &["first", "second"]).path;
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut partial = store.partial(&root).unwrap();
            for text in ["second", "first"] {
                let (cid, bytes) = block(text);
                if !partial.contains(&cid) {
                    partial.put(&cid, &bytes).unwrap();
                }
                assert_eq!(partial.block(&cid).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn damage_ends_what_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (root, _) = block("root");
        let path = fill(&store, &root, &["first", "second", "third"]).path;
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(6).position(|window| window == b"second").unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let partial = store.partial(&root).unwrap();
        assert!(partial.contains(&block("first").0));
        assert!(!partial.contains(&block("second").0) && !partial.contains(&block("third").0));
    }

    #[test]
    fn another_file_in_its_place_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let (root, bytes) = block("root");
        let path = fill(&store, &root, &[]).path;
        File::create(&path).unwrap().write_all(&[7; 300]).unwrap();
        let mut partial = store.partial(&root).unwrap();
        partial.put(&root, &bytes).unwrap();
        let (_sealed, path) = seal(partial);
        assert!(CarFile::open(&path).is_ok());
    }

    #[test]
    fn every_hash_that_can_be_checked_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path()).unwrap();
        let digest = hex::decode("d74981efa70a0c880b8d8c1985d075dbcbf679b99a5f9914e5aaf96b831a9e24").unwrap();
        let blake3 = Cid::new_v1(RAW, Multihash::wrap(BLAKE3, &digest).unwrap());
        let sha2 = Cid::new_v1(RAW, Multihash::wrap(SHA2_256, &digest).unwrap());
        let mut partial = store.partial(&blake3).unwrap();
        partial.put(&blake3, b"hello world").unwrap();
        assert!(partial.contains(&blake3) && !partial.contains(&sha2));
        let (_sealed, path) = seal(partial);
        let car = Arc::new(CarFile::open(&path).unwrap());
        assert_eq!(car.cursor(Access::Disk).block(&blake3).unwrap(), "hello world");
    }
}

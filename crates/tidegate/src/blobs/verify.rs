//! Checking a pinned DAG against its ids: every block is read and hashed, and every link leads to a block that is there.

use std::{path::Path, sync::Arc};

use bytes::{Bytes, BytesMut};
use tidegate_content::{
    Cid, DagWalk, ReadError,
    car::{CarEvent, CarLimits, CarReader},
    verify_block,
};

use super::{Access, BlobError, CarFile, Root, disk::read_at, prefix};

/// One read.
const READ: usize = 1 << 20;

/// What a whole file was found to hold.
#[derive(Debug)]
pub struct Verified {
    /// Its root.
    pub root: Root,
    /// Bytes of the file.
    pub car_bytes: u64,
    /// The first eight bytes of each block's digest, sorted: 8 bytes a block, where whole hashes would take 100.
    pub block_prefixes: Vec<i64>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It cannot be read as what it should be.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A block's bytes are not what its id says.
    #[error("the block {0} is damaged")]
    Block(Box<Cid>),
    /// A block that is linked to is not there.
    #[error("a block that is linked to is missing, or a node is malformed: {0}")]
    Incomplete(String),
    /// The name says another root than the file.
    #[error("its name should be {0}.car")]
    Misnamed(Box<Root>),
}

/// Reads all of the file at `path`. `progress` is told the bytes read each time.
///
/// # Errors
/// The first damage found.
pub fn verify(path: &Path, mut progress: impl FnMut(u64)) -> Result<Verified, Damage> {
    let car = Arc::new(CarFile::open(path)?);
    let root = Root::of(car.root());
    if path.file_stem().and_then(|name| name.to_str()) != Some(root.to_string().as_str()) {
        return Err(Damage::Misnamed(Box::new(root)));
    }
    let mut block_prefixes = verify_blocks(&car, &mut progress)?;
    block_prefixes.sort_unstable();
    let mut cursor = car.cursor(Access::Disk);
    let mut walk = DagWalk::new(*car.root(), false);
    while walk.next(&mut cursor).map_err(|error| incomplete(&error))?.is_some() {}
    let car_bytes = car.file().metadata().map_err(BlobError::from)?.len();
    Ok(Verified { root, car_bytes, block_prefixes })
}

/// Hashes every block of the payload; returns their prefixes.
fn verify_blocks(car: &CarFile, progress: &mut impl FnMut(u64)) -> Result<Vec<i64>, Damage> {
    let malformed = |_| BlobError::Damaged("a section is malformed");
    let mut prefixes = Vec::new();
    let mut reader = CarReader::new(CarLimits::default());
    let mut at = car.data().start;
    loop {
        while let Some(event) = reader.next().map_err(malformed)? {
            if let CarEvent::Block { cid, data, .. } = event {
                verify_block(&cid, &data).map_err(|_| Damage::Block(Box::new(cid)))?;
                prefixes.push(prefix(cid.hash().digest()));
            }
        }
        if at == car.data().end {
            break;
        }
        let bytes = read_piece(car, at)?;
        at += bytes.len() as u64;
        progress(bytes.len() as u64);
        reader.feed(bytes);
    }
    reader.finish().map_err(malformed)?;
    Ok(prefixes)
}

fn read_piece(car: &CarFile, at: u64) -> Result<Bytes, BlobError> {
    let wanted = usize::try_from(car.data().end - at).map_or(READ, |left| left.min(READ));
    let mut piece = BytesMut::zeroed(wanted);
    if read_at(car.file(), Access::Disk, &mut piece, at)? < wanted {
        return Err(BlobError::Damaged("it is cut"));
    }
    Ok(piece.freeze())
}

fn incomplete(error: &ReadError<BlobError>) -> Damage {
    Damage::Incomplete(error.to_string())
}

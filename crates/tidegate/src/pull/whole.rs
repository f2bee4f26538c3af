//! The end of a try: the file is completed, and all of the DAG is walked through once more, from the disk, before anybody says that
//! it is here.

use std::sync::Arc;

use tidegate_content::{DagWalk, ReadError, verify_block};
use tokio::sync::OwnedMutexGuard;

use super::{PullError, keep::Keeper};
use crate::{
    blobs::{Access, BlobError, CarFile, Sealed},
    db::contents::ContentKind,
    pins::{Place, measure, payload},
};

/// A whole DAG that waits for its place.
pub struct Pulled {
    /// The complete file.
    pub sealed: Sealed,
    /// What the root is.
    pub kind: ContentKind,
    /// Bytes of the file or of all files below, and never less than the blocks hold.
    pub size: u64,
    /// The room that it takes.
    pub place: Place,
    /// Kept until the file has its place.
    _turn: OwnedMutexGuard<()>,
}

impl Keeper {
    /// Completes the file and walks through it.
    pub(super) fn into_whole(self) -> Result<Pulled, PullError> {
        let Self { partial, turn, places, .. } = self;
        let sealed = partial.seal()?;
        let car = Arc::new(CarFile::open(sealed.path().ok_or(BlobError::Missing)?)?);
        let mut blocks = car.cursor(Access::Disk);
        let mut walk = DagWalk::new(*car.root(), false);
        let mut held: u64 = 0;
        while let Some((cid, block)) = walk.next(&mut blocks).map_err(unreadable)? {
            verify_block(&cid, &block).map_err(|_| BlobError::Damaged("a block changed on the disk"))?;
            held += payload(&cid, &block);
        }
        let (kind, size) = measure(&car).map_err(unreadable)?;
        // A DAG may claim that there is less in its files than it makes us keep.
        let place = places.hand_over(&sealed.root);
        Ok(Pulled { sealed, kind, size: size.max(held), place, _turn: turn })
    }
}

fn unreadable(error: ReadError<BlobError>) -> PullError {
    match error {
        ReadError::Source(error) => error.into(),
        malformed => PullError::Unreadable(Box::new(malformed)),
    }
}

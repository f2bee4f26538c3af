//! Short work on blocks: tried with what is in memory, and only if that is not enough moved to a thread that may wait.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use tidegate_content::{BlockSource, Cid, FileCursor, ReadError, ResolveError};

use super::{Access, BlobError, CarCursor, CarFile};

/// Does `work` on the blocks of `car`. It may be done twice.
///
/// # Errors
/// Those of `work`; the outer one if it did not come to its end.
pub(crate) async fn with_blocks<T, E>(
    car: &Arc<CarFile>,
    work: impl Fn(&mut CarCursor) -> Result<T, E> + Send + 'static,
) -> Result<Result<T, E>, BlobError>
where
    T: Send + 'static,
    E: MayBlock + Send + 'static,
{
    match work(&mut car.cursor(Access::Memory)) {
        Err(error) if error.would_block() => {}
        done => return Ok(done),
    }
    let mut cursor = car.cursor(Access::Disk);
    let done = tokio::task::spawn_blocking(move || work(&mut cursor)).await;
    done.map_err(|_| BlobError::Damaged("reading it failed"))
}

/// The bytes `range` of the file `cid` in `car`, in one piece.
///
/// # Errors
/// A block cannot be read or is no part of a file.
pub(crate) async fn read_range(
    car: &Arc<CarFile>,
    cid: Cid,
    range: Range<u64>,
) -> Result<Bytes, ReadError<BlobError>> {
    let read = with_blocks(car, move |blocks| collect(FileCursor::new(cid, range.clone()), blocks)).await;
    read.map_err(ReadError::Source)?
}

/// All that `cursor` reads, in one piece.
///
/// # Errors
/// A block cannot be read or is no part of a file.
pub(crate) fn collect<S: BlockSource>(
    mut cursor: FileCursor,
    blocks: &mut S,
) -> Result<Bytes, ReadError<S::Error>> {
    let mut content = Vec::new();
    while let Some(bytes) = cursor.next(blocks)? {
        content.extend_from_slice(&bytes);
    }
    Ok(content.into())
}

/// An error that may only mean "not without waiting".
pub(crate) trait MayBlock {
    /// Whether it does.
    fn would_block(&self) -> bool;
}

impl MayBlock for BlobError {
    fn would_block(&self) -> bool {
        matches!(self, Self::WouldBlock)
    }
}

impl MayBlock for ReadError<BlobError> {
    fn would_block(&self) -> bool {
        matches!(self, Self::Source(error) if error.would_block())
    }
}

impl MayBlock for ResolveError<BlobError> {
    fn would_block(&self) -> bool {
        matches!(self, Self::Read(error) if error.would_block())
    }
}

//! Short work on blocks: tried with what is in memory, and only if that is not enough moved to a thread that may wait.

use std::sync::Arc;

use tidegate_content::{ReadError, ResolveError};

use super::GatewayError;
use crate::{
    blobs::{Access, BlobError, CarCursor, CarFile},
    http::error::Failure,
};

/// Does `work` on the blocks of `car`. It may be done twice.
///
/// # Errors
/// Those of `work`; the outer ones are ours.
pub(super) async fn with_blocks<T, E>(
    car: &Arc<CarFile>,
    work: impl Fn(&mut CarCursor) -> Result<T, E> + Send + 'static,
) -> Result<Result<T, E>, GatewayError>
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
    done.map_err(|error| GatewayError::Failed(Failure::Internal.log(&error)))
}

/// An error that may only mean "not without waiting".
pub(super) trait MayBlock {
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

//! From a request's path to what it names, and to the file that holds the blocks of it.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_content::{BlockSource, Cid, FileCursor, Resolution, identity_block, resolve};

use super::{GatewayError, request::GatewayRequest};
use crate::{
    app::App,
    blobs::{BlobError, CarFile, collect, read_range, with_blocks},
};

/// What a path led to, and the file that holds the blocks; no file where an identity CID says it all.
pub(super) struct Located {
    pub car: Option<Arc<CarFile>>,
    pub resolution: Resolution,
}

/// Follows the path of `request`.
///
/// # Errors
/// The root is not here (or not for everybody), or the path leads nowhere.
pub(super) async fn locate(app: &App, request: &GatewayRequest<'_>) -> Result<Located, GatewayError> {
    locate_below(app, request, &[]).await
}

/// Follows the path of `request` and then the names `more`.
///
/// # Errors
/// As [`locate`].
pub(super) async fn locate_below(
    app: &App,
    request: &GatewayRequest<'_>,
    more: &[&str],
) -> Result<Located, GatewayError> {
    let root = request.root;
    let segments: Vec<String> =
        request.segments.iter().map(String::as_str).chain(more.iter().copied()).map(str::to_owned).collect();
    let car = app.library.find_public(&root).await?;
    let resolution = match &car {
        Some(car) => with_blocks(car, move |blocks| resolve(blocks, &root, &segments)).await?,
        None if identity_block(&root).is_some() => resolve(&mut Nothing, &root, &segments),
        None => return Err(GatewayError::absent(request)),
    };
    let resolution = resolution.map_err(|error| GatewayError::unresolved(request, error))?;
    Ok(Located { car, resolution })
}

impl Located {
    /// The first `len` bytes of the file that the path led to.
    ///
    /// # Errors
    /// A block cannot be read or is no part of a file.
    pub(super) async fn beginning(&self, len: u64) -> Result<Bytes, GatewayError> {
        let cid = self.resolution.cid;
        Ok(match &self.car {
            Some(car) => read_range(car, cid, 0..len).await?,
            None => collect(FileCursor::new(cid, 0..len), &mut Nothing)?,
        })
    }
}

/// The store of an identity CID, which needs none.
struct Nothing;

impl BlockSource for Nothing {
    type Error = BlobError;

    fn block(&mut self, _: &Cid) -> Result<Bytes, BlobError> {
        Err(BlobError::Missing)
    }
}

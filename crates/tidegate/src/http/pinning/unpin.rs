//! `DELETE /pinning/unpin/{cid}`: the caller does not want some content any more. The path and the answer are Pinata's; Decoo has
//! no such call.

use axum::extract::{Path, State};
use tidegate_content::parse_cid;

use super::PinningError;
use crate::{
    app::App,
    http::extract::{KeyHolder, UNPIN},
};

/// Removes all of the caller's pins of a CID, and requests for it.
pub(in crate::http) async fn unpin(
    KeyHolder(caller): KeyHolder<UNPIN>,
    State(app): State<App>,
    Path(cid): Path<String>,
) -> Result<&'static str, PinningError> {
    let cid = parse_cid(&cid).map_err(|error| PinningError::BadRequest(format!("The CID: {error}")))?;
    if app.pins.unpin(&caller, &cid).await? {
        Ok("OK")
    } else {
        Err(PinningError::NotFound(format!("You have not pinned {cid}")))
    }
}

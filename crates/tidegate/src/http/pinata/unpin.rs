//! `unpin`: the caller does not want some content any more.

use axum::extract::{Path, State};
use tidegate_content::parse_cid;

use super::{PinataCaller, PinataError};
use crate::{app::App, http::extract::UNPIN};

/// Removes all of the caller's pins of a CID, and requests for it.
pub(in crate::http) async fn unpin(
    PinataCaller(caller): PinataCaller<UNPIN>,
    State(app): State<App>,
    Path(cid): Path<String>,
) -> Result<&'static str, PinataError> {
    let cid = parse_cid(&cid).map_err(|error| PinataError::BadRequest(format!("The CID: {error}")))?;
    if app.pins.unpin(&caller, &cid).await? { Ok("OK") } else { Err(PinataError::NotPinned) }
}

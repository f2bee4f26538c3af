//! The content of a pin for its owner, whoever else may read it: whole or in part, and never as a page that runs.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::super::{Member, PanelError};
use crate::{
    app::App,
    http::{
        gateway::{GatewayError, Kept, attachment},
        query::Query,
    },
};

/// More names than any path of ours has.
const MAX_NAMES: usize = 512;

const FRAMES: HeaderName = HeaderName::from_static("x-frame-options");

/// Gives what was pinned, if it is a file.
pub(in super::super) async fn give(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PanelError> {
    answer(&app, &member, &id, Vec::new(), &uri, &headers).await
}

/// Gives a file in a folder that was pinned.
pub(in super::super) async fn give_inside(
    member: Member,
    State(app): State<App>,
    Path((id, path)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PanelError> {
    answer(&app, &member, &id, names(&path), &uri, &headers).await
}

/// The names of a path, none of them empty.
pub(super) fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty()).take(MAX_NAMES).map(str::to_owned).collect()
}

async fn answer(
    app: &App,
    member: &Member,
    id: &str,
    names: Vec<String>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, PanelError> {
    let (pin, cid) = super::find(app, member.account, id).await?;
    let called = pin.pin.name.as_deref();
    let saved_as = names.last().map(String::as_str).or(called).unwrap_or(&pin.pin.cid).to_owned();
    let answered = match Kept::find(app, &cid, names, called).await {
        Ok(Some(kept)) => kept.answer(app, headers).await,
        Ok(None) => Err(GatewayError::NotFound("the content is not on this server".to_owned())),
        Err(error) => Err(error),
    };
    let mut response = answered.into_response();
    let headers = response.headers_mut();
    // Pages of the panel show it in a frame.
    headers.insert(FRAMES, HeaderValue::from_static("SAMEORIGIN"));
    if Query::of(uri).get("download") == Some("true") {
        headers.insert(header::CONTENT_DISPOSITION, attachment(&saved_as));
    }
    Ok(response)
}

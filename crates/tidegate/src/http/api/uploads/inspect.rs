//! `HEAD` and `GET /api/v1/uploads/{id}`: where to go on, and how it stands.

use axum::{
    Json,
    extract::{Path, State},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{
    InTus, TusError,
    headers::{self, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET},
};
use crate::{
    app::App,
    http::extract::{ANY, Sender},
    uploads::{Pinned, Refusal, Stage, Status},
};

/// An upload as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ShownUpload {
    id: String,
    /// `receiving`, `waiting`, `received`, `importing`, `pinned` or `failed`.
    state: &'static str,
    /// Bytes that are here.
    offset: u64,
    /// Bytes of the whole; null while that is not known.
    length: Option<u64>,
    /// Bytes that the import has read.
    bytes_imported: u64,
    /// The CID it is pinned under.
    cid: Option<String>,
    pin: Option<Pinned>,
    /// Why it is not pinned, or not yet.
    error: Option<Refusal>,
    /// RFC 3339 with milliseconds, UTC.
    created_at: String,
    /// The same.
    expires_at: String,
}

/// Tells where to go on.
pub(super) async fn show_offset(
    _: InTus,
    Sender(caller): Sender<ANY>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(StatusCode, HeaderMap), TusError> {
    let (stored, offset) = app.uploads.offset(caller.account, &id).await?;
    let mut answer = HeaderMap::new();
    answer.insert(UPLOAD_OFFSET, offset.into());
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match stored.upload.length {
        Some(length) => answer.insert(UPLOAD_LENGTH, length.into()),
        None => answer.insert(UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if let Ok(metadata) = HeaderValue::from_str(&stored.upload.metadata)
        && !metadata.is_empty()
    {
        answer.insert(UPLOAD_METADATA, metadata);
    }
    headers::expires(stored.expires_at, &mut answer);
    Ok((StatusCode::OK, answer))
}

/// Tells how an upload stands, also one that has ended.
pub(super) async fn show_upload(
    Sender(caller): Sender<ANY>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<ShownUpload>, TusError> {
    Ok(Json(app.uploads.status(caller.account, &id).await?.into()))
}

impl From<Status> for ShownUpload {
    fn from(status: Status) -> Self {
        let state = match status.stage {
            Stage::Receiving => "receiving",
            Stage::Waiting => "waiting",
            Stage::Received => "received",
            Stage::Importing => "importing",
            Stage::Pinned => "pinned",
            Stage::Failed => "failed",
        };
        Self {
            id: status.stored.upload.id,
            state,
            offset: status.offset,
            length: status.stored.upload.length,
            bytes_imported: status.imported,
            cid: status.pinned.as_ref().map(|pinned| pinned.cid.clone()),
            pin: status.pinned,
            error: status.refusal,
            created_at: status.stored.created_at.to_string(),
            expires_at: status.stored.expires_at.to_string(),
        }
    }
}

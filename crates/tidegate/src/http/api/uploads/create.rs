//! `POST /api/v1/uploads`: an upload begins, perhaps with its first bytes.

use axum::extract::{Request, State};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    InTus, TusError,
    headers::{self, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH},
    patch::Bytes,
};
use crate::{
    app::App,
    http::extract::{PIN, Sender},
    uploads::{Part, Received, Wish},
};

/// Begins an upload. One that has no bytes, or brings all of them, is pinned before the answer if it was claimed.
pub(super) async fn create_upload(
    _: InTus,
    Sender(caller): Sender<PIN>,
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, HeaderMap), TusError> {
    let asked = request.headers();
    let length = headers::number(asked, &UPLOAD_LENGTH)?;
    let is_deferred = asked.get(UPLOAD_DEFER_LENGTH).is_some_and(|value| value == "1");
    if length.is_some() == is_deferred {
        return Err(TusError::header(&UPLOAD_LENGTH, "is missing; or Upload-Defer-Length: 1 in its place"));
    }
    let (metadata, pairs) = headers::metadata(asked)?;
    let checksum = headers::checksum(asked)?;
    let announced = headers::content_length(asked);
    let has_bytes = headers::has_bytes(asked);

    let stored = app.uploads.create(&caller, length, metadata, &Wish::from_metadata(pairs)).await?;
    let id = stored.upload.id;
    let received = if has_bytes || length == Some(0) {
        let part = Part { offset: 0, length: None, announced, checksum };
        let body = Bytes::of(request.into_body(), &app);
        app.uploads.receive(caller, &id, part, body).await?
    } else {
        Received { offset: 0, expires_at: stored.expires_at, pinned: None }
    };
    let mut answer = headers::of(&received);
    let base = app.config.server.public_url.as_deref().unwrap_or_default();
    if let Ok(location) = HeaderValue::try_from(format!("{base}/api/v1/uploads/{id}")) {
        answer.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, answer))
}

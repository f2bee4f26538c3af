//! `PATCH /api/v1/uploads/{id}`: more bytes.

use axum::{
    body::Body,
    extract::{Path, Request, State},
};
use http::{HeaderMap, StatusCode};

use super::{
    InTus, TusError,
    headers::{self, UPLOAD_LENGTH, UPLOAD_OFFSET},
};
use crate::{
    app::App,
    http::{
        extract::{PIN, Sender},
        paced::{Broken, Pace, PacedBody},
    },
    uploads::{Incoming, Interrupted, Part},
};

/// Takes bytes of an upload. With the last ones of an upload that was claimed, the answer comes when it is pinned.
pub(super) async fn receive_bytes(
    _: InTus,
    Sender(caller): Sender<PIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, HeaderMap), TusError> {
    let asked = request.headers();
    if !headers::has_bytes(asked) {
        return Err(TusError::MediaType);
    }
    let offset = headers::number(asked, &UPLOAD_OFFSET)?;
    let offset = offset.ok_or_else(|| TusError::header(&UPLOAD_OFFSET, "is missing"))?;
    let part = Part {
        offset,
        length: headers::number(asked, &UPLOAD_LENGTH)?,
        announced: headers::content_length(asked),
        checksum: headers::checksum(asked)?,
    };
    let body = Bytes::of(request.into_body(), &app);
    let received = app.uploads.receive(caller, &id, part, body).await?;
    Ok((StatusCode::NO_CONTENT, headers::of(&received)))
}

/// A request's body as the bytes of an upload.
pub(super) struct Bytes(PacedBody);

impl Bytes {
    pub(super) fn of(body: Body, app: &App) -> Self {
        Self(PacedBody::new(body, Pace::of_uploads(&app.config.limits)))
    }
}

impl Incoming for Bytes {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, Interrupted> {
        self.0.next().await.map_err(|broken| match broken {
            // No limit is set here: how much belongs to the upload is known there.
            Broken::Cut | Broken::TooLarge(_) => Interrupted::Cut,
            Broken::Slow(_) => Interrupted::Slow,
        })
    }
}

//! `POST /api/v1/uploads/{id}/pin`: which content an upload is, for clients that learn it while they send.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
};
use serde::Deserialize;

use super::TusError;
use crate::{
    app::App,
    http::{
        extract::{PIN, Sender},
        json_body,
    },
    uploads::{Pinned, Wish},
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 64 << 10;

/// What the client says.
#[derive(Deserialize)]
struct Asked {
    cid: String,
    secret: String,
    profile: Option<String>,
    name: Option<String>,
    visibility: Option<String>,
}

/// Pins a complete upload. The answer comes when it is.
pub(super) async fn pin_upload(
    Sender(caller): Sender<PIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Pinned>, TusError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let wish = Wish {
        cid: Some(asked.cid),
        secret: Some(asked.secret),
        profile: asked.profile,
        name: asked.name,
        visibility: asked.visibility,
        ..Wish::default()
    };
    Ok(Json(app.uploads.pin(caller, &id, wish).await?))
}

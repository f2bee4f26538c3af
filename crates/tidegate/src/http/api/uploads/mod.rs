//! Uploads that go on after a break: the tus protocol, version 1.0.0 (<https://tus.io/protocols/resumable-upload>), with its
//! extensions creation, creation-with-upload, creation-defer-length, termination, checksum and expiration.
//!
//! What is ours: `GET` tells how an upload stands, in JSON; `POST …/pin` says which content it is, if that was not said before.
//! The request that brings the last byte of an upload that was claimed is answered when the content is pinned.

mod create;
mod error;
mod headers;
mod inspect;
mod patch;
mod pin;

use axum::{
    Router,
    extract::{FromRequestParts, Path, Request, State},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, request::Parts};

use self::{
    error::TusError,
    headers::{ALGORITHMS, EXTENSIONS, TUS_RESUMABLE, VERSION},
};
use super::super::{
    extract::{PIN, Sender},
    layers,
};
use crate::app::App;

/// All of it.
pub(in crate::http) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/uploads", post(create::create_upload).options(show_options))
        .route(
            "/api/v1/uploads/{id}",
            get(inspect::show_upload)
                .head(inspect::show_offset)
                .patch(patch::receive_bytes)
                .delete(terminate_upload)
                .post(override_method)
                .options(show_options),
        )
        .route("/api/v1/uploads/{id}/pin", post(pin::pin_upload).options(show_options))
        .method_not_allowed_fallback(super::method_not_allowed)
        .layer(from_fn(in_tus))
        .layer(from_fn(layers::cors::uploads))
}

/// The client speaks a version of the protocol that we do.
struct InTus;

impl FromRequestParts<App> for InTus {
    type Rejection = TusError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, TusError> {
        match parts.headers.get(TUS_RESUMABLE) {
            Some(version) if *version == VERSION => Ok(Self),
            _ => Err(TusError::Version),
        }
    }
}

/// Every answer says which protocol this is.
async fn in_tus(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(TUS_RESUMABLE, VERSION);
    response
}

/// What the protocol can do here.
async fn show_options(State(app): State<App>) -> impl IntoResponse {
    let headers = [
        ("Tus-Version", VERSION),
        ("Tus-Extension", EXTENSIONS),
        ("Tus-Max-Size", HeaderValue::from(app.uploads.limit())),
        ("Tus-Checksum-Algorithm", ALGORITHMS),
    ];
    (StatusCode::NO_CONTENT, headers)
}

/// Forgets an upload and its bytes; what it became stays pinned.
async fn terminate_upload(
    _: InTus,
    Sender(caller): Sender<PIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, TusError> {
    app.uploads.terminate(caller.account, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For clients behind something that lets only GET and POST pass.
async fn override_method(State(app): State<App>, headers: HeaderMap, request: Request) -> Response {
    use axum::handler::Handler as _;
    let method = headers.get("x-http-method-override").map_or(&b""[..], HeaderValue::as_bytes);
    match method {
        b"PATCH" => patch::receive_bytes.call(request, app).await,
        b"DELETE" => terminate_upload.call(request, app).await,
        b"HEAD" => inspect::show_offset.call(request, app).await,
        _ => super::method_not_allowed().await.into_response(),
    }
}

//! Paths that Decoo and Pinata both have: the headers tell who is meant.

use axum::{
    extract::{Request, State},
    handler::Handler,
    response::Response,
};

use super::{pinata, pinning};
use crate::app::App;

/// `POST /pinning/pinByHash`.
pub(super) async fn pin_by_hash(State(app): State<App>, request: Request) -> Response {
    // Decoo wants an access token here, so a request with an API key alone is none of Decoo's.
    if pinata::speaks_pinata(request.headers(), true) {
        pinata::pin_by_hash.call(request, app).await
    } else {
        pinning::pin_by_hash.call(request, app).await
    }
}

/// `GET /pinning/pinJobs`.
pub(super) async fn list_jobs(State(app): State<App>, request: Request) -> Response {
    if pinata::speaks_pinata(request.headers(), false) {
        pinata::list_jobs.call(request, app).await
    } else {
        pinning::list_jobs.call(request, app).await
    }
}

/// `DELETE /pinning/unpin/{cid}`, which Decoo does not have: the answer is the same for both.
pub(super) async fn unpin(State(app): State<App>, request: Request) -> Response {
    if pinata::speaks_pinata(request.headers(), false) {
        pinata::unpin.call(request, app).await
    } else {
        pinning::unpin.call(request, app).await
    }
}

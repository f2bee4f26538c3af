//! The Pinning Service API (specification 1.0.0) under `/psa`, for `ipfs pin remote` and others.
//!
//! Where the specification leaves a choice, `docs/compatibility.md` says which was made.

mod error;
mod filter;
mod pin;
mod status;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::HeaderMap,
};
use http::{StatusCode, Uri};
use serde::Serialize;

pub(super) use error::{PsaError, method_not_allowed};

use super::{
    extract::{ANY, PIN, PIN_AND_UNPIN, Pinner, READ, UNPIN},
    query::Query,
};
use crate::{
    app::App,
    db::jobs::{JobId, find_job, search::search_jobs},
};
use status::{PinStatus, delegates};

/// The longest request body: a pin with all its metadata.
pub(super) const BODY_BYTES: usize = 256 << 10;

/// A page of pins.
#[derive(Serialize)]
pub(super) struct PinResults {
    /// How many fit, on this page and on those to come.
    count: u64,
    results: Vec<PinStatus>,
}

/// Lists the caller's requests that fit the filters, newest first.
pub(super) async fn list_pins(
    Pinner(caller): Pinner<READ>,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<PinResults>, PsaError> {
    let search = filter::parse(caller.account, &Query::of(&uri)).map_err(PsaError::BadRequest)?;
    let (count, jobs) = app.db.read(move |s| Box::pin(async move { search_jobs(s, &search).await })).await?;
    let delegates = delegates(&app, &uri, &headers);
    let results = jobs.into_iter().map(|job| PinStatus::of(job, &delegates)).collect();
    Ok(Json(PinResults { count, results }))
}

/// Asks for some content to be pinned.
pub(super) async fn add_pin(
    Pinner(caller): Pinner<PIN>,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<PinStatus>), PsaError> {
    let request = pin::parse(&body?).map_err(PsaError::BadRequest)?;
    let job = app.pins.request(&caller, request).await?;
    Ok((StatusCode::ACCEPTED, Json(PinStatus::of(job, &delegates(&app, &uri, &headers)))))
}

/// Tells what became of a request.
pub(super) async fn get_pin(
    Pinner(caller): Pinner<READ>,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<PinStatus>, PsaError> {
    let (account, id) = (caller.account, job_id(id)?);
    let job = app.db.read(move |s| Box::pin(async move { find_job(s, account, &id).await })).await?;
    let job = job.ok_or(PsaError::NotFound)?;
    Ok(Json(PinStatus::of(job, &delegates(&app, &uri, &headers))))
}

/// Puts another request in the place of one.
pub(super) async fn replace_pin(
    Pinner(caller): Pinner<PIN_AND_UNPIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<PinStatus>), PsaError> {
    let (request, id) = (pin::parse(&body?).map_err(PsaError::BadRequest)?, job_id(id)?);
    let job = app.pins.replace(&caller, id, request).await?.ok_or(PsaError::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(PinStatus::of(job, &delegates(&app, &uri, &headers)))))
}

/// Takes a request back, and its pin with it.
pub(super) async fn delete_pin(
    Pinner(caller): Pinner<UNPIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, PsaError> {
    match app.pins.cancel(&caller, job_id(id)?).await? {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(PsaError::NotFound),
    }
}

/// Whoever has a key learns that there is nothing here.
pub(super) async fn not_found(_: Pinner<ANY>) -> PsaError {
    PsaError::NotFound
}

/// No id of ours has a character that no database takes.
fn job_id(id: String) -> Result<JobId, PsaError> {
    if id.contains('\0') { Err(PsaError::NotFound) } else { Ok(JobId(id)) }
}

//! `GET /pinning/pinJobs` and `GET /pinning/pinList`: pages of what the caller has asked for and what they have.

use axum::{Json, extract::State};
use http::Uri;
use serde::Serialize;
use tidegate_content::parse_cid;

use super::PinningError;
use crate::{
    app::App,
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId,
        jobs::{
            Job, JobStatus,
            list::{JobQuery, count_jobs, list_jobs as page_of_jobs},
        },
        pins::{Pin, PinQuery, count_pins, list_pins as page_of_pins},
    },
    http::{
        extract::{KeyHolder, READ},
        moment::Moment,
        query::Query,
    },
};

/// Entries of a page where the caller does not say.
const LIMIT: u64 = 5;
/// Entries of the longest page.
const MAX_LIMIT: u64 = 1000;

/// A page of jobs.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct JobPage {
    /// How many there are on all pages.
    count: u64,
    jobs: Vec<JobEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobEntry {
    id: String,
    status: &'static str,
    /// Empty until it is known.
    pin_hash: String,
}

/// A page of pins.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct PinPage {
    /// How many there are on all pages.
    count: u64,
    pins: Vec<PinEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PinEntry {
    id: i64,
    pin_hash: String,
    pin_size: u64,
    pin_date: String,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Lists the caller's jobs.
pub(in crate::http) async fn list_jobs(
    KeyHolder(caller): KeyHolder<READ>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<JobPage>, PinningError> {
    let query = job_query(caller.account, &Query::of(&uri)).map_err(PinningError::BadRequest)?;
    let read = app.db.read(move |s| {
        Box::pin(async move { Ok((count_jobs(s, &query).await?, page_of_jobs(s, &query).await?)) })
    });
    let (count, jobs) = read.await?;
    Ok(Json(JobPage { count, jobs: jobs.into_iter().map(JobEntry::from).collect() }))
}

/// Lists the caller's pins.
pub(in crate::http) async fn list_pins(
    KeyHolder(caller): KeyHolder<READ>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<PinPage>, PinningError> {
    let query = pin_query(caller.account, &Query::of(&uri)).map_err(PinningError::BadRequest)?;
    let read = app.db.read(move |s| {
        Box::pin(async move { Ok((count_pins(s, &query).await?, page_of_pins(s, &query).await?)) })
    });
    let (count, pins) = read.await?;
    Ok(Json(PinPage { count, pins: pins.into_iter().map(PinEntry::from).collect() }))
}

impl From<Job> for JobEntry {
    fn from(job: Job) -> Self {
        Self { id: job.job.id.0, status: job.status.as_str(), pin_hash: job.job.cid.unwrap_or_default() }
    }
}

impl From<Pin> for PinEntry {
    fn from(pin: Pin) -> Self {
        Self {
            id: pin.id.0,
            pin_hash: pin.pin.cid,
            pin_size: pin.pin.size,
            pin_date: pin.pinned_at.to_string(),
            metadata: Metadata { name: pin.pin.name },
        }
    }
}

fn job_query(account: AccountId, query: &Query) -> Result<JobQuery, String> {
    let root = match query.get("pin-hash") {
        // Whatever version it was pinned under (reference A11).
        Some(text) => {
            let cid = parse_cid(text).map_err(|error| format!("The parameter pin-hash: {error}"))?;
            Some(Root::of(&cid).to_string())
        }
        None => None,
    };
    let status = match query.get("status") {
        Some(text) => Some(
            JobStatus::by_name(&text.to_ascii_lowercase())
                .ok_or_else(|| "The parameter status is queued, pinning, pinned or failed".to_owned())?,
        ),
        None => None,
    };
    let (newest_first, offset, limit) = page(query)?;
    let span = Timestamp::MIN..Timestamp::MAX;
    Ok(JobQuery { account, status, root, span, newest_first, offset, limit })
}

fn pin_query(account: AccountId, query: &Query) -> Result<PinQuery, String> {
    let from = moment(query, "start-date")?.map_or(Timestamp::MIN, Moment::not_before);
    // Every time is before the last one, which says that there is no end.
    let until = moment(query, "end-date")?.map_or(Timestamp::MAX, Moment::not_after);
    let (newest_first, offset, limit) = page(query)?;
    Ok(PinQuery { account, from, until, newest_first, offset, limit })
}

fn moment(query: &Query, name: &str) -> Result<Option<Moment>, String> {
    let wrong = || format!("The parameter {name} is a date like 2021-08-25T04:53:45.040Z");
    query.get(name).map(|text| Moment::parse(text).ok_or_else(wrong)).transpose()
}

/// Newest first or not, and which part of the list.
fn page(query: &Query) -> Result<(bool, u64, u32), String> {
    let newest_first = match query.get("sort").map(str::to_ascii_uppercase).as_deref() {
        None | Some("DESC") => true,
        Some("ASC") => false,
        Some(_) => return Err("The parameter sort is ASC or DESC".to_owned()),
    };
    let offset = query.number("offset", 0, 0, u64::MAX)?;
    let limit = query.number("limit", LIMIT, 1, MAX_LIMIT)?;
    Ok((newest_first, offset, u32::try_from(limit).unwrap_or(u32::MAX)))
}

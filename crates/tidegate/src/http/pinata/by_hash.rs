//! `pinByHash` and `pinJobs`: content that is brought in by its CID, and how far that is.

use axum::{Json, body::Body, extract::State};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_content::parse_cid;

use super::{
    PinataCaller, PinataError,
    options::{Metadata, Options},
};
use crate::{
    app::App,
    blobs::Root,
    clock::Timestamp,
    db::{
        jobs::{
            Job, JobStatus,
            list::{JobQuery, list_jobs as page_of_jobs},
        },
        pins::{PinSource, Visibility},
    },
    http::{
        extract::{PIN, READ},
        json_body,
        query::Query,
    },
    pins::Request,
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 1 << 20;
/// Jobs of a page where the caller does not say, and of the longest.
const LIMITS: (u64, u64) = (5, 1000);

/// What the client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    hash_to_pin: String,
    #[serde(default)]
    pinata_metadata: Value,
    #[serde(default)]
    pinata_options: Value,
}

/// Records a request for content that is elsewhere.
pub(in crate::http) async fn pin_by_hash(
    PinataCaller(caller): PinataCaller<PIN>,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Value>, PinataError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let cid = parse_cid(&asked.hash_to_pin)
        .map_err(|error| PinataError::BadRequest(format!("hashToPin: {error}")))?;
    let metadata = Metadata::from_json(asked.pinata_metadata)?;
    let options = Options::from_json(asked.pinata_options)?;
    let request = Request {
        source: PinSource::Pinata,
        cid,
        cid_text: asked.hash_to_pin.clone(),
        name: metadata.name.clone(),
        meta: metadata.keyvalues,
        origins: options.host_nodes,
        visibility: Visibility::Public,
    };
    let job = app.pins.request(&caller, request).await?;
    Ok(Json(json!({
        "id": job.job.id.0,
        "ipfsHash": asked.hash_to_pin,
        "status": "prechecking",
        "name": metadata.name,
    })))
}

/// Lists what is being brought in, or could not be. What is pinned is not a job any more.
pub(in crate::http) async fn list_jobs(
    PinataCaller(caller): PinataCaller<READ>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Value>, PinataError> {
    let asked = Query::of(&uri);
    let statuses = match asked.get("status") {
        None => vec![JobStatus::Queued, JobStatus::Pinning, JobStatus::Failed],
        Some("prechecking") => vec![JobStatus::Queued],
        Some("searching" | "retrieving") => vec![JobStatus::Pinning],
        Some("expired") => vec![JobStatus::Failed],
        // The rest of Pinata's words tell of what does not happen here.
        Some(_) => Vec::new(),
    };
    let root = match asked.get("ipfs_pin_hash") {
        Some(text) => {
            let cid = parse_cid(text)
                .map_err(|error| PinataError::BadRequest(format!("ipfs_pin_hash: {error}")))?;
            Some(Root::of(&cid).to_string())
        }
        None => None,
    };
    let newest_first = match asked.get("sort").map(str::to_ascii_uppercase).as_deref() {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(_) => return Err(PinataError::BadRequest("sort is ASC or DESC".to_owned())),
    };
    let number = |name, default, least, most| {
        asked.number(name, default, least, most).map_err(PinataError::BadRequest)
    };
    let (offset, limit) = (number("offset", 0, 0, 10_000)?, number("limit", LIMITS.0, 1, LIMITS.1)?);

    // Each status has an order of its own, so as many of each are read as may be on the page.
    let wanted = u32::try_from(offset + limit).unwrap_or(u32::MAX);
    let account = caller.account;
    let mut jobs = app
        .db
        .read(move |s| {
            Box::pin(async move {
                let mut jobs: Vec<Job> = Vec::new();
                for status in statuses {
                    let span = Timestamp::MIN..Timestamp::MAX;
                    let (status, root) = (Some(status), root.clone());
                    let query =
                        JobQuery { account, status, root, span, newest_first, offset: 0, limit: wanted };
                    jobs.extend(page_of_jobs(s, &query).await?);
                }
                Ok(jobs)
            })
        })
        .await?;
    jobs.sort_by_key(|job| job.created_at);
    if newest_first {
        jobs.reverse();
    }
    let page = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let rows: Vec<_> = jobs.iter().skip(page(offset)).take(page(limit)).map(row).collect();
    Ok(Json(json!({"count": rows.len(), "rows": rows})))
}

fn row(job: &Job) -> Value {
    let status = match job.status {
        JobStatus::Queued => "prechecking",
        JobStatus::Pinning | JobStatus::Pinned => "retrieving",
        JobStatus::Failed => "expired",
    };
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    json!({
        "id": job.job.id.0,
        "ipfs_pin_hash": job.job.cid,
        "date_queued": job.created_at.to_string(),
        "status": status,
        "name": job.job.name,
        "keyvalues": parsed(&job.job.meta),
        "host_nodes": parsed(&job.job.origins),
        "pin_policy": null,
    })
}

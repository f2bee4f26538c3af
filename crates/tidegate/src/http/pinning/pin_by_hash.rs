//! `POST /pinning/pinByHash`: a CID whose content is brought in from elsewhere.

use std::collections::BTreeMap;

use axum::{Json, body::Body, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_content::parse_cid;

use super::{PinningError, metadata};
use crate::{
    app::App,
    db::{
        jobs::JobStatus,
        pins::{PinSource, Visibility},
    },
    http::{
        extract::{PIN, Uploader},
        json_body,
    },
    pins::Request,
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 64 << 10;

/// What the client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    hash_to_pin: String,
    secret: String,
    #[serde(default)]
    decoo_metadata: Value,
}

/// The job that was made of it. It is `queued`, also where the content is here already (reference A7).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct Queued {
    hash_to_pin: String,
    job_id: String,
    job_status: &'static str,
}

/// Records the request, which a worker sees to.
pub(in crate::http) async fn pin_by_hash(
    Uploader(caller): Uploader<PIN>,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Queued>, PinningError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let cid = parse_cid(&asked.hash_to_pin)
        .map_err(|error| PinningError::BadRequest(format!("hashToPin: {error}")))?;
    let name = metadata::name_of(asked.decoo_metadata)
        .map_err(|error| PinningError::BadRequest(error.to_string()))?;
    if !app.accounts.verify_cid_signature(caller.account, &asked.hash_to_pin, &asked.secret).await? {
        return Err(PinningError::Mismatch);
    }
    let job = app
        .pins
        .request(
            &caller,
            Request {
                source: PinSource::PinByHash,
                cid,
                cid_text: asked.hash_to_pin.clone(),
                name,
                meta: BTreeMap::new(),
                origins: Vec::new(),
                visibility: Visibility::Public,
            },
        )
        .await?;
    Ok(Json(Queued {
        hash_to_pin: asked.hash_to_pin,
        job_id: job.job.id.0,
        job_status: JobStatus::Queued.as_str(),
    }))
}

//! `POST /pinning/pinFromS3`: a file of an object store, at a URL that is told when the work begins.

use axum::{Json, body::Body, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PinningError, metadata};
use crate::{
    app::App,
    db::jobs::JobStatus,
    http::{
        extract::{KeyHolder, PIN},
        json_body,
    },
    pins::Fetch,
    webhooks::{WebhookError, checked_url},
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 64 << 10;

/// What the client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(rename = "presignedURLRequestEndpoint")]
    request_endpoint: String,
    #[serde(default)]
    pin_result_callback_endpoint: Option<String>,
    #[serde(default)]
    decoo_metadata: Value,
}

/// The job that was made of it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::http) struct Queued {
    job_id: String,
    job_status: &'static str,
}

/// Records the request, which a worker sees to.
pub(in crate::http) async fn pin_from_s3(
    KeyHolder(caller): KeyHolder<PIN>,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Queued>, PinningError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let name = metadata::name_of(asked.decoo_metadata)
        .map_err(|error| PinningError::BadRequest(error.to_string()))?;
    let request_endpoint = address("presignedURLRequestEndpoint", &asked.request_endpoint)?;
    let callback = asked.pin_result_callback_endpoint.filter(|text| !text.is_empty());
    let callback = callback.map(|text| address("pinResultCallbackEndpoint", &text)).transpose()?;
    if callback.is_some() {
        // What its result is signed with has to be there when there is one.
        app.webhooks.callbacks(caller.account).await?;
    }
    let job = app.pins.request_fetch(&caller, &Fetch { request_endpoint, callback }, name).await?;
    Ok(Json(Queued { job_id: job.job.id.0, job_status: JobStatus::Queued.as_str() }))
}

fn address(field: &str, text: &str) -> Result<String, PinningError> {
    let wrong = |_| PinningError::BadRequest(format!("{field} is an http or https address"));
    checked_url(text).map_err(wrong)
}

impl From<WebhookError> for PinningError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Db(error) => error.into(),
            error => Self::failed(&error),
        }
    }
}

//! What is sent: JSON, written once and kept as it was signed.

use serde::Serialize;
use serde_json::json;

use crate::{
    clock::Timestamp,
    db::jobs::{Job, JobStatus},
};

/// The name under which a test message is in the log.
pub(super) const PING: &str = "ping";
/// The name under which a callback is in the log.
pub(super) const CALLBACK: &str = "callback";

/// What a webhook may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A request's content is here, all of it.
    Pinned,
    /// A request failed, and is not tried again.
    Failed,
    /// A request was removed, done or not, by its account.
    Removed,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pinned, Self::Failed, Self::Removed];

    /// Its name, which is the type of its messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pin.pinned",
            Self::Failed => "pin.failed",
            Self::Removed => "pin.removed",
        }
    }

    /// The event of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    /// All names, for a sentence.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// A message to a webhook.
#[derive(Serialize)]
struct Message<D> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: D,
}

/// What became of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    job_id: &'a str,
    status: &'static str,
    cid: Option<&'a str>,
    name: Option<&'a str>,
    /// Bytes of content, once it is here.
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    source: &'static str,
}

/// The message of `event`, which happened to `job` at `now`.
pub(super) fn event(event: Event, job: &Job, size: Option<u64>, now: Timestamp) -> String {
    let data = Data {
        job_id: &job.job.id.0,
        status: job.status.as_str(),
        cid: job.job.cid.as_deref(),
        name: job.job.name.as_deref(),
        size,
        reason: job.reason.as_deref(),
        source: job.job.source.as_str(),
    };
    let message = Message { kind: event.as_str(), timestamp: now.to_string(), data };
    // Text and numbers always can be written.
    serde_json::to_string(&message).unwrap_or_default()
}

/// A message that tells of nothing.
pub(super) fn ping(webhook: &str, now: Timestamp) -> String {
    json!({"type": PING, "timestamp": now.to_string(), "data": {"webhookId": webhook}}).to_string()
}

/// What a callback says of a job that has ended, in the words of Decoo's documents.
pub(super) fn callback(job: &Job) -> String {
    let success = job.status == JobStatus::Pinned;
    let message = if success { "pinned" } else { job.reason.as_deref().unwrap_or("failed") };
    json!({
        "jobId": job.job.id.0,
        "success": success,
        "pinHash": job.job.cid.as_deref().unwrap_or_default(),
        "message": message,
    })
    .to_string()
}

//! Jobs on their way between an Endpoint and its Cloud: as they are written down, and what of that is believed.

use serde::{Deserialize, Serialize};
use tidegate_content::parse_cid;

use crate::{
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId, EndpointId,
        jobs::{Job, JobId, JobStatus, NewJob, Progress},
        pins::{Pin, PinSource, Visibility},
    },
};

/// The longest id or CID that is read, in bytes: longer than any of ours.
const TEXT_BYTES: usize = 8 << 10;
/// The longest name that is kept, in characters.
const NAME_CHARS: usize = 32 << 10;

/// A job as it was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    source: String,
    root: Option<String>,
    cid: Option<String>,
    name: Option<String>,
    meta: String,
    origins: String,
    visibility: String,
    task: String,
}

/// A job as it is at its Endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobState {
    /// Whose it is.
    pub account: i64,
    /// Its id.
    pub id: String,
    request: Request,
    status: String,
    reason: Option<String>,
    bytes_done: u64,
    bytes_total: Option<u64>,
    blocks_done: u64,
    tries: u64,
    /// Whether a job that failed is tried again.
    again: bool,
    created_at: i64,
    pin: Option<PinState>,
}

/// The pin that a job ended in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PinState {
    size: u64,
    pinned_at: i64,
    visibility: String,
}

/// A job as the Cloud reads it from a [`JobState`]: its `endpoint` is who told of it, its `pin` is still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueJob {
    /// The job.
    pub job: Job,
    /// What is pinned: bytes of content, since when, and for whom to see.
    pub pinned: Option<(u64, Timestamp, Visibility)>,
    /// Nothing more will become of it.
    pub ended: bool,
}

impl Request {
    /// The request of `job`.
    pub fn of(job: &NewJob) -> Self {
        Self {
            source: job.source.as_str().to_owned(),
            root: job.root.clone(),
            cid: job.cid.clone(),
            name: job.name.clone(),
            meta: job.meta.clone(),
            origins: job.origins.clone(),
            visibility: job.visibility.as_str().to_owned(),
            task: job.task.clone(),
        }
    }

    /// The job with this id that the account asks for, if all of it makes sense.
    pub fn into_job(self, account: AccountId, id: String) -> Option<NewJob> {
        let texts = [Some(&id), self.root.as_ref(), self.cid.as_ref()];
        let is_good = |text: &String| text.len() <= TEXT_BYTES && !text.contains('\0');
        let has_a_root = self.root.as_deref().is_none_or(is_root);
        if id.is_empty() || !has_a_root || !texts.into_iter().flatten().all(is_good) {
            return None;
        }
        Some(NewJob {
            id: JobId(id),
            account,
            source: PinSource::by_name(&self.source)?,
            root: self.root,
            cid: self.cid,
            // No name is a reason not to hear of a pin; this is what every database takes.
            name: self.name.map(|name| name.chars().filter(|c| *c != '\0').take(NAME_CHARS).collect()),
            meta: self.meta,
            origins: self.origins,
            visibility: Visibility::by_name(&self.visibility)?,
            task: self.task,
        })
    }
}

/// Whether `text` is a root as it is stored.
fn is_root(text: &str) -> bool {
    parse_cid(text).is_ok_and(|cid| Root::of(&cid).to_string() == text)
}

impl JobState {
    /// How `job` is, with the pin it ended in.
    pub fn of(job: &Job, pin: Option<&Pin>) -> Self {
        Self {
            account: job.job.account.0,
            id: job.job.id.0.clone(),
            request: Request::of(&job.job),
            status: job.status.as_str().to_owned(),
            reason: job.reason.clone(),
            bytes_done: job.progress.bytes_done,
            bytes_total: job.progress.bytes_total,
            blocks_done: job.progress.blocks_done,
            tries: job.tries,
            again: job.due_at.is_some(),
            created_at: job.created_at.as_millis(),
            pin: pin.map(|pin| PinState {
                size: pin.pin.size,
                pinned_at: pin.pinned_at.as_millis(),
                visibility: pin.pin.visibility.as_str().to_owned(),
            }),
        }
    }

    /// What `endpoint` tells, if all of it makes sense. Nothing has happened after `now`, whatever its clock says.
    pub fn read(self, endpoint: EndpointId, now: Timestamp) -> Option<TrueJob> {
        let past = |millis: i64| Timestamp::from_millis(millis.max(0)).min(now);
        let status = JobStatus::by_name(&self.status)?;
        let pinned = match self.pin {
            Some(pin) => Some((pin.size, past(pin.pinned_at), Visibility::by_name(&pin.visibility)?)),
            None => None,
        };
        let job = self.request.into_job(AccountId(self.account), self.id)?;
        if (status == JobStatus::Pinned) != pinned.is_some() || pinned.is_some() && job.root.is_none() {
            return None;
        }
        Some(TrueJob {
            job: Job {
                job,
                created_at: past(self.created_at),
                status,
                pin: None,
                reason: self.reason,
                progress: Progress {
                    bytes_done: self.bytes_done,
                    bytes_total: self.bytes_total,
                    blocks_done: self.blocks_done,
                },
                tries: self.tries,
                due_at: None,
                updated_at: now,
                endpoint: Some(endpoint),
            },
            pinned,
            ended: status == JobStatus::Pinned || status == JobStatus::Failed && !self.again,
        })
    }

    /// How long it is at most when written down, in bytes.
    pub fn length(&self) -> usize {
        let request = &self.request;
        let texts = [&request.meta, &request.origins, &request.task].into_iter().chain(&request.name);
        // JSON has six bytes for a control character; what else there is, is short.
        4096 + texts.map(|text| 6 * text.len()).sum::<usize>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ROOT: &str = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    const NOW: Timestamp = Timestamp::MIN;

    fn told() -> Value {
        json!({
            "account": 7, "id": "j", "status": "pinned", "reason": null, "bytesDone": 1, "bytesTotal": null, "blocksDone": 1,
            "tries": 0, "again": false, "createdAt": 5, "pin": {"size": 3, "pinnedAt": 4, "visibility": "public"},
            "request": {"source": "pin_file", "root": ROOT, "cid": ROOT, "name": "a", "meta": "{}", "origins": "[]",
                        "visibility": "public", "task": "{}"},
        })
    }

    fn read(told: Value, now: Timestamp) -> Option<TrueJob> {
        serde_json::from_value::<JobState>(told).unwrap().read(EndpointId(1), now)
    }

    #[test]
    fn what_is_told_is_what_was() {
        let job = read(told(), Timestamp::from_millis(9)).unwrap();
        assert_eq!(job.pinned, Some((3, Timestamp::from_millis(4), Visibility::Public)));
        assert_eq!(job.job.created_at, Timestamp::from_millis(5));
        let again = serde_json::to_value(JobState::of(&job.job, None)).unwrap();
        assert_eq!((&again["request"], &again["id"]), (&told()["request"], &told()["id"]));
    }

    #[test]
    fn no_name_keeps_a_pin_from_being_told() {
        let mut told = told();
        told["request"]["name"] = json!(format!("a\0b{}", "x".repeat(1 << 20)));
        let name = read(told, NOW).unwrap().job.job.name.unwrap();
        assert!(name.starts_with("abx") && name.len() == NAME_CHARS);
    }

    #[test]
    fn nothing_happens_in_the_future() {
        let job = read(told(), NOW).unwrap();
        assert_eq!((job.job.created_at, job.pinned.unwrap().1), (NOW, NOW));
    }

    #[test]
    fn what_makes_no_sense_is_not_taken() {
        for (pointer, value) in [
            ("/id", json!("")),
            ("/id", json!("a\0b")),
            ("/status", json!("lost")),
            ("/status", json!("queued")),
            ("/pin", json!(null)),
            ("/pin/visibility", json!("some")),
            ("/request/source", json!("door")),
            ("/request/root", json!("hello")),
            ("/request/root", json!(null)),
            ("/request/root", json!("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")),
        ] {
            let mut told = told();
            *told.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read(told, NOW), None, "{pointer}");
        }
    }
}

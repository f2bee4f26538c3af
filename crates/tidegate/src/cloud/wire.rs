//! What an Endpoint and its Cloud say to each other: JSON, names in camelCase, times in milliseconds since the epoch.
//!
//! The Endpoint speaks, the Cloud answers. A [`Report`] is a numbered message: one that comes after a later one is not taken in, so
//! that what is told is never older than what is known, whatever the network delays or repeats.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    db::{
        AccountId, EndpointId,
        jobs::{Job, JobId, JobStatus, NewJob, Progress},
        pins::{Pin, PinSource, Visibility},
        scopes::Scopes,
    },
};

/// The longest message that a Cloud takes, in bytes. An Endpoint's are not near it.
pub const MESSAGE_BYTES: usize = 16 << 20;

/// An Endpoint wants to join.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// The one-time token of its invitation.
    pub token: String,
    /// By which the Endpoint is known from then on. It chose it itself, so that asking again after an answer was lost is no harm.
    pub secret: String,
    /// What it says of itself.
    pub endpoint: Portrait,
}

/// What an Endpoint says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Portrait {
    /// The address under which clients reach it, without a slash at the end.
    pub url: String,
    /// The version of its program.
    pub version: String,
    /// Bytes of content that it has room for.
    pub free_bytes: u64,
}

/// The Endpoint has joined.
#[derive(Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Its id, also in `/endpoint/list`.
    pub id: i64,
    /// Its name, which the invitation gave it.
    pub name: String,
}

/// Is this access token good?
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The token.
    pub token: String,
}

/// What the Cloud says of an access token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It is good.
    Good(Vouched),
    /// It is not; why does not concern the Endpoint.
    Bad,
    /// It is good, but its key may be used so many times only, which the Endpoints of a Cloud cannot count together.
    Counted,
}

/// Whom a token stands for, and what they may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vouched {
    /// The account.
    pub account: i64,
    /// The id of the API key behind the token.
    pub key: String,
    /// What may be shown of the key.
    pub key_prefix: String,
    /// What the key may be used for: words with blanks between them.
    pub scopes: String,
    /// How the names of what is pinned with it begin.
    pub name_prefix: Option<String>,
    /// From this moment on the token is refused.
    pub expires_at: i64,
    /// The account's verification keys that count now, the newest first: SubjectPublicKeyInfo DER as base64.
    pub public_keys: Vec<String>,
    /// Bytes that the account may still pin.
    pub quota_left: u64,
}

/// A message of an Endpoint: that it is there, and what happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its number, greater than that of all before it.
    pub batch: u64,
    /// What the Endpoint says of itself.
    pub endpoint: Portrait,
    /// In order.
    pub news: Vec<Told>,
}

/// Something that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// A job is like this now.
    Job(Box<JobState>),
    /// A job is no more.
    Gone {
        /// Whose it was.
        account: i64,
        /// Its id.
        job: String,
    },
    /// An errand is done.
    Done {
        /// Its id.
        errand: i64,
    },
}

/// The answer to a [`Report`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Was it taken in? If not, its number was not greater than `batch`.
    pub taken: bool,
    /// The number of the last message that was.
    pub batch: u64,
    /// What the Endpoint is to do, in order. Repeated until it has said that it is done.
    pub errands: Vec<Errand>,
}

/// Something an Endpoint is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Errand {
    /// Its id.
    pub id: i64,
    /// Whose job it is about.
    pub account: i64,
    /// The job's id.
    pub job: String,
    /// What is to be done.
    pub task: Task,
}

/// See [`Errand`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Work on this request.
    Pin {
        /// The request.
        request: Request,
        /// Bytes that the account may still pin.
        quota_left: u64,
    },
    /// Forget the job, and its pin.
    Remove,
}

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
}

/// The longest name, id or CID that is read, in bytes: longer than any of ours.
const TEXT_BYTES: usize = 8 << 10;

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
        let texts = [Some(&id), self.root.as_ref(), self.cid.as_ref(), self.name.as_ref()];
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
            name: self.name,
            meta: self.meta,
            origins: self.origins,
            visibility: Visibility::by_name(&self.visibility)?,
            task: self.task,
        })
    }
}

/// Whether `text` is a root as it is stored.
fn is_root(text: &str) -> bool {
    tidegate_content::parse_cid(text).is_ok_and(|cid| crate::blobs::Root::of(&cid).to_string() == text)
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
        })
    }

    /// About how long it is when written down, in bytes.
    pub fn length(&self) -> usize {
        let texts = [&self.request.meta, &self.request.origins, &self.request.task];
        1024 + texts.into_iter().map(|text| 2 * text.len()).sum::<usize>()
    }
}

impl Vouched {
    /// What the key may be used for.
    pub fn scopes(&self) -> Option<Scopes> {
        Scopes::parse(&self.scopes)
    }
}

/// What is wrong with an address that an Endpoint gives as its own.
pub fn check_url(text: &str) -> Result<String, Cow<'static, str>> {
    match url::Url::parse(text) {
        Ok(url)
            if text.len() <= 2048
                && matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("The address of an Endpoint is one of http or https, without a query".into()),
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
            "tries": 0, "createdAt": 5, "pin": {"size": 3, "pinnedAt": 4, "visibility": "public"},
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
            ("/request/name", json!("x".repeat(TEXT_BYTES + 1))),
        ] {
            let mut told = told();
            *told.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read(told, NOW), None, "{pointer}");
        }
    }

    #[test]
    fn an_endpoints_address_leads_to_a_server() {
        assert_eq!(check_url("https://hk.example.org/").as_deref(), Ok("https://hk.example.org"));
        for bad in [
            "",
            "hk.example.org",
            "ftp://a",
            "http://u:p@a",
            "http://a/?q=1",
            &format!("http://{}", "a".repeat(2048)),
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}

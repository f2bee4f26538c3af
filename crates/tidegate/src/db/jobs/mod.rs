//! Jobs: one row per request that ends in a pin, and what became of it.
//!
//! ```text
//! list     pages by date, status or root, and how long the lists are
//! search   pages by name and metadata
//! queue    who works on which job, and how it ended
//! turns    whose job is next
//! mirror   jobs that are worked on elsewhere, as they are told
//! ```
//!
//! Each function that changes a job changes the account's tallies with it, notes it in the outbox, and takes the account's lock first.

pub mod list;
pub mod mirror;
pub mod queue;
pub mod search;
pub(super) mod turns;

use std::fmt;

use crate::clock::Timestamp;

use super::pins::{PinSource, Visibility};
use super::statements::statements;
use super::tallies::Tally;
use super::value::{FromValue, Value};
use super::{AccountId, DbError, EndpointId, PinId, Row, Session, accounts, errands, outbox};

/// The columns of a [`Job`] in its order, for the statements of this folder.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, account_id, created_at, source, status, root, cid, name, meta, origins, visibility, task, pin_id, reason, \
             bytes_done, bytes_total, blocks_done, tries, due_at, updated_at, endpoint_id FROM jobs ",
            $rest
        )
    };
}
use select;

statements! {
    INSERT = "INSERT INTO jobs (id, account_id, created_at, source, status, root, cid, name, name_key, meta, origins, visibility,
                                task, pin_id, due_at, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    INSERT_LABEL = "INSERT INTO job_labels (account_id, label, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELETE_LABEL = "DELETE FROM job_labels WHERE account_id = $1 AND label = $2 AND created_at = $3";
    FIND = select!("WHERE account_id = $1 AND id = $2");
    OF_PIN = select!("WHERE pin_id = $1 ORDER BY created_at LIMIT 1000");
    OF_ROOT = select!("WHERE account_id = $1 AND root = $2 AND substr(COALESCE(name, ''), 1, length(CAST($3 AS TEXT))) = $3
                       ORDER BY created_at LIMIT 1000");
    DELETE = "DELETE FROM jobs WHERE account_id = $1 AND id = $2";
    HAS_PIN = "SELECT 1 FROM jobs WHERE pin_id = $1 LIMIT 1";
}

/// A job's name for itself, which its account sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(pub String);

impl JobId {
    /// One that no other job has. Later ones sort behind.
    #[must_use]
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl Default for JobId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Nobody works on it yet, or not now.
    Queued,
    /// Its content is being brought in.
    Pinning,
    /// Its content is here, all of it.
    Pinned,
    /// It could not be done. While it has a next try, it may still be.
    Failed,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Pinning, Self::Pinned, Self::Failed];

    /// As it is stored and as every surface writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Pinning => "pinning",
            Self::Pinned => "pinned",
            Self::Failed => "failed",
        }
    }

    /// The status that is written like this.
    #[must_use]
    pub fn by_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    fn tally(self, account: AccountId) -> Tally {
        Tally { account, what: self.as_str() }
    }
}

impl FromValue for JobStatus {
    fn from_value(value: &Value) -> Option<Self> {
        Self::by_name(&String::from_value(value)?)
    }
}

/// A request as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// Which door it came through.
    pub source: PinSource,
    /// The content's root as CIDv1 base32 text, once it is known.
    pub root: Option<String>,
    /// The CID as it was given, for answers.
    pub cid: Option<String>,
    /// The user's name for it.
    pub name: Option<String>,
    /// The user's metadata: a JSON object of text.
    pub meta: String,
    /// Where the user says the content is: a JSON array of text.
    pub origins: String,
    /// Who may read what becomes of it.
    pub visibility: Visibility,
    /// What the work needs to know beside all this: JSON, `{}` for nothing.
    pub task: String,
}

/// A recorded job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The request.
    pub job: NewJob,
    /// When it was made; no other job of the account has the same time.
    pub created_at: Timestamp,
    /// How far it has come.
    pub status: JobStatus,
    /// The pin it ended in.
    pub pin: Option<PinId>,
    /// Why it failed or waits, in words for the user.
    pub reason: Option<String>,
    /// What has been brought in.
    pub progress: Progress,
    /// How often it was taken up.
    pub tries: u64,
    /// From when on somebody may take it up; nothing when all is done.
    pub due_at: Option<Timestamp>,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// Who works on it, or holds what came of it, if not this server itself.
    pub endpoint: Option<EndpointId>,
}

/// How much of a job's content is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of blocks.
    pub bytes_done: u64,
    /// Bytes of all of them, where that is known.
    pub bytes_total: Option<u64>,
    /// Blocks.
    pub blocks_done: u64,
}

/// How a job begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Somebody is to take it up.
    Queued,
    /// It is done: this is its pin.
    Pinned(PinId),
}

impl Job {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            job: NewJob {
                id: JobId(row.get(0)?),
                account: row.get(1)?,
                source: row.get(3)?,
                root: row.get(5)?,
                cid: row.get(6)?,
                name: row.get(7)?,
                meta: row.get(8)?,
                origins: row.get(9)?,
                visibility: row.get(10)?,
                task: row.get(11)?,
            },
            created_at: row.get(2)?,
            status: row.get(4)?,
            pin: row.get(12)?,
            reason: row.get(13)?,
            progress: Progress {
                bytes_done: row.get(14)?,
                bytes_total: row.get(15)?,
                blocks_done: row.get(16)?,
            },
            tries: row.get(17)?,
            due_at: row.get(18)?,
            updated_at: row.get(19)?,
            endpoint: row.get(20)?,
        })
    }
}

/// Records a request with a time of its own. A queued one can be taken up at once.
///
/// # Errors
///
/// [`DbError`] of the engine, also when there is no such account.
pub async fn insert_job(
    s: &mut Session<'_>,
    job: &NewJob,
    begin: Begin,
    now: Timestamp,
) -> Result<Job, DbError> {
    let Some(created_at) = accounts::stamp(s, job.account, now).await? else {
        return Err(DbError::Engine("a job of an account that does not exist".to_owned()));
    };
    let (status, pin, due_at) = match begin {
        Begin::Queued => (JobStatus::Queued, None, Some(now)),
        Begin::Pinned(pin) => (JobStatus::Pinned, Some(pin), None),
    };
    let params = [
        job.id.0.as_str().into(),
        job.account.into(),
        created_at.into(),
        job.source.as_str().into(),
        status.as_str().into(),
        job.root.as_deref().into(),
        job.cid.as_deref().into(),
        job.name.as_deref().into(),
        job.name.as_deref().map(search::name_key).into(),
        job.meta.as_str().into(),
        job.origins.as_str().into(),
        job.visibility.as_str().into(),
        job.task.as_str().into(),
        pin.into(),
        due_at.into(),
        now.into(),
    ];
    s.execute(INSERT, &params).await?;
    for label in search::labels(&job.meta) {
        s.execute(INSERT_LABEL, &[job.account.into(), label.into(), created_at.into()]).await?;
    }
    status.tally(job.account).add(s, created_at).await?;
    if let Some(due_at) = due_at {
        turns::open(s, job.account, due_at).await?;
    }
    outbox::note_job(s, job.account, &job.id).await?;
    Ok(Job {
        job: job.clone(),
        created_at,
        status,
        pin,
        reason: None,
        progress: Progress::default(),
        tries: 0,
        due_at,
        updated_at: now,
        endpoint: None,
    })
}

/// The account's job with this id.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn find_job(s: &mut Session<'_>, account: AccountId, id: &JobId) -> Result<Option<Job>, DbError> {
    let row = s.query_opt(FIND, &[account.into(), id.0.as_str().into()]).await?;
    row.as_ref().map(Job::from_row).transpose()
}

/// The oldest jobs that ended in this pin, at most 1000.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn jobs_of_pin(s: &mut Session<'_>, pin: PinId) -> Result<Vec<Job>, DbError> {
    s.query(OF_PIN, &[pin.into()]).await?.iter().map(Job::from_row).collect()
}

/// The account's oldest jobs for this root whose names begin with `names`, at most 1000, whatever became of them.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn jobs_of_root(
    s: &mut Session<'_>,
    account: AccountId,
    root: &str,
    names: &str,
) -> Result<Vec<Job>, DbError> {
    s.query(OF_ROOT, &[account.into(), root.into(), names.into()]).await?.iter().map(Job::from_row).collect()
}

/// Is there a job that ended in this pin?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn has_jobs(s: &mut Session<'_>, pin: PinId) -> Result<bool, DbError> {
    Ok(s.query_opt(HAS_PIN, &[pin.into()]).await?.is_some())
}

/// Removes a job of an account that is [locked](accounts::lock), here and at the Endpoint that has it, and nothing else: its pin is
/// the caller's to remove. It must be as it was read under that lock.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn delete_job(s: &mut Session<'_>, job: &Job) -> Result<(), DbError> {
    let account = job.job.account;
    if s.execute(DELETE, &[account.into(), job.job.id.0.as_str().into()]).await? == 0 {
        return Ok(());
    }
    for label in search::labels(&job.job.meta) {
        s.execute(DELETE_LABEL, &[account.into(), label.into(), job.created_at.into()]).await?;
    }
    if let Some(endpoint) = job.endpoint {
        errands::put_removal(s, endpoint, account, &job.job.id).await?;
    }
    outbox::note_job(s, account, &job.job.id).await?;
    job.status.tally(account).remove(s, job.created_at).await
}

/// The job, counted under its old status, is counted under the new one.
async fn retally(s: &mut Session<'_>, job: &Job, now: JobStatus) -> Result<(), DbError> {
    if job.status == now {
        return Ok(());
    }
    job.status.tally(job.job.account).remove(s, job.created_at).await?;
    now.tally(job.job.account).add(s, job.created_at).await
}

//! Jobs that are worked on elsewhere, kept here as an Endpoint tells of them. Nobody here takes them up.

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{AccountId, DbError, EndpointId, PinId, Session};
use super::{INSERT_LABEL, Job, JobStatus, Progress, retally, search};

statements! {
    IS_TAKEN = "SELECT 1 FROM jobs WHERE account_id = $1 AND created_at = $2";
    // Times in a row are passed in one go along the index.
    NEXT_FREE = "SELECT created_at + 1 FROM jobs AS job WHERE account_id = $1 AND created_at >= $2
                 AND NOT EXISTS (SELECT 1 FROM jobs WHERE account_id = $1 AND created_at = job.created_at + 1)
                 ORDER BY created_at LIMIT 1";
    LATEST = "UPDATE accounts SET last_request_at = $1 WHERE id = $2 AND last_request_at < $1";
    INSERT = "INSERT INTO jobs (id, account_id, created_at, source, status, root, cid, name, name_key, meta, origins, visibility,
                                task, pin_id, reason, bytes_done, bytes_total, blocks_done, tries, updated_at, endpoint_id)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
    UPDATE = "UPDATE jobs SET status = $1, root = $2, cid = $3, pin_id = $4, reason = $5, bytes_done = $6, bytes_total = $7,
                              blocks_done = $8, tries = $9, updated_at = $10
              WHERE account_id = $11 AND id = $12 AND endpoint_id = $13";
}

/// How a job stands with the Endpoint that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How far it has come.
    pub status: JobStatus,
    /// The content's root, once it is known.
    pub root: Option<String>,
    /// The CID as it was given, or found.
    pub cid: Option<String>,
    /// The pin it ended in, one of this database.
    pub pin: Option<PinId>,
    /// Why it failed or waits, in words for the user.
    pub reason: Option<String>,
    /// What has been brought in.
    pub progress: Progress,
    /// How often it was taken up.
    pub tries: u64,
}

/// The first time at or after `wanted` that no job of the account has; good until the transaction ends if the account is locked.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn free_time(
    s: &mut Session<'_>,
    account: AccountId,
    wanted: Timestamp,
) -> Result<Timestamp, DbError> {
    let params = [account.into(), wanted.into()];
    if s.query_opt(IS_TAKEN, &params).await?.is_none() {
        return Ok(wanted);
    }
    s.query_one(NEXT_FREE, &params).await?.get(0)
}

/// Records a job of an account that is [locked](super::super::accounts::lock), as it stands at its Endpoint. `job.created_at` is a
/// [`free_time`].
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn insert_mirrored(s: &mut Session<'_>, job: &Job) -> Result<(), DbError> {
    let account = job.job.account;
    let params = [
        job.job.id.0.as_str().into(),
        account.into(),
        job.created_at.into(),
        job.job.source.as_str().into(),
        job.status.as_str().into(),
        job.job.root.as_deref().into(),
        job.job.cid.as_deref().into(),
        job.job.name.as_deref().into(),
        job.job.name.as_deref().map(search::name_key).into(),
        job.job.meta.as_str().into(),
        job.job.origins.as_str().into(),
        job.job.visibility.as_str().into(),
        job.job.task.as_str().into(),
        job.pin.into(),
        job.reason.as_deref().into(),
        job.progress.bytes_done.into(),
        job.progress.bytes_total.into(),
        job.progress.blocks_done.into(),
        job.tries.into(),
        job.updated_at.into(),
        job.endpoint.into(),
    ];
    s.execute(INSERT, &params).await?;
    for label in search::labels(&job.job.meta) {
        s.execute(INSERT_LABEL, &[account.into(), label.into(), job.created_at.into()]).await?;
    }
    // What is asked for here gets a later time.
    s.execute(LATEST, &[job.created_at.into(), account.into()]).await?;
    job.status.tally(account).add(s, job.created_at).await
}

/// Changes `job` of an account that is [locked](super::super::accounts::lock), which `endpoint` has, to what that says of it. It must be as it was
/// read under that lock.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn update_mirrored(
    s: &mut Session<'_>,
    job: &Job,
    endpoint: EndpointId,
    now_stands: &Standing,
    now: Timestamp,
) -> Result<(), DbError> {
    let params = [
        now_stands.status.as_str().into(),
        now_stands.root.as_deref().into(),
        now_stands.cid.as_deref().into(),
        now_stands.pin.into(),
        now_stands.reason.as_deref().into(),
        now_stands.progress.bytes_done.into(),
        now_stands.progress.bytes_total.into(),
        now_stands.progress.blocks_done.into(),
        now_stands.tries.into(),
        now.into(),
        job.job.account.into(),
        job.job.id.0.as_str().into(),
        endpoint.into(),
    ];
    if s.execute(UPDATE, &params).await? == 1 {
        retally(s, job, now_stands.status).await?;
    }
    Ok(())
}

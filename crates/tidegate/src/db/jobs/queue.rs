//! Who works on which job: claimed for a while, renewed while the work goes on, finished once. A worker that dies stops renewing,
//! and the job falls due for another.

use std::time::Duration;

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{AccountId, DbError, PinId, Session, accounts, outbox};
use super::{Job, JobId, JobStatus, Progress, retally, select, turns};

statements! {
    FIRST_DUE = select!("WHERE account_id = $1 AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, id LIMIT 1");
    CLAIM = "UPDATE jobs SET status = 'pinning', holder = $1, due_at = $2, tries = tries + 1, updated_at = $3
             WHERE account_id = $4 AND id = $5";
    RENEW = "UPDATE jobs SET due_at = $1, bytes_done = $2, bytes_total = $3, blocks_done = $4, updated_at = $5
             WHERE id = $6 AND holder = $7";
    // Holders begin with the name of their node and a slash; '0' is the character behind it.
    RELEASE = "UPDATE jobs SET due_at = $1 WHERE due_at > $1 AND holder >= $2 AND holder < $3";
    IS_AWAITED = "SELECT 1 FROM jobs WHERE due_at IS NOT NULL AND root = $1 LIMIT 1";
    HOLDS = "SELECT status FROM jobs WHERE account_id = $1 AND id = $2 AND holder = $3";
    FINISH = "UPDATE jobs SET status = $1, pin_id = $2, reason = $3, due_at = $4, root = COALESCE($5, root), cid = COALESCE($6, cid),
                              bytes_done = $7, bytes_total = $8, blocks_done = $9, holder = NULL, updated_at = $10
              WHERE account_id = $11 AND id = $12";
}

/// How a try at a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of its content is here and held by this pin.
    Pinned {
        /// The pin.
        pin: PinId,
        /// Root and CID, for a job that did not know them.
        found: Option<(String, String)>,
    },
    /// Not yet: it waits in the queue for its next try.
    Later {
        /// Why, for the user.
        reason: String,
        /// When to try again.
        at: Timestamp,
    },
    /// It failed.
    Failed {
        /// Why, for the user.
        reason: String,
        /// When to try all the same; nothing when there is no point.
        again_at: Option<Timestamp>,
    },
}

/// Takes the job that has been due for longest, of the account whose turn it is, for `holder` until `now + lease`. It is `pinning`
/// then. Nothing when there is none; or when another process was faster or a turn was in vain, which [`next_due`] tells.
///
/// `holder` is a text that no other claim uses, now or later.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn claim_job(
    s: &mut Session<'_>,
    holder: &str,
    now: Timestamp,
    lease: Duration,
) -> Result<Option<Job>, DbError> {
    // One account and no more: whoever held the lock of one and waited for another's might wait for ever.
    let Some(account) = turns::next(s, now).await? else {
        return Ok(None);
    };
    accounts::lock(s, account).await?;
    if !turns::is_due(s, account, now).await? {
        return Ok(None);
    }
    let Some(row) = s.query_opt(FIRST_DUE, &[account.into(), now.into()]).await? else {
        turns::pass(s, account, now).await?;
        return Ok(None);
    };
    let mut job = Job::from_row(&row)?;
    let until = now.plus(lease);
    let params = [holder.into(), until.into(), now.into(), account.into(), job.job.id.0.as_str().into()];
    s.execute(CLAIM, &params).await?;
    turns::pass(s, account, now).await?;
    retally(s, &job, JobStatus::Pinning).await?;
    outbox::note_job(s, account, &job.job.id).await?;
    (job.status, job.due_at, job.updated_at) = (JobStatus::Pinning, Some(until), now);
    job.tries += 1;
    Ok(Some(job))
}

/// When it is some account's turn; there may be no job for it then.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn next_due(s: &mut Session<'_>) -> Result<Option<Timestamp>, DbError> {
    turns::next_due(s).await
}

/// Makes all jobs due that holders of this node had: their process is gone. A holder's text begins with its node and a slash.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn release_jobs(s: &mut Session<'_>, node: &str, now: Timestamp) -> Result<u64, DbError> {
    let (first, end) = (format!("{node}/"), format!("{node}0"));
    let released = s.execute(RELEASE, &[now.into(), first.as_str().into(), end.as_str().into()]).await?;
    turns::open_held(s, &first, &end, now).await?;
    Ok(released)
}

/// Whether any job for this root is still to be done.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn is_awaited(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    Ok(s.query_opt(IS_AWAITED, &[root.into()]).await?.is_some())
}

/// Says how far the work is, and holds the job for `lease` more. False when the job is gone or another's: the work is in vain.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn renew_job(
    s: &mut Session<'_>,
    id: &JobId,
    holder: &str,
    progress: Progress,
    now: Timestamp,
    lease: Duration,
) -> Result<bool, DbError> {
    let params = [
        now.plus(lease).into(),
        progress.bytes_done.into(),
        progress.bytes_total.into(),
        progress.blocks_done.into(),
        now.into(),
        id.0.as_str().into(),
        holder.into(),
    ];
    Ok(s.execute(RENEW, &params).await? == 1)
}

/// Does `holder` still hold this job? Asked under the account's lock, which it takes, so that the answer is good until the
/// transaction ends: ask before a pin is made for the job.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn holds_job(
    s: &mut Session<'_>,
    account: AccountId,
    id: &JobId,
    holder: &str,
) -> Result<bool, DbError> {
    accounts::lock(s, account).await?;
    Ok(s.query_opt(HOLDS, &[account.into(), id.0.as_str().into(), holder.into()]).await?.is_some())
}

/// Ends `holder`'s try at a job. False when the job is gone or another's, and then nothing is changed.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn finish_job(
    s: &mut Session<'_>,
    job: &Job,
    holder: &str,
    outcome: Outcome,
    progress: Progress,
    now: Timestamp,
) -> Result<bool, DbError> {
    let account = job.job.account;
    if !holds_job(s, account, &job.job.id, holder).await? {
        return Ok(false);
    }
    let (status, pin, reason, due_at, found) = match outcome {
        Outcome::Pinned { pin, found } => (JobStatus::Pinned, Some(pin), None, None, found),
        Outcome::Later { reason, at } => (JobStatus::Queued, None, Some(reason), Some(at), None),
        Outcome::Failed { reason, again_at } => (JobStatus::Failed, None, Some(reason), again_at, None),
    };
    let (root, cid) = found.unzip();
    let params = [
        status.as_str().into(),
        pin.into(),
        reason.into(),
        due_at.into(),
        root.into(),
        cid.into(),
        progress.bytes_done.into(),
        progress.bytes_total.into(),
        progress.blocks_done.into(),
        now.into(),
        account.into(),
        job.job.id.0.as_str().into(),
    ];
    s.execute(FINISH, &params).await?;
    if let Some(due_at) = due_at {
        turns::open(s, account, due_at).await?;
    }
    // Whoever holds a job holds it as pinning, whatever the caller's copy says.
    let held = Job { status: JobStatus::Pinning, ..job.clone() };
    retally(s, &held, status).await?;
    outbox::note_job(s, account, &job.job.id).await?;
    Ok(true)
}

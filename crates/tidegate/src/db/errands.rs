//! What Endpoints have to do for this Cloud: pin what somebody asked for, and remove what somebody took back. An errand stays until
//! its Endpoint says that it is done; until then nothing that the Endpoint says of that job counts, if the errand is to remove it.

use crate::clock::Timestamp;

use super::jobs::{Job, JobId, turns};
use super::statements::statements;
use super::value::{FromValue, Value};
use super::{AccountId, DbError, EndpointId, Row, Session};

statements! {
    PUT = "INSERT INTO errands (endpoint_id, account_id, job_id, kind)
           SELECT id, CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT) FROM endpoints
           WHERE id = $4 AND removed_at IS NULL
           ON CONFLICT DO NOTHING";
    FORGET = "DELETE FROM errands WHERE endpoint_id = $1 AND job_id = $2";
    IS_OPEN = "SELECT 1 FROM errands WHERE endpoint_id = $1 AND job_id = $2 AND kind = $3";
    NEXT = "SELECT id, account_id, job_id, kind FROM errands WHERE endpoint_id = $1 ORDER BY id LIMIT $2";
    DONE = "DELETE FROM errands WHERE endpoint_id = $1 AND id = $2";
    COUNT = "SELECT count(*) FROM errands WHERE endpoint_id = $1";
    FORGET_ALL = "DELETE FROM errands WHERE endpoint_id = $1";
    WAITING = "SELECT id, account_id FROM jobs
               WHERE due_at IS NOT NULL AND due_at <= $1 AND endpoint_id IS NULL ORDER BY due_at, id LIMIT $2";
    GIVE = "UPDATE jobs SET endpoint_id = $1, due_at = NULL, reason = NULL, updated_at = $2
            WHERE account_id = $3 AND id = $4 AND endpoint_id IS NULL AND due_at IS NOT NULL AND status = 'queued'";
    WAIT_ON = "UPDATE jobs SET due_at = $1, reason = $2 WHERE account_id = $3 AND id = $4 AND endpoint_id IS NULL
               AND due_at IS NOT NULL AND status = 'queued'";
    UNDONE = "SELECT id, account_id FROM jobs
              WHERE endpoint_id = $1 AND pin_id IS NULL AND status IN ('queued', 'pinning') ORDER BY id LIMIT $2";
    TAKE_AWAY = "UPDATE jobs SET endpoint_id = NULL, due_at = $1, updated_at = $1
                 WHERE account_id = $2 AND id = $3 AND endpoint_id = $4";
}

/// What is to be done about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrandKind {
    /// Work on it.
    Pin,
    /// Forget it, and its pin.
    Remove,
}

impl ErrandKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Remove => "remove",
        }
    }
}

impl FromValue for ErrandKind {
    fn from_value(value: &Value) -> Option<Self> {
        let text = String::from_value(value)?;
        [Self::Pin, Self::Remove].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An errand that is not done, or not known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Its id.
    pub id: i64,
    /// Whose job it is about.
    pub account: AccountId,
    /// Which one.
    pub job: JobId,
    /// What is to be done.
    pub kind: ErrandKind,
}

/// Has an Endpoint do something, once; nothing when it was removed.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    account: AccountId,
    job: &JobId,
    kind: ErrandKind,
) -> Result<(), DbError> {
    let params = [account.into(), job.0.as_str().into(), kind.as_str().into(), endpoint.into()];
    s.execute(PUT, &params).await.map(drop)
}

/// The Endpoint is to forget this job, whether or not it has begun with it. What it was to do about it before is void, and so is its
/// word that it has done so.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn put_removal(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    account: AccountId,
    job: &JobId,
) -> Result<(), DbError> {
    s.execute(FORGET, &[endpoint.into(), job.0.as_str().into()]).await?;
    put(s, endpoint, account, job, ErrandKind::Remove).await
}

/// Is the Endpoint still to forget this job?
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn is_to_remove(s: &mut Session<'_>, endpoint: EndpointId, job: &JobId) -> Result<bool, DbError> {
    let params = [endpoint.into(), job.0.as_str().into(), ErrandKind::Remove.as_str().into()];
    Ok(s.query_opt(IS_OPEN, &params).await?.is_some())
}

/// The Endpoint's oldest `limit` errands.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn next_errands(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    limit: u32,
) -> Result<Vec<Errand>, DbError> {
    let rows = s.query(NEXT, &[endpoint.into(), i64::from(limit).into()]).await?;
    let errand = |row: &Row| {
        Ok(Errand { id: row.get(0)?, account: row.get(1)?, job: JobId(row.get(2)?), kind: row.get(3)? })
    };
    rows.iter().map(errand).collect()
}

/// The Endpoint has done this.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn done(s: &mut Session<'_>, endpoint: EndpointId, errand: i64) -> Result<(), DbError> {
    s.execute(DONE, &[endpoint.into(), errand.into()]).await.map(drop)
}

/// How much the Endpoint has to do.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count(s: &mut Session<'_>, endpoint: EndpointId) -> Result<u64, DbError> {
    s.query_one(COUNT, &[endpoint.into()]).await?.get(0)
}

/// Nothing is asked of this Endpoint any more.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget_all(s: &mut Session<'_>, endpoint: EndpointId) -> Result<(), DbError> {
    s.execute(FORGET_ALL, &[endpoint.into()]).await.map(drop)
}

/// Up to `limit` jobs that are due and that nobody works on, those that wait longest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn waiting_jobs(
    s: &mut Session<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(AccountId, JobId)>, DbError> {
    jobs_of(&s.query(WAITING, &[now.into(), i64::from(limit).into()]).await?)
}

/// Gives a waiting job of an account that is [locked](super::accounts::lock) to an Endpoint. Nothing when it does not wait.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn give(
    s: &mut Session<'_>,
    account: AccountId,
    job: &JobId,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), DbError> {
    let params = [endpoint.into(), now.into(), account.into(), job.0.as_str().into()];
    if s.execute(GIVE, &params).await? == 1 {
        put(s, endpoint, account, job, ErrandKind::Pin).await?;
    }
    Ok(())
}

/// A job for which there is nobody waits until `until`, and tells its owner why.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn wait_on(
    s: &mut Session<'_>,
    account: AccountId,
    job: &JobId,
    reason: &str,
    until: Timestamp,
) -> Result<(), DbError> {
    let params = [until.into(), reason.into(), account.into(), job.0.as_str().into()];
    s.execute(WAIT_ON, &params).await?;
    turns::open(s, account, until).await
}

/// Up to `limit` jobs that an Endpoint was given and has not ended.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn undone_jobs(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    limit: u32,
) -> Result<Vec<(AccountId, JobId)>, DbError> {
    jobs_of(&s.query(UNDONE, &[endpoint.into(), i64::from(limit).into()]).await?)
}

/// Takes a job of a [locked](super::accounts::lock) account away from the Endpoint that has it, which is to forget it when it comes
/// back; somebody else may have it at once. It must be as it was read under that lock, and queued.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn take_away(s: &mut Session<'_>, job: &Job, now: Timestamp) -> Result<(), DbError> {
    let Some(endpoint) = job.endpoint else {
        return Ok(());
    };
    let (account, id) = (job.job.account, &job.job.id);
    let params = [now.into(), account.into(), id.0.as_str().into(), endpoint.into()];
    s.execute(TAKE_AWAY, &params).await?;
    turns::open(s, job.job.account, now).await?;
    put_removal(s, endpoint, account, id).await
}

fn jobs_of(rows: &[Row]) -> Result<Vec<(AccountId, JobId)>, DbError> {
    rows.iter().map(|row| Ok((row.get(1)?, JobId(row.get(0)?)))).collect()
}

//! Pages of an account's jobs by date, of one status or root where wanted. Their lengths are known without counting.

use std::ops::Range;

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{AccountId, DbError, Session};
use super::{Job, JobStatus, select};

statements! {
    NEWEST = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                      ORDER BY created_at DESC LIMIT $4 OFFSET $5");
    OLDEST = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                      ORDER BY created_at LIMIT $4 OFFSET $5");
    NEWEST_OF_STATUS = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                                ORDER BY created_at DESC LIMIT $5 OFFSET $6");
    OLDEST_OF_STATUS = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4
                                ORDER BY created_at LIMIT $5 OFFSET $6");
    NEWEST_OF_ROOT = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                              AND status = COALESCE($4, status) AND root = $5 ORDER BY created_at DESC LIMIT $6 OFFSET $7");
    OLDEST_OF_ROOT = select!("WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                              AND status = COALESCE($4, status) AND root = $5 ORDER BY created_at LIMIT $6 OFFSET $7");
    COUNT_OF_STATUS = "SELECT count(*) FROM jobs
                       WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND status = $4";
    COUNT_OF_ROOT = "SELECT count(*) FROM jobs WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                     AND status = COALESCE($4, status) AND root = $5";
}

/// Some jobs of an account and a page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobQuery {
    /// Whose jobs.
    pub account: AccountId,
    /// Only those with this status.
    pub status: Option<JobStatus>,
    /// Only those for this root, CIDv1 base32 text.
    pub root: Option<String>,
    /// Made in this time.
    pub span: Range<Timestamp>,
    /// Newest first, or oldest first.
    pub newest_first: bool,
    /// Jobs to leave out at the beginning.
    pub offset: u64,
    /// Jobs to return at most.
    pub limit: u32,
}

/// The page of jobs that `query` asks for.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn list_jobs(s: &mut Session<'_>, query: &JobQuery) -> Result<Vec<Job>, DbError> {
    let mut params = vec![query.account.into(), query.span.start.into(), query.span.end.into()];
    let (newest, oldest) = match (&query.root, query.status) {
        (Some(root), status) => {
            params.extend([status.map(JobStatus::as_str).into(), root.as_str().into()]);
            (NEWEST_OF_ROOT, OLDEST_OF_ROOT)
        }
        (None, Some(status)) => {
            params.push(status.as_str().into());
            (NEWEST_OF_STATUS, OLDEST_OF_STATUS)
        }
        (None, None) => (NEWEST, OLDEST),
    };
    params.extend([i64::from(query.limit).into(), query.offset.into()]);
    let sql = if query.newest_first { newest } else { oldest };
    s.query(sql, &params).await?.iter().map(Job::from_row).collect()
}

/// How many jobs `query` has on all its pages.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_jobs(s: &mut Session<'_>, query: &JobQuery) -> Result<u64, DbError> {
    if let Some(root) = &query.root {
        let params = [
            query.account.into(),
            query.span.start.into(),
            query.span.end.into(),
            query.status.map(JobStatus::as_str).into(),
            root.as_str().into(),
        ];
        return s.query_one(COUNT_OF_ROOT, &params).await?.get(0);
    }
    let mut count = 0;
    for status in JobStatus::ALL {
        if query.status.is_none_or(|wanted| wanted == status) {
            count += count_of_status(s, query.account, status, query.span.clone()).await?;
        }
    }
    Ok(count)
}

/// How many jobs of the account wait for somebody to take them up, or are being worked on. One row is read for each.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_unfinished(s: &mut Session<'_>, account: AccountId) -> Result<u64, DbError> {
    let all_time = Timestamp::MIN..Timestamp::MAX;
    let queued = count_of_status(s, account, JobStatus::Queued, all_time.clone()).await?;
    Ok(queued + count_of_status(s, account, JobStatus::Pinning, all_time).await?)
}

/// How many jobs have this status and were made in `span`.
pub(super) async fn count_of_status(
    s: &mut Session<'_>,
    account: AccountId,
    status: JobStatus,
    span: Range<Timestamp>,
) -> Result<u64, DbError> {
    let (mut count, rest) = status.tally(account).sum(s, span).await?;
    for span in rest {
        let params = [account.into(), span.start.into(), span.end.into(), status.as_str().into()];
        count += s.query_one(COUNT_OF_STATUS, &params).await?.get::<u64>(0)?;
    }
    Ok(count)
}

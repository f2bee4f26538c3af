//! What an Endpoint has to tell its Cloud. A row says *that* something changed; how it is now is read when it is told, so that many
//! changes of one job are told once, and telling one twice does no harm.
//!
//! Only a database that [`open`] was called on keeps such rows: elsewhere nobody would read them.

use super::jobs::JobId;
use super::statements::statements;
use super::{AccountId, DbError, Session, settings};

statements! {
    NOTE_JOB = "INSERT INTO outbox (account_id, job_id) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT)
                WHERE EXISTS (SELECT 1 FROM settings WHERE key = 'outbox')";
    NOTE_ERRAND = "INSERT INTO outbox (errand) VALUES ($1)";
    NEXT = "SELECT id, account_id, job_id, errand FROM outbox ORDER BY id LIMIT $1";
    FORGET = "DELETE FROM outbox WHERE id = $1";
    DEPTH = "SELECT count(*) FROM outbox";
}

/// The setting whose presence means that there is a Cloud to tell.
const SETTING: &str = "outbox";

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id, by which it is forgotten.
    pub id: i64,
    /// What is to be told.
    pub news: News,
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// This job changed, or is gone.
    Job(AccountId, JobId),
    /// The errand with this id, which the Cloud chose, is done.
    ErrandDone(i64),
}

/// From now on what changes in this database is kept to be told.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn open(s: &mut Session<'_>) -> Result<(), DbError> {
    settings::put_setting(s, SETTING, "open").await
}

/// A job changed, in the transaction that changes it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note_job(s: &mut Session<'_>, account: AccountId, job: &JobId) -> Result<(), DbError> {
    s.execute(NOTE_JOB, &[account.into(), job.0.as_str().into()]).await.map(drop)
}

/// An errand is done, in the transaction that does it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note_errand(s: &mut Session<'_>, errand: i64) -> Result<(), DbError> {
    s.execute(NOTE_ERRAND, &[errand.into()]).await.map(drop)
}

/// The oldest `limit` entries.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn next_entries(s: &mut Session<'_>, limit: u32) -> Result<Vec<Entry>, DbError> {
    let rows = s.query(NEXT, &[i64::from(limit).into()]).await?;
    let entries = rows.iter().map(|row| {
        let news = match (row.get(1)?, row.get(2)?, row.get(3)?) {
            (_, _, Some(errand)) => News::ErrandDone(errand),
            (Some(account), Some(job), None) => News::Job(account, JobId(job)),
            _ => return Err(DbError::Shape("an entry of the outbox says nothing".to_owned())),
        };
        Ok(Entry { id: row.get(0)?, news })
    });
    entries.collect()
}

/// The Cloud knows these. Each is named: on PostgreSQL one with a lower id may be committed later than one with a higher.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget(s: &mut Session<'_>, ids: &[i64]) -> Result<(), DbError> {
    for id in ids {
        s.execute(FORGET, &[(*id).into()]).await?;
    }
    Ok(())
}

/// How many entries wait.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn depth(s: &mut Session<'_>) -> Result<u64, DbError> {
    s.query_one(DEPTH, &[]).await?.get(0)
}

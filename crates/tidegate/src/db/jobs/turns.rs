//! Which account's job is taken up next: accounts take turns, however many jobs each of them has waiting.
//!
//! An account with jobs to be done has one row. Its turn has come when its first job falls due, and again when it has just had one:
//! so it goes behind everybody who has waited since before. Finding the next costs the same for a million jobs as for one. A row may
//! promise too much, when jobs were taken back or are held for longer; whoever comes in vain puts it right.

use crate::clock::Timestamp;

use super::super::statements::statements;
use super::super::{AccountId, DbError, Session};

statements! {
    // A turn that has come already is not lost.
    OPEN = "INSERT INTO turns (account_id, due_at) VALUES ($1, $2)
            ON CONFLICT (account_id) DO UPDATE SET due_at = excluded.due_at, served = 0 WHERE excluded.due_at < turns.due_at";
    OPEN_HELD = "UPDATE turns SET due_at = $1, served = 0
                 WHERE due_at > $1 AND account_id IN (SELECT account_id FROM jobs WHERE holder >= $2 AND holder < $3)";
    NEXT = "SELECT account_id FROM turns WHERE due_at <= $1 ORDER BY due_at, served, account_id LIMIT 1";
    NEXT_DUE = "SELECT due_at FROM turns ORDER BY due_at LIMIT 1";
    IS_DUE = "SELECT 1 FROM turns WHERE account_id = $1 AND due_at <= $2";
    FIRST_JOB_DUE = "SELECT due_at FROM jobs WHERE account_id = $1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    SET = "UPDATE turns SET due_at = $1, served = CASE WHEN due_at = $1 THEN served + 1 ELSE 1 END WHERE account_id = $2";
    CLOSE = "DELETE FROM turns WHERE account_id = $1";
}

/// The account, which is [locked](super::accounts::lock), has a job that falls due at this time.
pub(in crate::db) async fn open(
    s: &mut Session<'_>,
    account: AccountId,
    due_at: Timestamp,
) -> Result<(), DbError> {
    s.execute(OPEN, &[account.into(), due_at.into()]).await.map(drop)
}

/// So have all accounts whose jobs are held by holders from `first` on and before `end`.
pub(super) async fn open_held(
    s: &mut Session<'_>,
    first: &str,
    end: &str,
    due_at: Timestamp,
) -> Result<(), DbError> {
    s.execute(OPEN_HELD, &[due_at.into(), first.into(), end.into()]).await.map(drop)
}

/// Whose turn it is.
pub(super) async fn next(s: &mut Session<'_>, now: Timestamp) -> Result<Option<AccountId>, DbError> {
    s.query_opt(NEXT, &[now.into()]).await?.map(|row| row.get(0)).transpose()
}

/// When it is somebody's turn.
pub(super) async fn next_due(s: &mut Session<'_>) -> Result<Option<Timestamp>, DbError> {
    s.query_opt(NEXT_DUE, &[]).await?.map(|row| row.get(0)).transpose()
}

/// Whether it is this account's turn. Asked under its lock, the answer is good until the transaction ends.
pub(super) async fn is_due(s: &mut Session<'_>, account: AccountId, now: Timestamp) -> Result<bool, DbError> {
    Ok(s.query_opt(IS_DUE, &[account.into(), now.into()]).await?.is_some())
}

/// The account, which is locked, has had its turn, with a job taken up or in vain.
pub(super) async fn pass(s: &mut Session<'_>, account: AccountId, now: Timestamp) -> Result<(), DbError> {
    let first: Option<Timestamp> =
        s.query_opt(FIRST_JOB_DUE, &[account.into()]).await?.map(|row| row.get(0)).transpose()?;
    match first {
        Some(due_at) => s.execute(SET, &[due_at.max(now).into(), account.into()]).await.map(drop),
        None => s.execute(CLOSE, &[account.into()]).await.map(drop),
    }
}

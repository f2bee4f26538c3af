//! Roots of which a pin was removed. Whether any pin is left is asked when their time has come.

use crate::clock::Timestamp;

use super::statements::statements;
use super::{DbError, Session};

statements! {
    NOTE = "INSERT INTO unpinned (root, since) VALUES ($1, $2)
            ON CONFLICT (root) DO UPDATE SET since = excluded.since";
    NOTE_ALL = "INSERT INTO unpinned (root, since)
                SELECT root, CAST($1 AS BIGINT) FROM contents
                WHERE NOT EXISTS (SELECT 1 FROM pins WHERE pins.root = contents.root)
                ON CONFLICT (root) DO NOTHING";
    UNTIL = "SELECT root FROM unpinned WHERE since <= $1 ORDER BY since, root LIMIT $2";
    WAITING = "SELECT count(*), CAST(COALESCE(sum(car_bytes), 0) AS BIGINT) FROM
                   (SELECT car_bytes FROM unpinned JOIN contents ON contents.root = unpinned.root
                    WHERE NOT EXISTS (SELECT 1 FROM pins WHERE pins.root = unpinned.root) LIMIT $1) AS waiting";
    FIRST = "SELECT since FROM unpinned ORDER BY since LIMIT 1";
    // A root that was unpinned once more since then waits anew.
    LOCK = "UPDATE unpinned SET since = since WHERE root = $1 AND since <= $2";
    FORGET = "DELETE FROM unpinned WHERE root = $1";
}

/// Notes that a pin of this root is removed, in the transaction that does so.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note(s: &mut Session<'_>, root: &str, now: Timestamp) -> Result<(), DbError> {
    s.execute(NOTE, &[root.into(), now.into()]).await.map(drop)
}

/// Notes every recorded content without a pin.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn note_all(s: &mut Session<'_>, now: Timestamp) -> Result<(), DbError> {
    s.execute(NOTE_ALL, &[now.into()]).await.map(drop)
}

/// Up to `limit` roots that were unpinned at `cutoff` or before, the longest first.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn unpinned_until(
    s: &mut Session<'_>,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Vec<String>, DbError> {
    let rows = s.query(UNTIL, &[cutoff.into(), i64::from(limit).into()]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many contents wait without a pin, and the bytes of their files; no more than `limit` are counted.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn count_waiting(s: &mut Session<'_>, limit: u32) -> Result<(u64, u64), DbError> {
    let row = s.query_one(WAITING, &[i64::from(limit).into()]).await?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Since when the first of them waits.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn first_unpinned(s: &mut Session<'_>) -> Result<Option<Timestamp>, DbError> {
    s.query_opt(FIRST, &[]).await?.map(|row| row.get(0)).transpose()
}

/// Makes whoever unpins this root wait until this transaction ends, so that it can be decided whether a pin is left. False when
/// the root is not on the list, or was unpinned again after `cutoff`.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn lock(s: &mut Session<'_>, root: &str, cutoff: Timestamp) -> Result<bool, DbError> {
    Ok(s.execute(LOCK, &[root.into(), cutoff.into()]).await? == 1)
}

/// Takes a root off the list, in the transaction that [`lock`]ed it.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn forget(s: &mut Session<'_>, root: &str) -> Result<(), DbError> {
    s.execute(FORGET, &[root.into()]).await.map(drop)
}

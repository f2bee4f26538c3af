//! The one writer: it takes what waits, runs each job in a savepoint of its own, and syncs once for all of them.

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::DbError;
use super::job::BoxedJob;

/// Jobs that share one commit.
const MAX_JOBS: usize = 256;

/// Statements and parameters after which a batch takes no more jobs: a few milliseconds of work.
const MAX_WORK: usize = 20_000;

/// The writer's life: batches until every sender is gone, then a last checkpoint.
pub(super) fn run(mut connection: Connection, mut queue: mpsc::Receiver<BoxedJob>) {
    while let Some(first) = queue.blocking_recv() {
        run_batch(&mut connection, first, &mut queue);
    }
    // Leaves one file instead of three. When another process still reads, it does this itself later.
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the last checkpoint of the database failed; nothing is lost");
    }
}

fn run_batch(connection: &mut Connection, first: BoxedJob, queue: &mut mpsc::Receiver<BoxedJob>) {
    // IMMEDIATE: the wait for other processes happens here, not at a statement in the middle.
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        return first.finish(Err(error.into()));
    }
    let mut batch = Vec::new();
    let mut work = 0;
    let mut fate = Ok(());
    let mut next = Some(first);
    while let Some(mut job) = next {
        let ran = run_in_savepoint(connection, &mut job);
        batch.push(job);
        match ran {
            Ok(done) => work += done,
            Err(lost) => {
                fate = Err(lost);
                break;
            }
        }
        let room = batch.len() < MAX_JOBS && work < MAX_WORK;
        next = if room { queue.try_recv().ok() } else { None };
    }
    let fate = fate.and_then(|()| connection.execute_batch("COMMIT").map_err(DbError::from));
    if fate.is_err()
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a failed batch of writes could not be rolled back");
    }
    for job in batch {
        job.finish(fate.clone());
    }
}

/// Runs one job so that it can be undone alone. An error means that the whole batch is lost.
fn run_in_savepoint(connection: &mut Connection, job: &mut BoxedJob) -> Result<usize, DbError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let ran = job.run(connection);
    if connection.is_autocommit() {
        // A full disk or a failed write: SQLite has rolled everything back, the neighbours' changes included.
        return Err(ran.failure.unwrap_or_else(|| DbError::Engine("the transaction is gone".to_owned())));
    }
    if !ran.keep {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    Ok(ran.work)
}

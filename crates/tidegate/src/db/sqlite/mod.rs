//! SQLite: one thread that writes and a few that read, each with a connection of its own.
//!
//! The engine blocks, so it never runs on the runtime's threads. Queues are bounded: when the disk cannot keep
//! up, callers wait here and not in memory.

mod connection;
mod job;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

pub(super) use connection::{execute, query};
use job::{BoxedJob, Task};

use super::{DbError, Session};

/// Work that waits per queue, beyond which callers do.
const QUEUE: usize = 1024;

/// The open database file.
#[derive(Debug)]
pub(super) struct Sqlite {
    writes: Queue,
    reads: Queue,
}

impl Sqlite {
    /// Opens the file, migrates it, starts the threads.
    pub(super) async fn open(path: PathBuf, readers: usize, busy_timeout: Duration) -> Result<Self, DbError> {
        tokio::task::spawn_blocking(move || {
            let writer = connection::open_writer(&path, busy_timeout)?;
            let readers = (0..readers.max(1))
                .map(|_| connection::open_reader(&path, busy_timeout))
                .collect::<Result<Vec<_>, _>>()?;

            let (writes, queue) = mpsc::channel(QUEUE);
            let writer = spawn("sqlite-writer", move || writer::run(writer, queue))?;

            let (reads, queue) = mpsc::channel(QUEUE);
            let queue = Arc::new(Mutex::new(queue));
            let readers = readers
                .into_iter()
                .map(|connection| {
                    let queue = Arc::clone(&queue);
                    spawn("sqlite-reader", move || read_until_closed(connection, &queue))
                })
                .collect::<Result<Vec<_>, _>>()?;

            Ok(Self { writes: Queue::new(writes, vec![writer]), reads: Queue::new(reads, readers) })
        })
        .await
        .map_err(|_| DbError::Closed)?
    }

    pub(super) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        self.writes.run(body).await
    }

    pub(super) async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        self.reads.run(body).await
    }

    /// Readers first, so that the writer's last checkpoint finds nobody in its way.
    pub(super) async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}

/// The way to some threads, and the threads.
#[derive(Debug)]
struct Queue {
    sender: Mutex<Option<mpsc::Sender<BoxedJob>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Queue {
    fn new(sender: mpsc::Sender<BoxedJob>, threads: Vec<JoinHandle<()>>) -> Self {
        Self { sender: Mutex::new(Some(sender)), threads: Mutex::new(threads) }
    }

    async fn run<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (answer, result) = oneshot::channel();
        let task = Box::new(Task::new(body, answer));
        match sender {
            Some(sender) => sender.send(task).await.map_err(|_| DbError::Closed)?,
            None => return Err(DbError::Closed.into()),
        }
        result.await.map_err(|_| DbError::Closed)?
    }

    /// Ends the threads once the queue is empty, and waits for that.
    async fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a database thread panicked");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("waiting for the database threads failed");
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, DbError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| DbError::Engine(format!("cannot start a thread: {error}")))
}

/// A reader's life: one snapshot per job. Whoever holds the lock is the one who waits for the next job.
fn read_until_closed(mut connection: rusqlite::Connection, queue: &Mutex<mpsc::Receiver<BoxedJob>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut job) = next else { return };
        let begun = connection.execute_batch("BEGIN").map_err(DbError::from);
        if begun.is_ok() {
            job.run(&mut connection);
            if let Err(error) = connection.execute_batch("ROLLBACK") {
                tracing::error!(%error, "a read transaction could not be ended");
            }
        }
        job.finish(begun);
    }
}

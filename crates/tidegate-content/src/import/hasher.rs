//! Where leaves are hashed: on the caller's thread, or on a pool that all imports of the process share.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::available_parallelism;

/// Below this many bytes a leaf is hashed in less time than it takes to hand it to another thread and back.
const WORTH_A_THREAD: usize = 16 * 1024;
/// The most that one import may have on the pool, in bytes, when its chunks are small enough.
const IN_FLIGHT_BYTES: usize = 2 * 1024 * 1024;

/// Threads that hash. Cheap to clone; the clones share the threads.
#[derive(Debug, Clone)]
pub struct Hasher {
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl Hasher {
    /// No threads: everything is hashed by the thread that pushes.
    #[must_use]
    pub fn inline() -> Self {
        Self { pool: None }
    }

    /// A pool of `count` threads. If the system refuses to start them, the same as [`Hasher::inline`]: slower, and
    /// nothing else changes.
    ///
    /// The threads that push must not be the pool's own: they wait for it.
    #[must_use]
    pub fn threads(count: NonZeroUsize) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count.get())
            .thread_name(|index| format!("hash-{index}"))
            .build();
        Self { pool: pool.ok().map(Arc::new) }
    }

    /// A pool with a thread for every core, or none at all where there is one core only.
    #[must_use]
    pub fn all_cores() -> Self {
        match available_parallelism() {
            Ok(cores) if cores.get() > 1 => Self::threads(cores),
            _ => Self::inline(),
        }
    }
}

/// What one import has on the pool, in file order. Dropping it leaves at most [`IN_FLIGHT_BYTES`], or two chunks, to
/// be hashed for nobody.
#[derive(Debug)]
pub(super) struct HashQueue<T> {
    pool: Option<Arc<rayon::ThreadPool>>,
    limit: usize,
    waiting: VecDeque<Receiver<T>>,
}

impl<T: Send + 'static> HashQueue<T> {
    /// A queue for leaves with `chunk_bytes` of content each.
    pub(super) fn new(hasher: &Hasher, chunk_bytes: usize) -> Self {
        let pool = hasher.pool.clone().filter(|_| chunk_bytes >= WORTH_A_THREAD);
        // One chunk being hashed and one waiting for each thread: more would only take memory.
        let busy = pool.as_ref().map_or(1, |pool| pool.current_num_threads()) * 2;
        Self { pool, limit: (IN_FLIGHT_BYTES / chunk_bytes).min(busy).max(2), waiting: VecDeque::new() }
    }

    /// Starts `hash`, or, without a pool, does it and returns the result: there is nothing before it then.
    pub(super) fn start(&mut self, hash: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let Some(pool) = &self.pool else {
            return Some(hash());
        };
        let (sender, receiver) = sync_channel(1);
        pool.spawn_fifo(move || {
            // Fails when the import was given up, and then nobody wants the result.
            let _ = sender.send(hash());
        });
        self.waiting.push_back(receiver);
        None
    }

    /// The first result, if it is ready.
    pub(super) fn ready(&mut self) -> Option<T> {
        match self.waiting.front()?.try_recv() {
            Ok(result) => {
                self.waiting.pop_front();
                Some(result)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("{LOST}"),
        }
    }

    /// The first result, waiting for it; `None` if nothing was started.
    pub(super) fn wait(&mut self) -> Option<T> {
        let receiver = self.waiting.pop_front()?;
        Some(receiver.recv().expect(LOST))
    }

    /// The first result, waiting for it, if no more may be started before it is taken.
    pub(super) fn wait_if_full(&mut self) -> Option<T> {
        if self.waiting.len() < self.limit { None } else { self.wait() }
    }
}

const LOST: &str = "the pool runs every job it took, and hashing does not panic";

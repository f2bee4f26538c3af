//! Background work: requests that are fulfilled after they were answered. One file per kind of job.
//!
//! A worker claims what is due, says every so often that it is still at it, and ends its try in one transaction with what came of
//! it. A process that dies says nothing any more, and after a while another takes its jobs up. Which job is whose is in
//! [`db::jobs::queue`](crate::db::jobs::queue); the rules of pinning are in [`pins`](crate::pins).

mod by_cid;
mod retry;

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    config,
    db::{
        Db, DbError,
        jobs::{
            Job, Progress,
            queue::{self, Outcome},
        },
    },
    pins::{Library, Pins},
    pull::{Puller, Watched},
};

/// How long a job is held without a sign of life.
const LEASE: Duration = Duration::from_secs(60);
/// How often there is one.
const SIGN: Duration = Duration::from_secs(5);
/// How often the queue is looked at when nobody rings: for tries that fall due, and for requests that another process took.
const LOOK: Duration = Duration::from_secs(1);

/// The workers of this process. They stop when told to.
pub struct Jobs {
    stop: CancellationToken,
    running: TaskTracker,
}

/// What a worker works with.
pub struct Tools {
    /// The facts.
    pub db: Arc<Db>,
    /// The time.
    pub clock: Clock,
    /// The rules of pinning.
    pub pins: Pins,
    /// What is here.
    pub library: Library,
    /// What is elsewhere.
    pub puller: Puller,
    /// How often, and for how long.
    pub settings: config::Pull,
    /// This node, of which there is one process at a time.
    pub node: String,
}

/// How a try ended.
enum Done {
    /// The job is `pinned`, in the same transaction as its pin, or is not ours any more.
    Settled,
    /// It is to be written down like this.
    Ended(Outcome),
}

impl Jobs {
    /// Begins to work, first on what an earlier process of this node left.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn start(tools: Tools) -> Result<Self, DbError> {
        let (node, now) = (tools.node.clone(), tools.clock.now());
        tools.db.write(move |s| Box::pin(async move { queue::release_jobs(s, &node, now).await })).await?;
        let (stop, running) = (CancellationToken::new(), TaskTracker::new());
        let tools = Arc::new(tools);
        let sweeper = Arc::clone(&tools);
        running.spawn(async move { sweeper.sweep().await });
        for _ in 0..tools.settings.at_once {
            let worker = Worker { tools: Arc::clone(&tools), stop: stop.clone() };
            running.spawn(async move { worker.run().await });
        }
        running.close();
        Ok(Self { stop, running })
    }

    /// Stops: what is under way is left for the next start, with all that has come of it.
    pub async fn close(&self) {
        self.stop.cancel();
        self.running.wait().await;
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Worker {
    tools: Arc<Tools>,
    stop: CancellationToken,
}

impl Worker {
    async fn run(&self) {
        while !self.stop.is_cancelled() {
            match self.claim().await {
                Ok(Some((job, holder))) => {
                    // There may be more for the others.
                    self.tools.pins.wake();
                    self.work(&job, &holder).await;
                }
                Ok(None) => self.rest().await,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for work; trying again soon");
                    self.rest().await;
                }
            }
        }
    }

    async fn rest(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.tools.pins.requested() => {}
            () = sleep(LOOK) => {}
        }
    }

    async fn claim(&self) -> Result<Option<(Job, String)>, DbError> {
        let now = self.tools.clock.now();
        let due = self.tools.db.read(|s| Box::pin(queue::next_due(s))).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let holder = format!("{}/{}", self.tools.node, uuid::Uuid::now_v7());
        let claiming = holder.clone();
        let claimed = self
            .tools
            .db
            .write(move |s| Box::pin(async move { queue::claim_job(s, &claiming, now, LEASE).await }))
            .await?;
        Ok(claimed.map(|job| (job, holder)))
    }

    /// One try, with signs of life. What the database refuses is taken up again when the job's time has run out.
    async fn work(&self, job: &Job, holder: &str) {
        let watched = Watched::default();
        let ended = {
            let trying = self.tools.fulfil(job, holder, &watched);
            let mut trying = std::pin::pin!(trying);
            let mut sign = interval(SIGN);
            sign.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    done = &mut trying => break done,
                    () = self.stop.cancelled() => break Done::Ended(self.tools.stopped()),
                    _ = sign.tick() => match self.tools.renew(job, holder, &watched).await {
                        Ok(true) => {}
                        Ok(false) => break Done::Settled,
                        Err(error) => tracing::warn!(job = %job.job.id, %error, "cannot say that a job goes on"),
                    },
                }
            }
        };
        let settled = match ended {
            Done::Settled => Ok(()),
            Done::Ended(outcome) => self.tools.end(job, holder, outcome, &watched).await,
        };
        if let Err(error) = settled {
            tracing::warn!(job = %job.job.id, %error, "a job is left for later");
        }
        self.tools.tidy(job).await;
    }
}

impl Tools {
    async fn fulfil(&self, job: &Job, holder: &str, watched: &Watched) -> Done {
        self.by_cid(job, holder, watched).await
    }

    async fn renew(&self, job: &Job, holder: &str, watched: &Watched) -> Result<bool, DbError> {
        let (id, holder, now) = (job.job.id.clone(), holder.to_owned(), self.clock.now());
        let progress = progress(watched);
        self.db
            .write(move |s| {
                Box::pin(async move { queue::renew_job(s, &id, &holder, progress, now, LEASE).await })
            })
            .await
    }

    async fn end(&self, job: &Job, holder: &str, outcome: Outcome, watched: &Watched) -> Result<(), DbError> {
        if let Outcome::Failed { reason, again_at: None } = &outcome {
            tracing::info!(job = %job.job.id, reason, "a request failed");
        }
        let (job, holder, now) = (job.clone(), holder.to_owned(), self.clock.now());
        let progress = progress(watched);
        self.db
            .write(move |s| {
                Box::pin(async move {
                    queue::finish_job(s, &job, &holder, outcome, progress, now).await.map(drop)
                })
            })
            .await
    }

    /// This process stops: the next one goes on at once.
    fn stopped(&self) -> Outcome {
        Outcome::Later { reason: "the server was stopped in between".to_owned(), at: self.clock.now() }
    }
}

fn progress(watched: &Watched) -> Progress {
    let seen = watched.get();
    Progress { bytes_done: seen.bytes, bytes_total: seen.claimed, blocks_done: seen.blocks }
}

//! Requests that are fulfilled after they were answered.
//!
//! A worker claims what is due, says every so often that it is still at it, and ends its try in one transaction with what came of
//! it. A process that dies says nothing any more, and after a while another takes its jobs up. Which job is whose is in
//! [`db::jobs::queue`](crate::db::jobs::queue); the rules of pinning are in [`pins`](crate::pins).

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    db::{
        DbError,
        jobs::{
            Job, Progress,
            queue::{self, Outcome},
        },
        pins::PinSource,
    },
    pull::Watched,
    webhooks::announce_result,
};

/// How long a job is held without a sign of life.
const LEASE: Duration = Duration::from_secs(60);
/// How often there is one.
const SIGN: Duration = Duration::from_secs(5);
/// How often the queue is looked at when nobody rings: for tries that fall due, and for requests that another process took.
const LOOK: Duration = Duration::from_secs(1);

/// Turns that are tried before resting: one may be in vain, or another process be faster.
const TURNS: usize = 16;

/// One of those that fulfil requests.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) app: App,
    stop: CancellationToken,
}

/// How a try ended.
pub(super) enum Done {
    /// The job is `pinned`, in the same transaction as its pin, or is not ours any more.
    Settled,
    /// It is to be written down like this.
    Ended(Outcome),
}

/// Works on requests until `stop`, first on what an earlier process of this node left. What is under way then is left for the next
/// start, with all that has come of it.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let worker = Worker { app, stop };
    if let Err(error) = worker.release().await {
        tracing::warn!(%error, "work of an earlier process is taken up in a minute only");
    }
    worker.sweep().await;
    let mut workers = JoinSet::new();
    for _ in 0..worker.app.config.pull.at_once {
        let worker = worker.clone();
        workers.spawn(async move { worker.run().await });
    }
    workers.join_all().await;
}

impl Worker {
    async fn release(&self) -> Result<u64, DbError> {
        let (node, now) = (self.app.pins.node().to_owned(), self.app.clock.now());
        self.app.db.write(move |s| Box::pin(async move { queue::release_jobs(s, &node, now).await })).await
    }

    async fn run(&self) {
        while !self.stop.is_cancelled() {
            match self.claim().await {
                Ok(Some((job, holder))) => {
                    // There may be more for the others.
                    self.app.pins.wake();
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
            () = self.app.pins.requested() => {}
            () = sleep(LOOK) => {}
        }
    }

    async fn claim(&self) -> Result<Option<(Job, String)>, DbError> {
        for _ in 0..TURNS {
            let now = self.app.clock.now();
            let due = self.app.db.read(|s| Box::pin(queue::next_due(s))).await?;
            if due.is_none_or(|due| due > now) {
                break;
            }
            let holder = format!("{}/{}", self.app.pins.node(), uuid::Uuid::now_v7());
            let claiming = holder.clone();
            let claimed = self
                .app
                .db
                .write(move |s| Box::pin(async move { queue::claim_job(s, &claiming, now, LEASE).await }))
                .await?;
            if let Some(job) = claimed {
                return Ok(Some((job, holder)));
            }
        }
        Ok(None)
    }

    /// One try, with signs of life. What the database refuses is taken up again when the job's time has run out.
    async fn work(&self, job: &Job, holder: &str) {
        let watched = Watched::default();
        let ended = {
            let trying = self.fulfil(job, holder, &watched);
            let mut trying = std::pin::pin!(trying);
            let mut sign = interval(SIGN);
            sign.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    done = &mut trying => break done,
                    () = self.stop.cancelled() => break Done::Ended(self.stopped()),
                    _ = sign.tick() => match self.renew(job, holder, &watched).await {
                        Ok(true) => {}
                        Ok(false) => break Done::Settled,
                        Err(error) => tracing::warn!(job = %job.job.id, %error, "cannot say that a job goes on"),
                    },
                }
            }
        };
        let settled = match ended {
            Done::Settled => Ok(()),
            Done::Ended(outcome) => self.end(job, holder, outcome, &watched).await,
        };
        if let Err(error) = settled {
            tracing::warn!(job = %job.job.id, %error, "a job is left for later");
        }
        self.tidy(job).await;
    }

    async fn fulfil(&self, job: &Job, holder: &str, watched: &Watched) -> Done {
        match job.job.source {
            PinSource::PinFromS3 => self.by_endpoint(job, holder, watched).await,
            _ => self.by_cid(job, holder, watched).await,
        }
    }

    async fn renew(&self, job: &Job, holder: &str, watched: &Watched) -> Result<bool, DbError> {
        let (id, holder, now) = (job.job.id.clone(), holder.to_owned(), self.app.clock.now());
        let progress = progress(watched);
        self.app
            .db
            .write(move |s| {
                Box::pin(async move { queue::renew_job(s, &id, &holder, progress, now, LEASE).await })
            })
            .await
    }

    async fn end(&self, job: &Job, holder: &str, outcome: Outcome, watched: &Watched) -> Result<(), DbError> {
        if let Outcome::Failed { reason, again_at: None } = &outcome {
            tracing::info!(job = %job.job.id, reason, "a request failed");
        }
        let (job, holder, now) = (job.clone(), holder.to_owned(), self.app.clock.now());
        let progress = progress(watched);
        self.app
            .db
            .write(move |s| {
                Box::pin(async move {
                    if queue::finish_job(s, &job, &holder, outcome, progress, now).await? {
                        announce_result(s, &job, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// This process stops: the next one goes on at once.
    fn stopped(&self) -> Outcome {
        Outcome::Later { reason: "the server was stopped in between".to_owned(), at: self.app.clock.now() }
    }
}

fn progress(watched: &Watched) -> Progress {
    let seen = watched.get();
    Progress { bytes_done: seen.bytes, bytes_total: seen.claimed, blocks_done: seen.blocks }
}

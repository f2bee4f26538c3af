//! Who works on what: requests that came to the Cloud are given to Endpoints, and given to others when those stay away.

use std::cmp::Reverse;

use super::Endpoints;
use crate::{
    clock::Timestamp,
    db::{
        AccountId, DbError, EndpointId, Session, accounts,
        endpoints::{self, Endpoint},
        errands,
        jobs::{
            self, JobId, JobStatus,
            mirror::{self, Standing},
        },
    },
};

/// Requests that one transaction gives or takes.
const BATCH: u32 = 100;
/// When a request for which there is nobody is looked at again.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(2);
/// What its owner is told meanwhile.
const NOBODY: &str = "no Endpoint is there to bring it in; it waits for one";
/// What the owner of a request is told whose Endpoint stays away.
const AWAY: &str = "the Endpoint that worked on it is away; another one takes over";

impl Endpoints {
    /// Gives the requests that wait to Endpoints that are there: to whoever has the least to do, and then the most room. True when
    /// more may wait.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn give_out(&self) -> Result<bool, DbError> {
        let (now, since) = (self.clock.now(), self.live_since());
        let waiting = self
            .db
            .read(move |s| Box::pin(async move { errands::waiting_jobs(s, now, BATCH).await }))
            .await?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let full = waiting.len() == BATCH as usize;
        self.db.write(move |s| Box::pin(async move { give(s, waiting, since, now).await })).await?;
        Ok(full)
    }

    /// Takes requests back from Endpoints that have been away for too long, if there is another that could have them. True when
    /// there may be more.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn take_back(&self) -> Result<bool, DbError> {
        let all = self.list().await?;
        if !all.iter().any(|endpoint| self.is_live(endpoint)) {
            return Ok(false);
        }
        let cutoff = self.clock.now().minus(self.wait_for);
        let mut more = false;
        for endpoint in all.iter().filter(|endpoint| endpoint.seen_at < cutoff && !self.is_live(endpoint)) {
            more |= self.take_from(endpoint.id).await?;
        }
        Ok(more)
    }

    /// Takes some of the requests back that an Endpoint was given and has not ended. True when there may be more.
    pub(super) async fn take_from(&self, endpoint: EndpointId) -> Result<bool, DbError> {
        let now = self.clock.now();
        let undone = self
            .db
            .read(move |s| Box::pin(async move { errands::undone_jobs(s, endpoint, BATCH).await }))
            .await?;
        if undone.is_empty() {
            return Ok(false);
        }
        let full = undone.len() == BATCH as usize;
        self.db.write(move |s| Box::pin(async move { take(s, undone, endpoint, now).await })).await?;
        Ok(full)
    }
}

async fn give(
    s: &mut Session<'_>,
    waiting: Vec<(AccountId, JobId)>,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let mut candidates = Vec::new();
    for endpoint in endpoints::live_endpoints(s, since).await? {
        let load = errands::count(s, endpoint.id).await?;
        candidates.push((load, endpoint));
    }
    for (account, job) in by_account(waiting) {
        accounts::lock(s, account).await?;
        match least_busy(&mut candidates) {
            Some((load, endpoint)) => {
                *load += 1;
                errands::give(s, account, &job, endpoint.id, now).await?;
            }
            None => errands::wait_on(s, account, &job, NOBODY, now.plus(AGAIN)).await?,
        }
    }
    Ok(())
}

async fn take(
    s: &mut Session<'_>,
    undone: Vec<(AccountId, JobId)>,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), DbError> {
    for (account, id) in by_account(undone) {
        accounts::lock(s, account).await?;
        // Under the lock it is asked again: it may have been ended, or taken back by its owner.
        let job = jobs::find_job(s, account, &id).await?;
        let is_undone = |job: &jobs::Job| {
            matches!(job.status, JobStatus::Queued | JobStatus::Pinning) && job.pin.is_none()
        };
        let Some(job) = job.filter(|job| job.endpoint == Some(endpoint) && is_undone(job)) else {
            continue;
        };
        let waits = Standing {
            status: JobStatus::Queued,
            root: job.job.root.clone(),
            cid: job.job.cid.clone(),
            pin: None,
            reason: Some(AWAY.to_owned()),
            progress: job.progress,
            tries: job.tries,
        };
        mirror::update_mirrored(s, &job, endpoint, &waits, now).await?;
        errands::take_away(s, &job, now).await?;
    }
    Ok(())
}

/// Everybody locks accounts in the same order, so that nobody waits in a circle; stable, so first come stays first served.
fn by_account(mut jobs: Vec<(AccountId, JobId)>) -> Vec<(AccountId, JobId)> {
    jobs.sort_by_key(|(account, _)| *account);
    jobs
}

fn least_busy(candidates: &mut [(u64, Endpoint)]) -> Option<&mut (u64, Endpoint)> {
    candidates
        .iter_mut()
        .min_by_key(|(load, endpoint)| (*load, Reverse(endpoint.says.free_bytes), endpoint.id))
}

//! What Endpoints tell of jobs and pins, taken into the Cloud's own lists: whatever a user did at whichever Endpoint, here it is
//! once, and costs once.
//!
//! A job is the same here and there, by its id. A pin is one for each account, root and door, as always, and is kept by the jobs of
//! all Endpoints that ended in it. Telling something again changes nothing; what a user has removed here stays removed, however
//! late an Endpoint hears of it.

use std::collections::{BTreeSet, HashMap};

use super::{Pins, hold::drop_job};
use crate::{
    clock::Timestamp,
    cloud::{
        told::{Request, TrueJob},
        wire::{Answer, Errand, Task, Told},
    },
    db::{
        AccountId, DbError, EndpointId, PinId, Session, accounts,
        endpoints::{self, SelfPortrait},
        errands::{self, ErrandKind},
        jobs::{
            self, Job, JobId,
            mirror::{self, Standing},
        },
        pins::{self, NewPin, PinSource},
    },
    webhooks::announce_result,
};

/// Errands that one answer holds.
const ERRANDS: u32 = 100;
/// How long their requests may be together, in bytes.
const ANSWER_BYTES: usize = 4 << 20;

impl Pins {
    /// Takes in message `batch` of an Endpoint, all of it or nothing, and says what there is to do. A message that is older than the
    /// last one changes nothing.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn take_in(
        &self,
        endpoint: EndpointId,
        batch: u64,
        says: SelfPortrait,
        news: Vec<Told>,
    ) -> Result<Answer, DbError> {
        let (now, quota) = (self.clock.now(), self.limits.account_quota.as_u64());
        self.db
            .write(move |s| {
                Box::pin(async move {
                    let taken = endpoints::begin_batch(s, endpoint, batch, &says, now).await?;
                    if taken {
                        take_in_news(s, endpoint, news, now).await?;
                    }
                    Ok(Answer {
                        taken,
                        batch: endpoints::last_batch(s, endpoint).await?,
                        errands: errands_of(s, endpoint, quota).await?,
                    })
                })
            })
            .await
    }
}

async fn take_in_news(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    news: Vec<Told>,
    now: Timestamp,
) -> Result<(), DbError> {
    // In the order in which everybody locks accounts, so that nobody waits in a circle.
    let named: BTreeSet<AccountId> = news.iter().filter_map(account_of).collect();
    let mut known = BTreeSet::new();
    for account in named {
        if accounts::lock(s, account).await? {
            known.insert(account);
        }
    }
    let mut times = Times::default();
    for told in news {
        if account_of(&told).is_some_and(|account| !known.contains(&account)) {
            tracing::warn!(endpoint = endpoint.0, "an Endpoint tells of an account that does not exist");
            continue;
        }
        match told {
            Told::Job(state) => match state.read(endpoint, now) {
                Some(job) => put(s, endpoint, job, &mut times, now).await?,
                None => {
                    tracing::warn!(endpoint = endpoint.0, "an Endpoint tells of a job that makes no sense");
                }
            },
            Told::Gone { account, job } => {
                let (account, id) = (AccountId(account), JobId(job));
                let job = jobs::find_job(s, account, &id).await?;
                if let Some(job) = job.filter(|job| job.endpoint == Some(endpoint)) {
                    // It is gone there, so nobody has to be told.
                    drop_job(s, &Job { endpoint: None, ..job }, now).await?;
                }
            }
            Told::Done { errand } => errands::done(s, endpoint, errand).await?,
        }
    }
    Ok(())
}

fn account_of(told: &Told) -> Option<AccountId> {
    match told {
        Told::Job(state) => Some(AccountId(state.account)),
        Told::Gone { account, .. } => Some(AccountId(*account)),
        Told::Done { .. } => None,
    }
}

/// A job is like this at `endpoint` now.
async fn put(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    told: TrueJob,
    times: &mut Times,
    now: Timestamp,
) -> Result<(), DbError> {
    let (account, id) = (told.job.job.account, told.job.job.id.clone());
    // Its owner has taken it back, or somebody else has it now, and the Endpoint has not heard of that yet.
    if errands::is_to_remove(s, endpoint, &id).await? {
        return Ok(());
    }
    let known = jobs::find_job(s, account, &id).await?;
    if known.as_ref().is_some_and(|job| job.endpoint != Some(endpoint) || job.pin.is_some()) {
        return Ok(());
    }
    let pin = match told.pinned {
        Some(_) => Some(hold(s, &told).await?),
        None => None,
    };
    let (job, ended) = (told.job, told.ended);
    let job = match known {
        Some(known) => {
            let stands = Standing {
                status: job.status,
                root: job.job.root,
                cid: job.job.cid,
                pin,
                reason: job.reason,
                progress: job.progress,
                tries: job.tries,
            };
            mirror::update_mirrored(s, &known, endpoint, &stands, now).await?;
            known
        }
        None => {
            let created_at = times.free(s, account, job.created_at).await?;
            let job = Job { pin, created_at, ..job };
            mirror::insert_mirrored(s, &job).await?;
            job
        }
    };
    if ended { announce_result(s, &job, now).await } else { Ok(()) }
}

/// Records the pin of a job, and charges its account if it held nothing of that root. It is there already, so no quota can refuse it.
async fn hold(s: &mut Session<'_>, told: &TrueJob) -> Result<PinId, DbError> {
    let Some((size, pinned_at, visibility)) = told.pinned else {
        return Err(DbError::Shape("a job that is not pinned has no pin".to_owned()));
    };
    let job = &told.job.job;
    let pin = NewPin {
        account: job.account,
        root: job.root.clone().unwrap_or_default(),
        cid: job.cid.clone().unwrap_or_default(),
        name: job.name.clone(),
        meta: job.meta.clone(),
        visibility,
        source: job.source,
        size,
    };
    let held = pins::pins_of_root(s, pin.account, &pin.root).await?;
    if held.is_empty() {
        accounts::charge_anyway(s, pin.account, size).await?;
    }
    // What was pinned later through the same door is what the pin is like.
    let newer = held.into_iter().find(|held| {
        pin.source != PinSource::Psa && held.pin.source == pin.source && held.pinned_at > pinned_at
    });
    match newer {
        Some(newer) => Ok(newer.id),
        None => Ok(pins::upsert_pin(s, &pin, pinned_at).await?.id),
    }
}

async fn errands_of(
    s: &mut Session<'_>,
    endpoint: EndpointId,
    default_quota: u64,
) -> Result<Vec<Errand>, DbError> {
    let (mut tasks, mut length) = (Vec::new(), 0);
    for errand in errands::next_errands(s, endpoint, ERRANDS).await? {
        let task = match errand.kind {
            ErrandKind::Remove => Task::Remove,
            ErrandKind::Pin => {
                let job = jobs::find_job(s, errand.account, &errand.job).await?;
                let account = accounts::find_account(s, errand.account).await?;
                let Some((job, account)) = job.zip(account) else {
                    errands::done(s, endpoint, errand.id).await?;
                    continue;
                };
                length += job.job.meta.len() + job.job.origins.len() + job.job.task.len();
                Task::Pin { request: Request::of(&job.job), quota_left: account.quota_left(default_quota) }
            }
        };
        tasks.push(Errand { id: errand.id, account: errand.account.0, job: errand.job.0, task });
        if length > ANSWER_BYTES {
            break;
        }
    }
    Ok(tasks)
}

/// Times of their own for the jobs of one message. What came one after the other stays in that order, and a search for a free time
/// begins where the last one ended.
#[derive(Default)]
struct Times(HashMap<AccountId, Timestamp>);

impl Times {
    async fn free(
        &mut self,
        s: &mut Session<'_>,
        account: AccountId,
        wanted: Timestamp,
    ) -> Result<Timestamp, DbError> {
        let earliest = self
            .0
            .get(&account)
            .map_or(wanted, |last| wanted.max(Timestamp::from_millis(last.as_millis() + 1)));
        let free = mirror::free_time(s, account, earliest).await?;
        self.0.insert(account, free);
        Ok(free)
    }
}

//! Requests for content by its CID: recorded here, and done at once where the content is here already.

use std::collections::BTreeMap;

use tidegate_content::{Cid, Frontier, FrontierLimits};

use super::{
    Allowance, PinError, Pins, Wish,
    hold::{drop_job, here, hold, root_text},
};
use crate::{
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId, DbError, Session, accounts, contents,
        jobs::{self, Begin, Job, JobId, JobStatus, NewJob, list},
        pins::{self, NewPin, Pin, PinSource, Visibility},
    },
    webhooks::announce_result,
};

/// What somebody wants pinned.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which door it came through.
    pub source: PinSource,
    /// The content.
    pub cid: Cid,
    /// The CID as it was given, for answers.
    pub cid_text: String,
    /// What they call it.
    pub name: Option<String>,
    /// What they say about it.
    pub meta: BTreeMap<String, String>,
    /// Where they say it is.
    pub origins: Vec<String>,
    /// Who may read it.
    pub visibility: Visibility,
}

impl Pins {
    /// Records a request of the account. It is pinned already when this returns if its content is here and the account may read
    /// it; else it is queued.
    ///
    /// # Errors
    /// [`PinError::CannotPull`] for a CID whose content could never be checked, [`PinError::QuotaExceeded`],
    /// [`PinError::TooManyQueued`], what the key does not let its holder, or a failure of the database.
    pub async fn request(&self, by: impl Into<Allowance>, request: Request) -> Result<Job, PinError> {
        check(&request.cid)?;
        let by = by.into();
        let job = request.into_job(by.account);
        self.record_request(by, job).await
    }

    /// Records a job, and wakes whoever sees to it.
    pub(super) async fn record_request(&self, by: Allowance, job: NewJob) -> Result<Job, PinError> {
        let terms = self.terms();
        let recorded = self.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, by.account).await?;
                let standing = Standing::of(s, &job).await?;
                record(s, &by, job, standing, terms).await
            })
        });
        let job = recorded.await?;
        self.wake();
        Ok(job)
    }

    /// Puts a new request in the place of an old one, whose pin is removed: both or neither. Nothing when the account has no
    /// request `old`.
    ///
    /// # Errors
    /// Those of [`Pins::request`]; the old one stays then.
    pub async fn replace(
        &self,
        by: impl Into<Allowance>,
        old: JobId,
        request: Request,
    ) -> Result<Option<Job>, PinError> {
        check(&request.cid)?;
        let by = by.into();
        let (job, terms) = (request.into_job(by.account), self.terms());
        let replaced = self.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, by.account).await?;
                let Some(old) = jobs::find_job(s, by.account, &old).await? else {
                    return Ok::<_, PinError>(None);
                };
                by.check_name(old.job.name.as_deref())?;
                // Asked before the old pin goes, which may be what lets the account read the content.
                let standing = Standing::of(s, &job).await?;
                drop_job(s, &old, terms.now).await?;
                Ok(Some((old, record(s, &by, job, standing, terms).await?)))
            })
        });
        Ok(replaced.await?.map(|(old, new)| {
            if let Some(root) = old.job.root.and_then(|root| tidegate_content::parse_cid(&root).ok()) {
                self.let_go(&Root::of(&root));
            }
            self.wake();
            new
        }))
    }

    /// Makes a failed request of the account again, in its place and under a new id. Nothing when the account has no request of that id that
    /// has failed. Nobody is told that the old one is removed: it was told that it failed, and what becomes of the new one is told.
    ///
    /// # Errors
    /// Those of [`Pins::request`]; the old one stays then.
    pub async fn retry(&self, by: impl Into<Allowance>, id: JobId) -> Result<Option<Job>, PinError> {
        let (by, terms) = (by.into(), self.terms());
        let retried = self.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, by.account).await?;
                let failed = jobs::find_job(s, by.account, &id).await?;
                let Some(failed) = failed.filter(|job| job.status == JobStatus::Failed) else {
                    return Ok::<_, PinError>(None);
                };
                jobs::delete_job(s, &failed).await?;
                let again = NewJob { id: JobId::new(), ..failed.job };
                let standing = Standing::of(s, &again).await?;
                Ok(Some(record(s, &by, again, standing, terms).await?))
            })
        });
        let job = retried.await?;
        if job.is_some() {
            self.wake();
        }
        Ok(job)
    }

    fn terms(&self) -> Terms {
        Terms {
            quota: self.limits.account_quota.as_u64(),
            queued: self.limits.account_queued,
            now: self.clock.now(),
        }
    }
}

/// What requests are recorded under.
#[derive(Clone, Copy)]
struct Terms {
    /// Bytes that the account may pin, if it has no quota of its own.
    quota: u64,
    /// Requests of one account that may wait.
    queued: u64,
    now: Timestamp,
}

impl Request {
    fn into_job(self, account: AccountId) -> NewJob {
        NewJob {
            id: JobId::new(),
            account,
            source: self.source,
            root: Some(root_text(&self.cid)),
            cid: Some(self.cid_text),
            name: self.name,
            // Maps and lists of text always can be written.
            meta: serde_json::to_string(&self.meta).unwrap_or_default(),
            origins: serde_json::to_string(&self.origins).unwrap_or_default(),
            visibility: self.visibility,
            task: "{}".to_owned(),
        }
    }
}

/// Content with another hash, or with links that nobody here can follow, could never be said to be all here.
fn check(cid: &Cid) -> Result<(), PinError> {
    Frontier::new(*cid, FrontierLimits { blocks: u64::MAX, bytes: u64::MAX })?;
    Ok(())
}

/// How an account stands to the content it asks for.
#[derive(Clone, Copy)]
struct Standing {
    /// It may read the content, if it is here.
    may_read: bool,
    /// It has kept the content private so far.
    keeps_private: bool,
}

impl Standing {
    /// What is not public is not there for those who do not hold it: else a CID alone would open private content.
    async fn of(s: &mut Session<'_>, job: &NewJob) -> Result<Self, DbError> {
        let Some(root) = &job.root else {
            return Ok(Self { may_read: false, keeps_private: false });
        };
        let held = pins::pins_of_root(s, job.account, root).await?;
        let is_private = |pin: &Pin| pin.pin.visibility == Visibility::Private;
        Ok(Self {
            may_read: !held.is_empty() || pins::is_public(s, root).await?,
            keeps_private: !held.is_empty() && held.iter().all(is_private),
        })
    }
}

async fn record(
    s: &mut Session<'_>,
    by: &Allowance,
    mut job: NewJob,
    standing: Standing,
    Terms { quota, queued, now }: Terms,
) -> Result<Job, PinError> {
    by.check_pin(s, &wish_of(&job, 0).pin).await?;
    by.spend(s, now).await?;
    if standing.keeps_private {
        job.visibility = Visibility::Private;
    }
    let begin = match &job.root {
        Some(root) if standing.may_read && here(s, root).await? => {
            match contents::find_content(s, root).await? {
                Some(content) => {
                    Begin::Pinned(hold(s, wish_of(&job, content.content.size), quota, now).await?.id)
                }
                None => Begin::Queued,
            }
        }
        _ => Begin::Queued,
    };
    if begin == Begin::Queued && list::count_unfinished(s, job.account).await? >= queued {
        return Err(PinError::TooManyQueued(queued));
    }
    let job = jobs::insert_job(s, &job, begin, now).await?;
    if job.status == JobStatus::Pinned {
        announce_result(s, &job, now).await?;
    }
    Ok(job)
}

/// The pin that a job ends in.
pub(super) fn wish_of(job: &NewJob, size: u64) -> Wish {
    let pin = NewPin {
        account: job.account,
        root: job.root.clone().unwrap_or_default(),
        cid: job.cid.clone().unwrap_or_default(),
        name: job.name.clone(),
        meta: job.meta.clone(),
        visibility: job.visibility,
        source: job.source,
        size,
    };
    // Whoever asks by a CID has said that it is to be private, or nothing.
    Wish { pin, as_visible_as_before: job.visibility == Visibility::Public }
}

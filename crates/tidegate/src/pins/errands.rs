//! On an Endpoint: doing what the Cloud wants done, and telling it what happened. Each errand is done in the transaction that notes
//! that it is done; doing one again changes nothing.

use std::collections::BTreeSet;

use tidegate_content::parse_cid;

use super::{Pins, hold::drop_job};
use crate::{
    blobs::Root,
    clock::Timestamp,
    cloud::{
        told::JobState,
        wire::{Errand, Portrait, Task, Told},
    },
    db::{
        AccountId, DbError, Session, accounts,
        jobs::{self, Begin, Job, JobId, NewJob},
        outbox::{self, Entry, News},
        pins,
    },
};

/// Entries that one message tells of, at most ...
const ENTRIES: u32 = 500;
/// ... and how long it may become, in bytes.
const MESSAGE_BYTES: usize = 2 << 20;

/// What is to be told next.
#[derive(Debug, Default)]
pub struct Untold {
    /// In order.
    pub news: Vec<Told>,
    /// The entries of the outbox that are told by that.
    pub entries: Vec<i64>,
}

impl Pins {
    /// Does one errand.
    ///
    /// # Errors
    /// The database cannot be written; nothing is done then.
    pub async fn run_errand(&self, errand: Errand) -> Result<(), DbError> {
        let (account, now) = (AccountId(errand.account), self.clock.now());
        let done = self.db.write(move |s| {
            Box::pin(async move {
                let removed = match errand.task {
                    Task::Pin { request, quota_left } => {
                        if let Some(job) = request.into_job(account, errand.job) {
                            adopt(s, &job, quota_left, now).await?;
                        } else {
                            tracing::error!(errand = errand.id, "an errand of the Cloud makes no sense");
                        }
                        None
                    }
                    Task::Remove => remove(s, account, &JobId(errand.job), now).await?,
                };
                outbox::note_errand(s, errand.id).await?;
                Ok(removed)
            })
        });
        let root = done.await?.and_then(|job| job.job.root);
        if let Some(root) = root.and_then(|root| parse_cid(&root).ok()) {
            self.let_go(&Root::of(&root));
        }
        self.wake();
        Ok(())
    }

    /// What is to be told next, all of it as it is at one moment.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn untold(&self) -> Result<Untold, DbError> {
        self.db
            .read(|s| {
                Box::pin(async move {
                    let (mut untold, mut length) = (Untold::default(), 0);
                    let mut told = BTreeSet::new();
                    for Entry { id, news } in outbox::next_entries(s, ENTRIES).await? {
                        untold.entries.push(id);
                        match news {
                            News::ErrandDone(errand) => untold.news.push(Told::Done { errand }),
                            // It is told as it is now, once.
                            News::Job(_, job) if !told.insert(job.0.clone()) => {}
                            News::Job(account, job) => {
                                let Some(found) = jobs::find_job(s, account, &job).await? else {
                                    untold.news.push(Told::Gone { account: account.0, job: job.0 });
                                    continue;
                                };
                                let pin = match found.pin {
                                    Some(pin) => pins::find_pin(s, account, pin).await?,
                                    None => None,
                                };
                                let state = JobState::of(&found, pin.as_ref());
                                length += state.length();
                                untold.news.push(Told::Job(Box::new(state)));
                            }
                        }
                        if length > MESSAGE_BYTES {
                            break;
                        }
                    }
                    Ok(untold)
                })
            })
            .await
    }

    /// The Cloud knows these.
    ///
    /// # Errors
    /// The database cannot be written; they are told once more then.
    pub async fn forget_told(&self, entries: Vec<i64>) -> Result<(), DbError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.db.write(move |s| Box::pin(async move { outbox::forget(s, &entries).await })).await
    }

    /// How much there is to tell.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn count_untold(&self) -> Result<u64, DbError> {
        self.db.read(|s| Box::pin(outbox::depth(s))).await
    }

    /// Waits until something may have happened that is to be told.
    pub async fn something_to_tell(&self) {
        self.news.notified().await;
    }

    /// What this Endpoint says of itself.
    ///
    /// # Errors
    /// The disk does not say how full it is.
    pub fn portrait(&self, url: &str) -> std::io::Result<Portrait> {
        Ok(Portrait {
            url: url.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            free_bytes: self.room.left().min(self.store.free_bytes()?),
        })
    }
}

/// A request of the Cloud is one of this Endpoint's now, if it is not yet.
async fn adopt(s: &mut Session<'_>, job: &NewJob, quota_left: u64, now: Timestamp) -> Result<(), DbError> {
    if !accounts::put_shadow(s, job.account, quota_left, now).await? {
        tracing::error!(
            account = job.account.0,
            "an account that registered here has the id of one of the Cloud's"
        );
        return Ok(());
    }
    if jobs::find_job(s, job.account, &job.id).await?.is_none() {
        jobs::insert_job(s, job, Begin::Queued, now).await?;
    }
    Ok(())
}

/// Forgets a job, and its pin.
async fn remove(
    s: &mut Session<'_>,
    account: AccountId,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<Job>, DbError> {
    accounts::lock(s, account).await?;
    let job = jobs::find_job(s, account, id).await?;
    if let Some(job) = &job {
        drop_job(s, job, now).await?;
    }
    Ok(job)
}

//! On an Endpoint: doing what the Cloud wants done, and telling it what happened. Each errand is done in the transaction that notes
//! that it is done; doing one again changes nothing.

use super::{Pins, hold::drop_job};
use crate::{
    blobs::Root,
    cloud::wire::{Errand, JobState, Portrait, Task, Told},
    db::{
        AccountId, DbError, accounts,
        jobs::{self, Begin, JobId},
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
        let (account, job, now) = (AccountId(errand.account), JobId(errand.job), self.clock.now());
        let id = errand.id;
        let let_go = match errand.task {
            Task::Pin { request, quota_left } => {
                let request = request.into_job(account, job.0);
                self.db
                    .write(move |s| {
                        Box::pin(async move {
                            match request {
                                Some(request)
                                    if accounts::put_shadow(s, account, quota_left, now).await? =>
                                {
                                    accounts::lock(s, account).await?;
                                    if jobs::find_job(s, account, &request.id).await?.is_none() {
                                        jobs::insert_job(s, &request, Begin::Queued, now).await?;
                                    }
                                }
                                _ => {
                                    tracing::error!(errand = id, "an errand of the Cloud makes no sense here")
                                }
                            }
                            outbox::note_errand(s, id).await
                        })
                    })
                    .await?;
                None
            }
            Task::Remove => {
                self.db
                    .write(move |s| {
                        Box::pin(async move {
                            accounts::lock(s, account).await?;
                            let job = jobs::find_job(s, account, &job).await?;
                            if let Some(job) = &job {
                                drop_job(s, job, now).await?;
                            }
                            outbox::note_errand(s, id).await?;
                            Ok(job.and_then(|job| job.job.root))
                        })
                    })
                    .await?
            }
        };
        if let Some(root) = let_go.and_then(|root| tidegate_content::parse_cid(&root).ok()) {
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
                    let mut told = std::collections::BTreeSet::new();
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

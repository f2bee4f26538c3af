//! Letting content go. What nobody else holds is removed later (`collection.rs`).

use tidegate_content::Cid;

use super::{
    PinError, Pins,
    hold::{drop_job, release, root_text},
};
use crate::{
    blobs::Root,
    db::{
        AccountId, accounts,
        jobs::{self, JobId},
        pins,
    },
};

/// Jobs and pins that one transaction removes, at most; as the lists of `db` are bounded.
const BATCH: usize = 1000;

impl Pins {
    /// Removes all pins that the account has of `cid`, and its requests for it. False when it has none.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn unpin(&self, account: AccountId, cid: &Cid) -> Result<bool, PinError> {
        let mut any = false;
        loop {
            let (root, now) = (root_text(cid), self.clock.now());
            let removed = self.db.write(move |s| {
                Box::pin(async move {
                    accounts::lock(s, account).await?;
                    let jobs = jobs::jobs_of_root(s, account, &root).await?;
                    for job in &jobs {
                        drop_job(s, job, now).await?;
                    }
                    // A pin goes after all of its jobs.
                    if jobs.len() >= BATCH {
                        return Ok((true, true));
                    }
                    let pins = pins::pins_of_root(s, account, &root).await?;
                    for pin in &pins {
                        release(s, account, pin.id, now).await?;
                    }
                    Ok((!jobs.is_empty() || !pins.is_empty(), pins.len() >= BATCH))
                })
            });
            let (some, more) = removed.await?;
            any |= some;
            if !more {
                break;
            }
        }
        if any {
            self.let_go(&Root::of(cid));
        }
        Ok(any)
    }

    /// Removes one request of the account, done or not, and its pin. False when there is no such request.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn cancel(&self, account: AccountId, id: JobId) -> Result<bool, PinError> {
        let now = self.clock.now();
        let removed = self.db.write(move |s| {
            Box::pin(async move {
                accounts::lock(s, account).await?;
                let job = jobs::find_job(s, account, &id).await?;
                if let Some(job) = &job {
                    drop_job(s, job, now).await?;
                }
                Ok(job)
            })
        });
        let Some(job) = removed.await? else {
            return Ok(false);
        };
        if let Some(root) = job.job.root.and_then(|root| tidegate_content::parse_cid(&root).ok()) {
            self.let_go(&Root::of(&root));
        }
        Ok(true)
    }

    /// A pin of `root` was removed: readers ask again, and it may be time to collect.
    pub(super) fn let_go(&self, root: &Root) {
        self.public.invalidate(root);
        self.unpinned.notify_one();
    }
}

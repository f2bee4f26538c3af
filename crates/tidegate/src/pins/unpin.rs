//! Letting content go. What nobody else holds is removed later (`collection.rs`).

use tidegate_content::Cid;

use super::{
    Allowance, PinError, Pins,
    hold::{drop_job, release, root_text},
};
use crate::{
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId, DbError, PinId, Session, accounts,
        jobs::{self, JobId},
        pins::{self, Pin},
    },
};

/// Jobs and pins that one transaction removes, at most; as the lists of `db` are bounded.
const BATCH: usize = 1000;

impl Pins {
    /// Removes all pins of `cid` that somebody has and may remove, and requests for it. False when there are none.
    ///
    /// # Errors
    /// What the key does not let its holder, or the database cannot be written.
    pub async fn unpin(&self, by: impl Into<Allowance>, cid: &Cid) -> Result<bool, PinError> {
        let (by, mut any) = (by.into(), false);
        loop {
            let (by, root, now) = (by.clone(), root_text(cid), self.clock.now());
            let removed = self
                .db
                .try_write(move |s| Box::pin(async move { remove_some(s, &by, &root, !any, now).await }));
            match removed.await? {
                Removed::Nothing => break,
                Removed::All => {
                    any = true;
                    break;
                }
                Removed::Some => any = true,
            }
        }
        if any {
            self.let_go(&Root::of(cid));
        }
        Ok(any)
    }

    /// Removes one pin, and all requests that ended in it. False when there is no such pin.
    ///
    /// # Errors
    /// What the key does not let its holder, or the database cannot be written.
    pub async fn remove(&self, by: impl Into<Allowance>, id: PinId) -> Result<bool, PinError> {
        let (by, now) = (by.into(), self.clock.now());
        let mut removed = None;
        loop {
            let (by, is_first) = (by.clone(), removed.is_none());
            let step = self.db.try_write(move |s| {
                Box::pin(async move { remove_some_of_pin(s, &by, id, is_first, now).await })
            });
            // The pin is there as long as there is a request that ended in it.
            let Some(pin) = step.await? else { break };
            removed = Some(pin);
        }
        let Some(pin) = removed else { return Ok(false) };
        if let Ok(root) = tidegate_content::parse_cid(&pin.pin.root) {
            self.let_go(&Root::of(&root));
        }
        Ok(true)
    }

    /// Removes one request, done or not, and its pin. False when there is no such request.
    ///
    /// # Errors
    /// What the key does not let its holder, or the database cannot be written.
    pub async fn cancel(&self, by: impl Into<Allowance>, id: JobId) -> Result<bool, PinError> {
        let (by, now) = (by.into(), self.clock.now());
        let removed = self.db.try_write(move |s| {
            Box::pin(async move {
                accounts::lock(s, by.account).await?;
                let job = jobs::find_job(s, by.account, &id).await?;
                if let Some(job) = &job {
                    by.check_name(job.job.name.as_deref())?;
                    by.spend(s, now).await?;
                    drop_job(s, job, now).await?;
                }
                Ok::<_, PinError>(job)
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

/// What a transaction removed.
enum Removed {
    Nothing,
    /// There may be more.
    Some,
    All,
}

/// Removes requests for a root and pins of it, as many as one transaction may, whose names are right. The first time it is paid for.
async fn remove_some(
    s: &mut Session<'_>,
    by: &Allowance,
    root: &str,
    is_first: bool,
    now: Timestamp,
) -> Result<Removed, PinError> {
    let (account, names) = (by.account, by.name_prefix());
    accounts::lock(s, account).await?;
    let jobs = jobs::jobs_of_root(s, account, root, names).await?;
    for job in &jobs {
        drop_job(s, job, now).await?;
    }
    let (mut removed, mut more) = (jobs.len(), jobs.len() >= BATCH);
    // A pin goes after all of its jobs.
    if !more {
        let pins = pins::pins_of_root_named(s, account, root, names).await?;
        more = pins.len() >= BATCH;
        for pin in &pins {
            // What is asked for by another name as well stays.
            if !jobs::has_jobs(s, pin.id).await? {
                release(s, account, pin.id, now).await?;
                removed += 1;
            }
        }
    }
    if removed == 0 {
        if is_first && !names.is_empty() && is_any_left(s, account, root).await? {
            return Err(PinError::OutsidePrefix(names.to_owned()));
        }
        return Ok(Removed::Nothing);
    }
    if is_first {
        by.spend(s, now).await?;
    }
    Ok(if more { Removed::Some } else { Removed::All })
}

/// Removes requests that ended in a pin, as many as one transaction may, and the pin with the last of them. Returns the pin as it was, if
/// it was there. The first time it is paid for.
async fn remove_some_of_pin(
    s: &mut Session<'_>,
    by: &Allowance,
    id: PinId,
    is_first: bool,
    now: Timestamp,
) -> Result<Option<Pin>, PinError> {
    accounts::lock(s, by.account).await?;
    let Some(pin) = pins::find_pin(s, by.account, id).await? else { return Ok(None) };
    by.check_name(pin.pin.name.as_deref())?;
    if is_first {
        by.spend(s, now).await?;
    }
    let jobs = jobs::jobs_of_pin(s, id).await?;
    for job in &jobs {
        drop_job(s, job, now).await?;
    }
    if jobs.is_empty() {
        release(s, by.account, id, now).await?;
    }
    Ok(Some(pin))
}

async fn is_any_left(s: &mut Session<'_>, account: AccountId, root: &str) -> Result<bool, DbError> {
    let any_name = "";
    Ok(!jobs::jobs_of_root(s, account, root, any_name).await?.is_empty()
        || !pins::pins_of_root(s, account, root).await?.is_empty())
}

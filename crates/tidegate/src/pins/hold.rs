//! Holding content for an account and letting it go: the rules that all doors share, inside the transaction of the one who asks.
//!
//! Content is held by pins. An account pays once for a root, however many pins of it it has. Locks are taken in one order, so that
//! nobody waits in a circle: the account, the root's place among what was unpinned, the content.

use tidegate_content::Cid;

use super::{PinError, Wish};
use crate::{
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId, DbError, PinId, Session, accounts, contents,
        jobs::{self, Begin, Job, JobId, NewJob},
        pins::{self, Pin, Visibility},
        unpinned,
    },
    webhooks::{announce_removed, announce_result},
};

/// Records the pin and charges its account if it held nothing of that root. Its content is recorded in the same transaction, or
/// is [`here`].
///
/// Where nobody said who may read it, content that the account has so far kept private stays private.
///
/// # Errors
/// [`PinError::QuotaExceeded`], or a failure of the database.
pub(super) async fn hold(
    s: &mut Session<'_>,
    wish: Wish,
    quota: u64,
    now: Timestamp,
) -> Result<Pin, PinError> {
    let Wish { mut pin, as_visible_as_before } = wish;
    accounts::lock(s, pin.account).await?;
    let held = pins::pins_of_root(s, pin.account, &pin.root).await?;
    let is_private = |held: &Pin| held.pin.visibility == Visibility::Private;
    if as_visible_as_before && !held.is_empty() && held.iter().all(is_private) {
        pin.visibility = Visibility::Private;
    }
    let pinned = if as_visible_as_before {
        pins::upsert_pin_as_visible_as_before(s, &pin, now).await?
    } else {
        pins::upsert_pin(s, &pin, now).await?
    };
    if held.is_empty() && !accounts::charge(s, pin.account, pin.size, Some(quota)).await? {
        return Err(PinError::QuotaExceeded);
    }
    Ok(pinned)
}

/// Is the content of `root` here? If so it stays until the transaction ends, and longer if it is held by then.
///
/// # Errors
/// A failure of the database.
pub(super) async fn here(s: &mut Session<'_>, root: &str) -> Result<bool, DbError> {
    contents::touch(s, root).await
}

/// Removes a pin that no job refers to, and gives back what it cost if the account holds nothing else of that root.
///
/// # Errors
/// A failure of the database.
pub(super) async fn release(
    s: &mut Session<'_>,
    account: AccountId,
    pin: PinId,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(pin) = pins::delete_pin(s, account, pin).await? else {
        return Ok(());
    };
    if !pins::has_other_pins(s, &pin).await? {
        accounts::refund(s, account, pin.pin.size).await?;
    }
    unpinned::note(s, &pin.pin.root, now).await
}

/// Removes a job, and its pin if it was the pin's last.
pub(super) async fn drop_job(s: &mut Session<'_>, job: &Job, now: Timestamp) -> Result<(), DbError> {
    announce_removed(s, job, now).await?;
    jobs::delete_job(s, job).await?;
    match job.pin {
        Some(pin) if !jobs::has_jobs(s, pin).await? => release(s, job.job.account, pin, now).await,
        _ => Ok(()),
    }
}

/// Records the job of an upload, which is done as soon as it is there. A pin that was renewed has one job, the new one; the old ones
/// go after it has come, so that at no time there is a pin without one, and nobody is told so.
pub(super) async fn job_of_upload(s: &mut Session<'_>, pin: &Pin, now: Timestamp) -> Result<(), DbError> {
    let before = if pin.is_new() { Vec::new() } else { jobs::jobs_of_pin(s, pin.id).await? };
    let job = NewJob {
        id: JobId::new(),
        account: pin.pin.account,
        source: pin.pin.source,
        root: Some(pin.pin.root.clone()),
        cid: Some(pin.pin.cid.clone()),
        name: pin.pin.name.clone(),
        meta: pin.pin.meta.clone(),
        origins: "[]".to_owned(),
        visibility: pin.pin.visibility,
        task: "{}".to_owned(),
    };
    let job = jobs::insert_job(s, &job, Begin::Pinned(pin.id), now).await?;
    for job in before {
        jobs::delete_job(s, &job).await?;
    }
    announce_result(s, &job, now).await
}

/// The form under which pins and jobs of `cid` are found.
pub(super) fn root_text(cid: &Cid) -> String {
    Root::of(cid).to_string()
}

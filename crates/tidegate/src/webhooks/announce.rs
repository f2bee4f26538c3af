//! What is written down with a change, in its transaction.

use super::message::{self, Event};
use crate::{
    clock::Timestamp,
    db::{
        DbError, Session,
        jobs::{self, Job, JobStatus},
        pins::{self, PinSource},
        webhooks::{
            self as rows,
            deliveries::{self, NewDelivery},
        },
    },
    pins::Fetch,
};

/// Tells what became of a job, if that is its end: it is pinned, or failed and is not tried again. To be called in the transaction
/// that says so, after it was said.
///
/// # Errors
/// A failure of the database.
pub async fn announce_result(s: &mut Session<'_>, job: &Job, now: Timestamp) -> Result<(), DbError> {
    let has_webhooks = rows::count(s, job.job.account).await? > 0;
    let may_call_back = job.job.source == PinSource::PinFromS3;
    if !has_webhooks && !may_call_back {
        return Ok(());
    }
    // As it is now; the caller's copy may be older.
    let Some(job) = jobs::find_job(s, job.job.account, &job.job.id).await? else {
        return Ok(());
    };
    let event = match job.status {
        JobStatus::Pinned => Event::Pinned,
        JobStatus::Failed if job.due_at.is_none() => Event::Failed,
        _ => return Ok(()),
    };
    if may_call_back {
        call_back(s, &job, now).await?;
    }
    if has_webhooks {
        tell(s, &job, event, now).await?;
    }
    Ok(())
}

/// Tells that a request is about to be removed, with its pin if that was its last.
///
/// # Errors
/// A failure of the database.
pub async fn announce_removed(s: &mut Session<'_>, job: &Job, now: Timestamp) -> Result<(), DbError> {
    if rows::count(s, job.job.account).await? > 0 {
        tell(s, job, Event::Removed, now).await?;
    }
    Ok(())
}

async fn tell(s: &mut Session<'_>, job: &Job, event: Event, now: Timestamp) -> Result<(), DbError> {
    let name = event.as_str();
    let mut payload = None;
    for webhook in rows::list(s, job.job.account).await? {
        if !webhook.active || !webhook.events.iter().any(|wanted| wanted == name) {
            continue;
        }
        let text = match payload.take() {
            Some(text) => text,
            None => message::event(event, job, size(s, job).await?, now),
        };
        deliveries::insert(s, &webhook.id, &NewDelivery::new(name, text.clone()), now).await?;
        payload = Some(text);
    }
    Ok(())
}

async fn call_back(s: &mut Session<'_>, job: &Job, now: Timestamp) -> Result<(), DbError> {
    let task: Option<Fetch> = serde_json::from_str(&job.job.task).ok();
    let Some(url) = task.and_then(|fetch| fetch.callback) else {
        return Ok(());
    };
    if let Some(webhook) = rows::find_callbacks(s, job.job.account).await? {
        let message =
            NewDelivery { url: Some(url), ..NewDelivery::new(message::CALLBACK, message::callback(job)) };
        deliveries::insert(s, &webhook.id, &message, now).await?;
    }
    Ok(())
}

/// Bytes of what the job pinned.
async fn size(s: &mut Session<'_>, job: &Job) -> Result<Option<u64>, DbError> {
    let Some(pin) = job.pin else { return Ok(None) };
    Ok(pins::find_pin(s, job.job.account, pin).await?.map(|pin| pin.pin.size))
}

//! Fulfilling requests: what a worker found is kept as the pin that was asked for, and the job ends with it.

use super::{PinError, Pins};
use crate::{
    blobs::Root,
    db::{
        contents::{self, NewContent},
        jobs::{
            Job, Progress,
            queue::{self, Outcome},
        },
        pins::{self, NewPin},
    },
    pull::Pulled,
    telemetry::metrics,
};

impl Pins {
    /// Waits until a request may have come. Somebody else's process may have recorded it, so this is no more than a hint.
    pub async fn requested(&self) {
        self.work.notified().await;
    }

    /// Has a worker look at what is due now.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// Fulfils `job`, which `holder` holds, with content that is here already. Nothing happens, and the answer is false, when there
    /// is no such content, or the job is not the holder's any more.
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then.
    pub async fn keep_what_is_here(&self, job: &Job, holder: &str, root: Root) -> Result<bool, PinError> {
        let _publishing = self.publishing.lock(root).await;
        let Some(content) = self.find_content(&root.to_string()).await? else {
            return Ok(false);
        };
        self.commit_job(job, holder, None, content.content.size).await
    }

    /// Fulfils `job`, which `holder` holds, with a DAG that was brought in. False when the job is not the holder's any more: somebody
    /// took the request back, or another process took it over.
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then, and nothing stays behind.
    pub async fn keep_pulled(&self, job: &Job, holder: &str, pulled: Pulled) -> Result<bool, PinError> {
        // What has begun is finished, also when the worker does not wait for it any more.
        let (pins, job, holder) = (self.clone(), job.clone(), holder.to_owned());
        tokio::spawn(async move { pins.place_pulled(&job, &holder, pulled).await })
            .await
            .map_err(|_| PinError::Stopped)?
    }

    async fn place_pulled(&self, job: &Job, holder: &str, pulled: Pulled) -> Result<bool, PinError> {
        let (root, size) = (pulled.sealed.root, pulled.size);
        let _publishing = self.publishing.lock(root).await;
        if self.content_exists(&root.to_string()).await? {
            return self.commit_job(job, holder, None, size).await;
        }
        let placed = self.put_in_place(pulled.sealed, pulled.kind, size).await;
        let committed = match placed {
            Ok(placed) => self.commit_job(job, holder, Some(placed), size).await,
            Err(error) => Err(error),
        };
        if !matches!(committed, Ok(true)) {
            self.take_back(root).await;
        }
        committed
    }

    /// One transaction: the job is still this holder's, the content if it is new, the pin and what it costs, the job's end.
    async fn commit_job(
        &self,
        job: &Job,
        holder: &str,
        content: Option<(NewContent, Vec<i64>)>,
        size: u64,
    ) -> Result<bool, PinError> {
        let (quota, now) = (self.limits.account_quota.as_u64(), self.clock.now());
        let (job, holder) = (job.clone(), holder.to_owned());
        let source = job.job.source;
        let kept = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    if !queue::holds_job(s, job.job.account, &job.job.id, &holder).await? {
                        return Ok(false);
                    }
                    let Some(pin) = pin_of(&job, size) else {
                        return Err(PinError::Stopped);
                    };
                    let pinned = pins::upsert_pin(s, &pin, now).await?;
                    super::charge_once(s, &pinned, quota).await?;
                    let blocks = match content {
                        Some((content, prefixes)) => {
                            super::record_content(s, &content, &prefixes, now).await?;
                            Some((content.car_bytes, content.block_count))
                        }
                        None => contents::find_content(s, &pin.root)
                            .await?
                            .map(|found| (found.content.car_bytes, found.content.block_count)),
                    };
                    let (bytes, blocks) = blocks.unwrap_or_default();
                    let progress =
                        Progress { bytes_done: bytes, bytes_total: Some(bytes), blocks_done: blocks };
                    let outcome = Outcome::Pinned { pin: pinned.id, found: None };
                    Ok(queue::finish_job(s, &job, &holder, outcome, progress, now).await?)
                })
            })
            .await?;
        if kept {
            metrics::pinned(source.as_str());
        }
        Ok(kept)
    }
}

/// The pin that a job asks for, once it is known what.
fn pin_of(job: &Job, size: u64) -> Option<NewPin> {
    let job = &job.job;
    Some(NewPin {
        account: job.account,
        root: job.root.clone()?,
        cid: job.cid.clone()?,
        name: job.name.clone(),
        meta: job.meta.clone(),
        visibility: job.visibility,
        source: job.source,
        size,
    })
}

//! Fulfilling requests: what a worker found is kept as the pin that was asked for, and the job ends with it.

use tidegate_content::{Profile, parse_cid};

use super::{
    PinError, Pins, Upload,
    hold::{here, hold},
    publish::record_content,
    request::wish_of,
    room::Place,
};
use crate::{
    blobs::{Root, Sealed},
    db::{
        contents::{self, ContentKind, NewContent},
        jobs::{
            Job, Progress,
            queue::{self, Outcome},
        },
    },
    pull::Pulled,
    telemetry::metrics,
    webhooks::announce_result,
};

/// Content that waits for its place.
struct File {
    sealed: Sealed,
    kind: ContentKind,
    /// Bytes of content.
    size: u64,
}

impl Pins {
    /// Waits until a request may have come. Somebody else's process may have recorded it, so this is no more than a hint.
    pub async fn requested(&self) {
        self.work.notified().await;
    }

    /// Has a worker look at what is due now.
    pub fn wake(&self) {
        self.work.notify_one();
        self.news.notify_one();
    }

    /// Fulfils `job`, which `holder` holds, with content that is here already; false when there is no such content. A job that is
    /// not the holder's any more needs nothing.
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then.
    pub async fn keep_what_is_here(&self, job: &Job, holder: &str, root: Root) -> Result<bool, PinError> {
        let _publishing = self.publishing.lock(root).await;
        let text = root.to_string();
        let found =
            self.db.read(move |s| Box::pin(async move { contents::find_content(s, &text).await })).await?;
        let Some(content) = found else {
            return Ok(false);
        };
        let kept = self.commit_job(job, holder, None, content.content.size).await?;
        Ok(kept.is_some())
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
        let file = File { sealed: pulled.sealed, kind: pulled.kind, size: pulled.size };
        self.place(job, holder, file, pulled.place).await
    }

    /// Fulfils `job`, which `holder` holds and which names no content, with what was received for it. False when the job is not the
    /// holder's any more.
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then, and nothing stays behind.
    pub async fn keep_received(&self, job: &Job, holder: &str, upload: Upload) -> Result<bool, PinError> {
        let (found, place) = upload.seal_whole(Profile::UNIXFS_V0_2015, false).await?;
        let (pins, mut job, holder) = (self.clone(), job.clone(), holder.to_owned());
        job.job.root = Some(found.sealed.root.to_string());
        job.job.cid = Some(found.cid.to_string());
        let file = File { sealed: found.sealed, kind: ContentKind::File, size: found.size };
        tokio::spawn(async move { pins.place(&job, &holder, file, place).await })
            .await
            .map_err(|_| PinError::Stopped)?
    }

    async fn place(&self, job: &Job, holder: &str, file: File, mut place: Place) -> Result<bool, PinError> {
        let File { sealed, kind, size } = file;
        let root = sealed.root;
        // Before the lock: making room takes the locks of what is removed.
        self.reserve(&mut place, sealed.car_bytes).await?;
        let _publishing = self.publishing.lock(root).await;
        if self.content_exists(&root.to_string()).await?
            && let Some(kept) = self.commit_job(job, holder, None, size).await?
        {
            return Ok(kept);
        }
        let committed = match self.put_in_place(sealed, kind, size).await {
            Ok(placed) => self.commit_job(job, holder, Some(placed), size).await,
            Err(error) => Err(error),
        };
        if matches!(committed, Ok(Some(true))) {
            place.keep();
        } else {
            self.take_back(root).await;
        }
        Ok(committed? == Some(true))
    }

    /// One transaction: the job is still this holder's, the content if it is new, the pin and what it costs, the job's end. Nothing
    /// when the content should be here and is not; false when the job is another's.
    async fn commit_job(
        &self,
        job: &Job,
        holder: &str,
        content: Option<(NewContent, Vec<i64>)>,
        size: u64,
    ) -> Result<Option<bool>, PinError> {
        let (quota, now) = (self.limits.account_quota.as_u64(), self.clock.now());
        let (job, holder) = (job.clone(), holder.to_owned());
        let (source, root) = (job.job.source, job.job.root.as_deref().and_then(|root| parse_cid(root).ok()));
        let kept = self
            .db
            .try_write(move |s| {
                Box::pin(async move {
                    if !queue::holds_job(s, job.job.account, &job.job.id, &holder).await? {
                        return Ok(Some(false));
                    }
                    let wish = wish_of(&job.job, size);
                    if let Some((content, prefixes)) = content {
                        record_content(s, &content, &prefixes, now).await?;
                    } else if !here(s, &wish.pin.root).await? {
                        return Ok(None);
                    }
                    let stored = contents::find_content(s, &wish.pin.root).await?.map(|found| found.content);
                    let (bytes, blocks) =
                        stored.map_or((0, 0), |content| (content.car_bytes, content.block_count));
                    let progress =
                        Progress { bytes_done: bytes, bytes_total: Some(bytes), blocks_done: blocks };
                    let pinned = hold(s, wish, quota, now).await?;
                    // A job that did not know what its content is knows now.
                    let found = job.job.root.clone().zip(job.job.cid.clone());
                    let outcome = Outcome::Pinned { pin: pinned.id, found };
                    let finished = queue::finish_job(s, &job, &holder, outcome, progress, now).await?;
                    if finished {
                        announce_result(s, &job, now).await?;
                    }
                    Ok::<_, PinError>(Some(finished))
                })
            })
            .await?;
        if kept == Some(true) {
            if let Some(root) = root {
                self.public.invalidate(&Root::of(&root));
            }
            metrics::pinned(source.as_str());
            self.news.notify_one();
        }
        Ok(kept)
    }
}

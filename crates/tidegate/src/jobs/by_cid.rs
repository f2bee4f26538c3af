//! Content that is asked for by its CID: taken from here where it may be, else brought in from elsewhere.

use tidegate_content::{Cid, parse_cid};

use super::{
    requests::{Done, Worker},
    retry::after_failure,
};
use crate::{
    blobs::Root,
    db::{
        jobs::{
            Job,
            queue::{self, Outcome},
        },
        pins,
    },
    pins::{LookupError, PinError},
    pull::{PullError, Watched},
};

impl Worker {
    /// One try at a job that names its content.
    pub(super) async fn by_cid(&self, job: &Job, holder: &str, watched: &Watched) -> Done {
        let Some(cid) = job.job.cid.as_deref().and_then(|cid| parse_cid(cid).ok()) else {
            let reason = "the CID of this request cannot be read".to_owned();
            return Done::Ended(Outcome::Failed { reason, again_at: None });
        };
        match self.try_by_cid(job, holder, cid, watched).await {
            Ok(()) => Done::Settled,
            Err(failure) => Done::Ended(self.outcome(job, failure)),
        }
    }

    async fn try_by_cid(&self, job: &Job, holder: &str, cid: Cid, watched: &Watched) -> Result<(), TryError> {
        let root = Root::of(&cid);
        if self.may_take(job, &root).await? && self.app.pins.keep_what_is_here(job, holder, root).await? {
            return Ok(());
        }
        let origins: Vec<String> = serde_json::from_str(&job.job.origins).unwrap_or_default();
        self.app.puller.hint(&origins).await;
        let pulled = loop {
            match self.app.puller.pull(cid, watched).await {
                // Unpinned content goes before its time; where that is not enough, a later try may find more.
                Err(PullError::StoreFull(rest)) => self.app.pins.make_room(rest).await?,
                pulled => break pulled?,
            }
        };
        self.app.pins.keep_pulled(job, holder, pulled).await?;
        Ok(())
    }

    /// Whether the account may have the content from here: it is public, or the account pins it already. Otherwise knowing the CID of
    /// what is private would be enough to get at it.
    async fn may_take(&self, job: &Job, root: &Root) -> Result<bool, TryError> {
        if self.app.library.is_public(root).await? {
            return Ok(true);
        }
        let (account, root) = (job.job.account, root.to_string());
        let own = self
            .app
            .db
            .read(move |s| Box::pin(async move { pins::pins_of_root(s, account, &root).await }))
            .await;
        Ok(!own.map_err(LookupError::from)?.is_empty())
    }

    fn outcome(&self, job: &Job, failure: TryError) -> Outcome {
        let (reason, is_final) = match failure {
            TryError::Pull(PullError::Lookup(error)) => (log(job, &error), false),
            TryError::Pull(error) => (error.to_string(), error.is_final()),
            TryError::Pin(error @ PinError::QuotaExceeded) => (error.to_string(), true),
            TryError::Pin(PinError::StoreFull) => (PullError::StoreFull(0).to_string(), false),
            TryError::Pin(error) => (log(job, &error), false),
        };
        if is_final {
            return Outcome::Failed { reason, again_at: None };
        }
        after_failure(job, reason, self.app.clock.now(), self.app.config.pull.give_up_after)
    }

    /// Removes what has come of a DAG if nobody waits for it any more.
    pub(super) async fn tidy(&self, job: &Job) {
        if let Some(root) = job.job.root.as_deref().and_then(|root| parse_cid(root).ok()) {
            self.forget_unless_wanted(Root::of(&root)).await;
        }
    }

    /// The same for all that an earlier process left.
    pub(super) async fn sweep(&self) {
        match self.app.puller.unfinished().await {
            Ok(roots) => {
                for root in roots {
                    self.forget_unless_wanted(root).await;
                }
            }
            Err(error) => tracing::warn!(%error, "cannot look for unfinished content"),
        }
    }

    async fn forget_unless_wanted(&self, root: Root) {
        let forgotten = async {
            let text = root.to_string();
            let wanted =
                self.app.db.read(move |s| Box::pin(async move { queue::is_awaited(s, &text).await })).await;
            if !wanted.map_err(LookupError::from)? {
                self.app.puller.forget(root).await?;
            }
            Ok::<_, PullError>(())
        };
        if let Err(error) = forgotten.await {
            tracing::warn!(%root, %error, "unfinished content stays on the disk until the next start");
        }
    }
}

/// Why a try failed.
enum TryError {
    Pull(PullError),
    Pin(PinError),
}

impl From<PullError> for TryError {
    fn from(error: PullError) -> Self {
        Self::Pull(error)
    }
}

impl From<PinError> for TryError {
    fn from(error: PinError) -> Self {
        Self::Pin(error)
    }
}

impl From<LookupError> for TryError {
    fn from(error: LookupError) -> Self {
        Self::Pull(error.into())
    }
}

/// What is wrong on our side is for the log; the user is told that it is.
pub(super) fn log(job: &Job, error: &dyn std::error::Error) -> String {
    tracing::error!(job = %job.job.id, %error, "a request could not be worked on");
    "the server could not work on it just now".to_owned()
}

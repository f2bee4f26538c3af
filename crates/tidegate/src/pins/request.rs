//! Requests for content by its CID: recorded here, fulfilled by a worker.

use std::collections::BTreeMap;

use tidegate_content::{Cid, Frontier, FrontierLimits};

use super::{PinError, Pins};
use crate::{
    blobs::Root,
    db::{
        AccountId,
        jobs::{self, Begin, Job, JobId, NewJob},
        pins::{PinSource, Visibility},
    },
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
    /// Records a request of the account. A worker sees to it soon, and what becomes of it is told by the job.
    ///
    /// # Errors
    /// [`PinError::CannotPull`] for a CID whose content could never be checked, and those of the database.
    pub async fn request(&self, account: AccountId, request: Request) -> Result<Job, PinError> {
        let anything = FrontierLimits { blocks: u64::MAX, bytes: u64::MAX };
        Frontier::new(request.cid, anything)?;
        let (job, now) = (request.into_job(account), self.clock.now());
        let job = self
            .db
            .write(move |s| Box::pin(async move { jobs::insert_job(s, &job, Begin::Queued, now).await }))
            .await?;
        self.wake();
        Ok(job)
    }
}

impl Request {
    fn into_job(self, account: AccountId) -> NewJob {
        NewJob {
            id: JobId::new(),
            account,
            source: self.source,
            root: Some(Root::of(&self.cid).to_string()),
            cid: Some(self.cid_text),
            name: self.name,
            meta: serde_json::to_string(&self.meta).unwrap_or_default(),
            origins: serde_json::to_string(&self.origins).unwrap_or_default(),
            visibility: self.visibility,
            task: "{}".to_owned(),
        }
    }
}

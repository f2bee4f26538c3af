//! Requests for a file at an address that is not known yet: somebody is asked for it when the work begins.

use serde::{Deserialize, Serialize};

use super::{PinError, Pins};
use crate::db::{
    AccountId, accounts,
    jobs::{self, Begin, Job, JobId, NewJob},
    pins::{PinSource, Visibility},
};

/// Where a file comes from, and who is told when it is here. Kept with the job as its task; its URLs are secrets.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    /// Who tells the file's URL, anew for each try.
    pub request_endpoint: String,
    /// Where the result is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

impl Pins {
    /// Records a request of the account for the file that `fetch` leads to. It is queued.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn request_fetch(
        &self,
        account: AccountId,
        fetch: &Fetch,
        name: Option<String>,
    ) -> Result<Job, PinError> {
        let now = self.clock.now();
        let job = NewJob {
            id: JobId::new(),
            account,
            source: PinSource::PinFromS3,
            root: None,
            cid: None,
            name,
            meta: "{}".to_owned(),
            origins: "[]".to_owned(),
            visibility: Visibility::Public,
            // Two texts always can be written.
            task: serde_json::to_string(fetch).unwrap_or_default(),
        };
        let recorded = self.db.write(move |s| {
            Box::pin(async move {
                accounts::lock(s, account).await?;
                jobs::insert_job(s, &job, Begin::Queued, now).await
            })
        });
        let job = recorded.await?;
        self.wake();
        Ok(job)
    }
}

//! Requests for a file at an address that is not known yet: somebody is asked for it when the work begins.

use serde::{Deserialize, Serialize};

use super::{Allowance, PinError, Pins};
use crate::db::{
    jobs::{Job, JobId, NewJob},
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
    /// [`PinError::TooManyQueued`], what the key does not let its holder, or a failure of the database.
    pub async fn request_fetch(
        &self,
        by: impl Into<Allowance>,
        fetch: &Fetch,
        name: Option<String>,
    ) -> Result<Job, PinError> {
        let by = by.into();
        let job = NewJob {
            id: JobId::new(),
            account: by.account,
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
        self.record_request(by, job).await
    }
}

//! An upload begins, if there is room for all of it and its claim, where there is one, is good.

use super::{Refusal, UploadError, Uploads, Wish};
use crate::{
    accounts::Caller,
    db::{
        AccountId, accounts,
        uploads::{self, NewUpload, StoredUpload, UploadState},
    },
    pins::PinError,
};

/// Unfinished uploads of one account.
const PER_ACCOUNT: u64 = 1000;

impl Uploads {
    /// Begins an upload of `length` bytes, if that is known, of which the client says `metadata`, understood as `wish`.
    ///
    /// # Errors
    /// What is said makes no sense, is not signed by the account, or is more than there is room for.
    pub async fn create(
        &self,
        caller: &Caller,
        length: Option<u64>,
        metadata: String,
        wish: &Wish,
    ) -> Result<StoredUpload, UploadError> {
        self.0.pins.check_role()?;
        if length.is_some_and(|length| length > self.0.limit) {
            return Err(UploadError::TooLong(self.0.limit));
        }
        self.check_claim(caller.account, wish).await?;
        let place = self.0.pins.reserve_place(length.unwrap_or(0)).await?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let upload = NewUpload {
            id: id.clone(),
            account: caller.account,
            key: caller.key.clone(),
            node: self.0.pins.node().to_owned(),
            length,
            metadata,
            wish: wish.to_json(),
        };
        let now = self.0.clock.now();
        let stored = StoredUpload {
            upload,
            state: UploadState::Open,
            outcome: None,
            created_at: now,
            expires_at: now.plus(self.0.expiry),
        };
        self.0.folder.create(&id).await?;
        self.0.live.begin(&id, place);
        if let Err(error) = self.record(stored.clone()).await {
            self.forget(&id).await;
            return Err(error);
        }
        Ok(stored)
    }

    /// Records a new upload, unless its account has announced too much.
    async fn record(&self, stored: StoredUpload) -> Result<(), UploadError> {
        let quota = self.0.quota;
        let recorded = self.0.db.try_write(move |s| {
            Box::pin(async move {
                let StoredUpload { upload, created_at, expires_at, .. } = stored;
                accounts::lock(s, upload.account).await?;
                let promised = uploads::promised(s, upload.account).await?;
                if promised.uploads >= PER_ACCOUNT {
                    return Err(UploadError::TooMany);
                }
                let account =
                    accounts::find_account(s, upload.account).await?.ok_or(UploadError::NotFound)?;
                let quota = account.quota_bytes.unwrap_or(quota);
                let all = account.used_bytes.saturating_add(promised.bytes);
                if all.saturating_add(upload.length.unwrap_or(0)) > quota {
                    return Err(PinError::QuotaExceeded.into());
                }
                Ok(uploads::insert_upload(s, &upload, created_at, expires_at).await?)
            })
        });
        recorded.await
    }

    /// A claim that is known must be the account's own.
    pub(super) async fn check_claim(&self, account: AccountId, wish: &Wish) -> Result<(), UploadError> {
        wish.check().map_err(UploadError::Wish)?;
        let Some(claim) = wish.claim() else { return Ok(()) };
        let signed = self.0.accounts.verify_cid_signature(account, &claim.text, &claim.secret).await?;
        if signed { Ok(()) } else { Err(Refusal::mismatch().into()) }
    }
}

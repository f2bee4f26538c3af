//! An upload goes: its owner says so, or nothing was heard of it for too long.

use super::{UploadError, Uploads};
use crate::{
    clock::Timestamp,
    db::{AccountId, DbError, uploads},
};

impl Uploads {
    /// Forgets an upload and removes its bytes. What it became stays.
    ///
    /// # Errors
    /// There is no such upload, or it is just being imported; or a failure.
    pub async fn terminate(&self, account: AccountId, id: &str) -> Result<(), UploadError> {
        self.find(account, id).await?;
        let live = self.0.live.of(id);
        let _claim = live.claim().await;
        if live.importing().is_some() {
            return Err(UploadError::Importing);
        }
        let deleted = self.delete_record(id, None).await?;
        self.forget(id).await;
        if deleted { Ok(()) } else { Err(UploadError::NotFound) }
    }

    /// Removes the uploads of this node of which nothing was heard for too long; returns how many.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn expire(&self) -> Result<usize, UploadError> {
        const PAGE: u32 = 1000;
        let (node, now) = (self.0.pins.node().to_owned(), self.0.clock.now());
        let expired = self
            .0
            .db
            .read(move |s| Box::pin(async move { uploads::expired_uploads(s, &node, now, PAGE).await }))
            .await?;
        let mut removed = 0;
        for stored in expired {
            let id = stored.upload.id;
            let live = self.0.live.of(&id);
            // Whoever has the turn is about to prolong it.
            let Some(_turn) = live.try_turn().filter(|_| live.importing().is_none()) else { continue };
            if self.delete_record(&id, Some(now)).await? {
                self.forget(&id).await;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Forgets an upload, or only one that has expired by a moment; false when it is not there. It may be its bytes that fill the
    /// disk, so that not even the record can be removed: then they go first.
    pub(super) async fn delete_record(
        &self,
        id: &str,
        expired_by: Option<Timestamp>,
    ) -> Result<bool, UploadError> {
        match self.try_delete_record(id, expired_by).await {
            Err(error) if error.is_full() => {
                self.0.folder.empty(id).await?;
                Ok(self.try_delete_record(id, expired_by).await?)
            }
            deleted => Ok(deleted?),
        }
    }

    async fn try_delete_record(&self, id: &str, expired_by: Option<Timestamp>) -> Result<bool, DbError> {
        let id = id.to_owned();
        let deletion = self.0.db.write(move |s| {
            Box::pin(async move {
                match expired_by {
                    Some(now) => uploads::delete_expired_upload(s, &id, now).await,
                    None => uploads::delete_upload(s, &id).await,
                }
            })
        });
        deletion.await
    }

    /// Removes the bytes of an upload that is not recorded any more. What fails here is done at the next start.
    pub(super) async fn forget(&self, id: &str) {
        self.0.live.forget(id);
        if let Err(error) = self.0.folder.remove(id).await {
            tracing::warn!(%error, "the bytes of an upload are left for the next start to remove");
        }
    }
}

//! What an earlier process left: rows without bytes and bytes without rows go, and the room of all others is kept again.

use super::Uploads;
use crate::db::uploads::{self, StoredUpload, UploadState};

/// Rows read at once.
const PAGE: u32 = 1000;

impl Uploads {
    /// Once, before anything is received.
    pub(super) async fn recover(&self) -> anyhow::Result<()> {
        let folder = self.0.folder.clone();
        let mut files = tokio::task::spawn_blocking(move || folder.recover()).await??;
        files.sort_unstable();
        let mut removed = 0;
        for stored in self.all_of_this_node().await? {
            let id = &stored.upload.id;
            let file = files.binary_search(id);
            match (stored.state, file) {
                (UploadState::Open, Ok(at)) => {
                    files.remove(at);
                    let here = self.0.folder.len(id).await?.unwrap_or(0);
                    let room = stored.upload.length.unwrap_or(here).max(here);
                    self.0.live.begin(id, self.0.pins.hold_place(room));
                }
                (UploadState::Open, Err(_)) => {
                    self.delete_record(id, None).await?;
                    removed += 1;
                }
                (UploadState::Pinned | UploadState::Failed, _) => {}
            }
        }
        for id in files {
            self.0.folder.remove(&id).await?;
            removed += 1;
        }
        if removed > 0 {
            tracing::info!(removed, "removed what was left of uploads");
        }
        Ok(())
    }

    async fn all_of_this_node(&self) -> anyhow::Result<Vec<StoredUpload>> {
        let mut all: Vec<StoredUpload> = Vec::new();
        loop {
            let node = self.0.pins.node().to_owned();
            let after = all.last().map_or_else(String::new, |last| last.upload.id.clone());
            let page = self.0.db.read(move |s| {
                Box::pin(async move { uploads::uploads_of_node(s, &node, &after, PAGE).await })
            });
            let page = page.await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

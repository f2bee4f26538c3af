//! From a sealed file to content that is pinned: announced, renamed into place, recorded, answered. At every moment a crash leaves
//! either a pin or something that the next start removes ([`Pins::clean`]).

use std::sync::Arc;

use super::{
    Allowance, PinError, Pins, Wish,
    collect::Found,
    hold::{here, hold, job_of_upload},
    room::Place,
};
use crate::{
    blobs::{BlobError, Root, Sealed},
    clock::Timestamp,
    db::{
        DbError, Session, accounts,
        contents::{self, ContentKind, NewContent},
        pins::Pin,
    },
    telemetry::metrics,
};

impl Pins {
    /// Keeps what an upload holds, which is nothing new where the content is here already.
    pub(super) async fn keep(
        &self,
        found: Found,
        mut place: Place,
        wish: Wish,
        by: Allowance,
    ) -> Result<Pin, PinError> {
        let root = found.sealed.root;
        // So far only what came was counted; the file around it is a little more. Before the lock: making room takes the locks of
        // what is removed.
        self.reserve(&mut place, found.sealed.car_bytes).await?;
        // Two uploads of the same content would rename and remove each other's file.
        let _publishing = self.publishing.lock(root).await;
        let mut pinned = None;
        if self.content_exists(&wish.pin.root).await? {
            // Nothing when another process has just removed it.
            pinned = self.commit(None, wish.clone(), by.clone()).await?;
        }
        let pinned = match pinned {
            Some(pinned) => pinned,
            None => {
                let pinned = self.publish(found, wish, by).await?;
                place.keep();
                pinned
            }
        };
        self.public.invalidate(&root);
        metrics::pinned(pinned.pin.source.as_str());
        self.news.notify_one();
        Ok(pinned)
    }

    async fn publish(&self, found: Found, wish: Wish, by: Allowance) -> Result<Pin, PinError> {
        let root = found.sealed.root;
        let committed = match self.put_in_place(found.sealed, found.kind, found.size).await {
            // A content that comes with its pin cannot be missing.
            Ok(placed) => {
                self.commit(Some(placed), wish, by).await.and_then(|pinned| pinned.ok_or(PinError::Stopped))
            }
            Err(error) => Err(error),
        };
        if committed.is_err() {
            self.take_back(root).await;
        }
        committed
    }

    /// Announces the content and gives its file its name; what is to be committed then, or taken back.
    pub(super) async fn put_in_place(
        &self,
        mut sealed: Sealed,
        kind: ContentKind,
        size: u64,
    ) -> Result<(NewContent, Vec<i64>), PinError> {
        let content = NewContent {
            root: sealed.root.to_string(),
            kind,
            size,
            car_bytes: sealed.car_bytes,
            block_count: sealed.block_prefixes.len() as u64,
        };
        let (text, node, now) = (content.root.clone(), Arc::clone(&self.node), self.clock.now());
        self.db
            .write(move |s| Box::pin(async move { contents::announce_incoming(s, &text, &node, now).await }))
            .await?;
        let mut prefixes = std::mem::take(&mut sealed.block_prefixes);
        prefixes.sort_unstable();
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.publish(sealed)).await.map_err(|_| PinError::Stopped)??;
        Ok((content, prefixes))
    }

    /// One transaction: the content and its blocks if they are new, the pin and its job, and what it costs its account and its key. Nothing
    /// when the content should be here and is not.
    async fn commit(
        &self,
        content: Option<(NewContent, Vec<i64>)>,
        wish: Wish,
        by: Allowance,
    ) -> Result<Option<Pin>, PinError> {
        let (quota, now) = (self.limits.account_quota.as_u64(), self.clock.now());
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::lock(s, wish.pin.account).await?;
                    if let Some((content, prefixes)) = content {
                        record_content(s, &content, &prefixes, now).await?;
                    } else if !here(s, &wish.pin.root).await? {
                        return Ok(None);
                    }
                    by.check_pin(s, &wish.pin).await?;
                    by.spend(s, now).await?;
                    let pinned = hold(s, wish, quota, now).await?;
                    job_of_upload(s, &pinned, now).await?;
                    Ok(Some(pinned))
                })
            })
            .await
    }

    /// Takes so many bytes altogether, after removing unpinned content before its time if need be.
    pub(super) async fn reserve(&self, place: &mut Place, bytes: u64) -> Result<(), PinError> {
        if place.take(bytes) {
            return Ok(());
        }
        self.make_room(bytes.saturating_sub(place.bytes())).await?;
        if place.take(bytes) { Ok(()) } else { Err(PinError::StoreFull) }
    }

    /// A place for bytes that were announced, after removing unpinned content before its time if need be.
    ///
    /// # Errors
    /// [`PinError::StoreFull`], or a failure.
    pub(crate) async fn reserve_place(&self, bytes: u64) -> Result<Place, PinError> {
        let mut place = self.room.place();
        self.reserve(&mut place, bytes).await?;
        Ok(place)
    }

    /// Makes a place as large as so many bytes need, if it is not.
    ///
    /// # Errors
    /// [`PinError::StoreFull`], or a failure; the place stays as it was then.
    pub(crate) async fn grow_place(&self, place: &mut Place, bytes: u64) -> Result<(), PinError> {
        if bytes > place.bytes() { self.reserve(place, bytes).await } else { Ok(()) }
    }

    /// A place for bytes that are here already, whether there is room or not.
    pub(crate) fn hold_place(&self, bytes: u64) -> Place {
        self.room.hold(bytes)
    }

    /// Undoes a publication that was not committed. What fails here is done at the next start.
    pub(super) async fn take_back(&self, root: Root) {
        let (store, text) = (self.store.clone(), root.to_string());
        // A commit may have happened though its answer was lost: then the file must stay.
        let undone = async {
            if !self.content_exists(&text).await? {
                tokio::task::spawn_blocking(move || store.remove(&root))
                    .await
                    .map_err(|_| PinError::Stopped)?
                    .map_err(BlobError::from)?;
            }
            self.db
                .write(move |s| Box::pin(async move { contents::forget_incoming(s, &text).await }))
                .await?;
            Ok::<(), PinError>(())
        };
        if let Err(error) = undone.await {
            tracing::warn!(%root, %error, "an unfinished pin is left for the next start to remove");
        }
    }
}

/// Records a content whose file is in place, with its blocks, and that it came.
pub(super) async fn record_content(
    s: &mut Session<'_>,
    content: &NewContent,
    prefixes: &[i64],
    now: Timestamp,
) -> Result<(), DbError> {
    if let Some(id) = contents::insert_content(s, content, now).await? {
        contents::insert_blocks(s, id, prefixes).await?;
    }
    contents::forget_incoming(s, &content.root).await
}

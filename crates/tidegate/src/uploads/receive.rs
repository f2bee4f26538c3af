//! More bytes of an upload: written as they come, synced before they are acknowledged, kept also when the connection breaks.

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::{
    Checksum, Interrupted, Pinned, UploadError, Uploads, Wish,
    end::Ending,
    file::{Writer, blocking},
    live::{Claim, Import, Live},
};
use crate::{
    accounts::Caller,
    blobs::BlobError,
    clock::Timestamp,
    db::uploads::{self, StoredUpload, UploadState},
    telemetry::metrics,
};

/// Bytes that are gathered before they are written.
const BATCH: usize = 1 << 20;

/// Where the bytes of a request come from.
pub trait Incoming: Send + 'static {
    /// The next bytes; `None` at their end.
    ///
    /// # Errors
    /// They broke off.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Interrupted>> + Send;
}

/// What a request says of its bytes.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Where in the upload they begin.
    pub offset: u64,
    /// How long the whole upload is, said for the first time.
    pub length: Option<u64>,
    /// How many bytes come, if that is known.
    pub announced: Option<u64>,
    /// What they hash to.
    pub checksum: Option<Checksum>,
}

/// What a request did.
#[derive(Debug, Clone)]
pub struct Received {
    /// Bytes of the upload that are here for good.
    pub offset: u64,
    /// When the upload is forgotten if no more come.
    pub expires_at: Timestamp,
    /// What it became, if these were the last bytes.
    pub pinned: Option<Pinned>,
}

impl Uploads {
    /// Takes the bytes of a request. When all of an upload is here that its client has claimed, it becomes a pin, and only then this
    /// ends. Whoever stops waiting does not change what happens.
    ///
    /// # Errors
    /// See [`UploadError`]. A refused import that may go better can be asked for again with no bytes.
    pub async fn receive(
        &self,
        caller: Caller,
        id: &str,
        part: Part,
        body: impl Incoming,
    ) -> Result<Received, UploadError> {
        let (uploads, id) = (self.clone(), id.to_owned());
        let receiving = self.0.tasks.spawn(async move { uploads.receive_part(caller, id, part, body).await });
        // It does not panic, and nobody aborts it.
        receiving.await.unwrap_or(Err(UploadError::Interrupted(Interrupted::Stopping)))
    }

    async fn receive_part(
        &self,
        caller: Caller,
        id: String,
        part: Part,
        mut body: impl Incoming,
    ) -> Result<Received, UploadError> {
        self.find_alive(caller.account, &id).await?;
        let turn = self.0.pins.turn()?;
        let live = self.0.live.of(&id);
        let mut claim = live.claim().await;
        if let Some(import) = live.import() {
            drop((turn, claim));
            return self.join(&caller, &id, &part, import).await;
        }
        // What was before somebody else's turn need not be so any more.
        let mut stored = self.find_alive(caller.account, &id).await?;
        if stored.state == UploadState::Pinned {
            return already_pinned(&stored, &part);
        }
        let here = self.0.folder.good_len(&id).await?.ok_or(UploadError::NotFound)?;
        if part.offset != here {
            return Err(UploadError::WrongOffset(here));
        }
        self.learn_length(&mut stored, here, part.length).await?;
        let end = stored.upload.length.unwrap_or(self.0.limit);
        if part.announced.is_some_and(|bytes| bytes > end.saturating_sub(here)) {
            return Err(beyond(&stored, self.0.limit));
        }
        let here = self.add(&stored, &live, &mut claim, part, &mut body).await?;
        let expires_at = self.prolong(&id).await?;
        let content = Wish::from_json(&stored.upload.wish).claim();
        let pinned = match content.filter(|_| stored.upload.length == Some(here)) {
            Some(content) => {
                let import = self.begin_import(&live, Ending { caller, stored, content, turn });
                drop(claim);
                Some(import.end().await?)
            }
            None => None,
        };
        Ok(Received { offset: here, expires_at, pinned })
    }

    /// Waits for an import that another request has begun.
    async fn join(
        &self,
        caller: &Caller,
        id: &str,
        part: &Part,
        import: Import,
    ) -> Result<Received, UploadError> {
        let pinned = import.end().await?;
        let stored = self.find_alive(caller.account, id).await?;
        Ok(Received { pinned: Some(pinned), ..already_pinned(&stored, part)? })
    }

    /// Notes the length of an upload of which it was not known.
    async fn learn_length(
        &self,
        stored: &mut StoredUpload,
        here: u64,
        said: Option<u64>,
    ) -> Result<(), UploadError> {
        match (stored.upload.length, said) {
            (_, None) => Ok(()),
            (Some(known), Some(said)) if known == said => Ok(()),
            (None, Some(said)) if said > self.0.limit => Err(UploadError::TooLong(self.0.limit)),
            (Some(_), Some(_)) => Err(UploadError::Length),
            (None, Some(said)) if said < here => Err(UploadError::Length),
            (None, Some(said)) => {
                let id = stored.upload.id.clone();
                let noted = self
                    .0
                    .db
                    .write(move |s| Box::pin(async move { uploads::set_upload_length(s, &id, said).await }));
                noted.await?;
                stored.upload.length = Some(said);
                Ok(())
            }
        }
    }

    /// Adds what comes to the file; tells how much is here then.
    async fn add(
        &self,
        stored: &StoredUpload,
        live: &Live,
        claim: &mut Claim,
        part: Part,
        body: &mut impl Incoming,
    ) -> Result<u64, UploadError> {
        let end = stored.upload.length.unwrap_or(self.0.limit);
        let (from, has_checksum) = (part.offset, part.checksum.is_some());
        let mut file = Hand::Idle(self.0.folder.writer(&stored.upload.id, part.checksum).await?);
        let (mut batch, mut batched, mut came) = (Vec::new(), 0, from);
        let ended = loop {
            let next = tokio::select! {
                biased;
                () = claim.wanted_by_another() => break Err(UploadError::TakenOver),
                () = self.0.stop.cancelled() => break Err(Interrupted::Stopping.into()),
                next = body.next() => next,
            };
            let bytes = match next {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break Ok(()),
                Err(interrupted) => break Err(interrupted.into()),
            };
            came += bytes.len() as u64;
            if came > end {
                break Err(beyond(stored, self.0.limit));
            }
            if let Err(error) = self.make_room(live, came).await {
                break Err(error);
            }
            metrics::received(bytes.len() as u64);
            batched += bytes.len();
            batch.push(bytes);
            if batched >= BATCH {
                batched = 0;
                let written;
                (file, written) = file.append(std::mem::take(&mut batch)).await?;
                if let Err(error) = written {
                    break Err(error.into());
                }
            }
        };
        let (file, written) = file.append(batch).await?;
        let ended = ended.and(written.map_err(UploadError::from));
        let (writer, written) = file.idle().await?;
        let ended = ended.and(written.map_err(UploadError::from));
        // Whoever sends more than they said may be wrong about all of it.
        let is_nonsense = matches!(ended, Err(UploadError::BeyondEnd(_) | UploadError::TooLong(_)));
        let is_all = ended.is_ok();
        let finished =
            blocking(move || if is_nonsense { writer.undo() } else { writer.finish(is_all) }).await?;
        if let Err(error) = ended {
            if !has_checksum && finished.len > from {
                self.prolong(&stored.upload.id).await?;
            }
            return Err(error);
        }
        if finished.is_right { Ok(finished.len) } else { Err(UploadError::Checksum) }
    }

    /// Room is kept for what was announced; for what was not it is taken as it comes.
    async fn make_room(&self, live: &Live, bytes: u64) -> Result<(), UploadError> {
        if live.has_place_for(bytes) {
            return Ok(());
        }
        let mut place = live.take_place().unwrap_or_else(|| self.0.pins.hold_place(0));
        let reserved = self.0.pins.grow_place(&mut place, bytes).await;
        live.put_place(place);
        Ok(reserved?)
    }

    /// Gives an upload more time, since there is news of it.
    pub(super) async fn prolong(&self, id: &str) -> Result<Timestamp, UploadError> {
        let (id, expires_at) = (id.to_owned(), self.expiry());
        self.0
            .db
            .write(move |s| Box::pin(async move { uploads::prolong_upload(s, &id, expires_at).await }))
            .await?;
        Ok(expires_at)
    }
}

/// A client that did not hear the end asks for it again.
fn already_pinned(stored: &StoredUpload, part: &Part) -> Result<Received, UploadError> {
    let length = stored.upload.length.unwrap_or(0);
    if part.offset != length {
        return Err(UploadError::WrongOffset(length));
    }
    let pinned = stored.outcome.as_deref().and_then(Pinned::from_json);
    Ok(Received { offset: length, expires_at: stored.expires_at, pinned })
}

fn beyond(stored: &StoredUpload, limit: u64) -> UploadError {
    stored.upload.length.map_or(UploadError::TooLong(limit), UploadError::BeyondEnd)
}

/// A file that may just be written to: meanwhile more bytes are gathered.
enum Hand {
    Idle(Writer),
    Busy(JoinHandle<(Writer, Result<(), BlobError>)>),
}

impl Hand {
    /// Waits for what is being written, and tells how that ended.
    async fn idle(self) -> Result<(Writer, Result<(), BlobError>), BlobError> {
        match self {
            Self::Idle(writer) => Ok((writer, Ok(()))),
            Self::Busy(writing) => {
                writing.await.map_err(|_| BlobError::Damaged("writing an upload stopped unexpectedly"))
            }
        }
    }

    /// Begins to write, after what is being written, and tells how that ended. Nothing is written after a failure.
    async fn append(self, pieces: Vec<Bytes>) -> Result<(Self, Result<(), BlobError>), BlobError> {
        let (mut writer, written) = self.idle().await?;
        if written.is_err() {
            return Ok((Self::Idle(writer), written));
        }
        let writing = tokio::task::spawn_blocking(move || {
            let written = writer.append(&pieces);
            (writer, written)
        });
        Ok((Self::Busy(writing), Ok(())))
    }
}

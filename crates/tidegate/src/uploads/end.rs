//! All bytes of an upload are here: they are imported, compared with what its client claims, and pinned. It happens once at a
//! time, and whoever asks meanwhile is told how it ends.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    Refusal, UploadError, Uploads, Wish,
    live::{Ended, Import, Live},
    wish::Claim as Content,
};
use crate::{
    accounts::Caller,
    db::{
        AccountId,
        pins::Pin,
        uploads::{self, StoredUpload, UploadState},
    },
    pins::{Format, PinError, Turn, first_profile},
};

/// One read of the file.
const PIECE: usize = 1 << 20;

/// The pin that an upload became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The CID as the client gave it.
    pub cid: String,
    /// Bytes of content.
    pub size: u64,
    /// When, RFC 3339 with milliseconds, UTC.
    pub date: String,
    /// What it is called.
    pub name: Option<String>,
    /// Who may read it.
    pub visibility: String,
}

/// An upload that is complete, and what it is said to be.
pub(super) struct Ending {
    pub(super) caller: Caller,
    pub(super) stored: StoredUpload,
    pub(super) content: Content,
    pub(super) turn: Turn,
}

impl Uploads {
    /// Pins an upload all of which is here, as what `later` says together with what was said at its beginning.
    ///
    /// # Errors
    /// Bytes are missing, or nobody has said which content it is; or it is refused.
    pub async fn pin(&self, caller: Caller, id: &str, later: Wish) -> Result<Pinned, UploadError> {
        self.find_alive(caller.account, id).await?;
        let turn = self.0.pins.turn()?;
        let live = self.0.live.of(id);
        let claim = live.claim().await;
        if let Some(import) = live.import() {
            drop((turn, claim));
            return import.end().await;
        }
        let mut stored = self.find_alive(caller.account, id).await?;
        if let Some(pinned) = stored.outcome.as_deref().and_then(Pinned::from_json) {
            return Ok(pinned);
        }
        let here = self.0.folder.good_len(id).await?.ok_or(UploadError::NotFound)?;
        if stored.upload.length != Some(here) {
            return Err(UploadError::Incomplete(here));
        }
        let wish = Wish::from_json(&stored.upload.wish).and(later);
        // A signature that is wrong costs nothing to find out, so the bytes are kept.
        self.check_claim(caller.account, &wish).await?;
        let Some(content) = wish.claim() else {
            return Err(UploadError::Wish("cid and secret are missing".to_owned()));
        };
        stored.upload.wish = wish.to_json();
        let (key, text) = (id.to_owned(), stored.upload.wish.clone());
        let noted =
            self.0.db.write(move |s| Box::pin(async move { uploads::set_upload_wish(s, &key, &text).await }));
        noted.await?;
        self.prolong(id).await?;
        let import = self.begin_import(&live, Ending { caller, stored, content, turn });
        drop(claim);
        import.end().await
    }

    /// Begins the import; to be called by who has the turn, when none is under way.
    pub(super) fn begin_import(&self, live: &Arc<Live>, ending: Ending) -> Import {
        let (end, ended) = watch::channel(None);
        let import = Import { read: Arc::default(), ended };
        live.set_import(Some(import.clone()));
        live.set_trouble(None);
        let (uploads, live, read) = (self.clone(), Arc::clone(live), Arc::clone(&import.read));
        self.0.tasks.spawn(async move {
            let (id, room) = (ending.stored.upload.id.clone(), ending.stored.upload.length.unwrap_or(0));
            let imported = tokio::select! {
                imported = uploads.import(ending, &live, &read) => imported,
                () = uploads.0.stop.cancelled() => Err(Refusal::stopping()),
            };
            if let Err(refusal) = &imported
                && !refusal.code.is_final()
            {
                live.put_place(uploads.0.pins.hold_place(room));
            }
            uploads.settle(&id, &live, &imported).await;
            live.set_import(None);
            end.send_replace(Some(imported));
        });
        import
    }

    /// From all bytes of an upload to a pin.
    async fn import(&self, ending: Ending, live: &Live, read: &AtomicU64) -> Ended {
        let Ending { caller, stored, content, turn } = ending;
        self.check_signature(caller.account, &content).await?;
        let wish = Wish::from_json(&stored.upload.wish);
        let place = live.take_place().unwrap_or_else(|| self.0.pins.hold_place(0));
        let profile = first_profile(wish.profile(), Some(&content.cid));
        let mut upload = self.0.pins.begin_in(turn, place, wish.format(), profile);
        if wish.format() == Format::File {
            upload.open_file(wish.filename.as_deref().unwrap_or_default()).await?;
        }
        let mut file = self.0.folder.reader(&stored.upload.id).await.map_err(PinError::from)?;
        loop {
            let (next, bytes) = file.next(PIECE).await.map_err(PinError::from)?;
            if bytes.is_empty() {
                break;
            }
            file = next;
            read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            upload.write(bytes).await?;
        }
        if wish.format() == Format::File {
            upload.close_file().await?;
        }
        let pins = &self.0.pins;
        let pin = pins.pin_upload(&caller, upload, &content.cid, &content.text, wish.label()).await?;
        Ok(pin.into())
    }

    /// Once more: the account's key may have been replaced while bytes came.
    async fn check_signature(&self, account: AccountId, content: &Content) -> Result<(), Refusal> {
        let signed = self.0.accounts.verify_cid_signature(account, &content.text, &content.secret).await?;
        if signed { Ok(()) } else { Err(Refusal::mismatch()) }
    }

    /// Writes down how an upload ended, and removes its bytes if they are of no use any more. Where that cannot be written, all stays
    /// as it is: to import it once more changes nothing.
    async fn settle(&self, id: &str, live: &Live, ended: &Ended) {
        let (state, outcome) = match ended {
            Ok(pinned) => (UploadState::Pinned, pinned.to_json()),
            Err(refusal) if refusal.code.is_final() => (UploadState::Failed, refusal.to_json()),
            Err(refusal) => return live.set_trouble(Some(refusal.clone())),
        };
        let (key, expires_at) = (id.to_owned(), self.expiry());
        let written = self.0.db.write(move |s| {
            Box::pin(async move { uploads::end_upload(s, &key, state, &outcome, expires_at).await })
        });
        match written.await {
            Ok(_) => self.forget(id).await,
            Err(error) => tracing::warn!(%error, "how an upload ended could not be written down"),
        }
    }
}

impl Pinned {
    fn to_json(&self) -> String {
        // Texts and a number always can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Nothing if it is the end of an upload that failed.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl From<Pin> for Pinned {
    fn from(pin: Pin) -> Self {
        Self {
            cid: pin.pin.cid,
            size: pin.pin.size,
            date: pin.pinned_at.to_string(),
            name: pin.pin.name,
            visibility: pin.pin.visibility.as_str().to_owned(),
        }
    }
}

//! What is known of uploads in memory alone: whose turn it is to write, the room that is kept, and imports under way.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{OwnedMutexGuard, watch};

use super::{
    end::Pinned,
    error::{Refusal, UploadError},
};
use crate::pins::Place;

/// Every upload of this process that somebody has asked about and that has not ended.
#[derive(Default)]
pub(super) struct Register(Mutex<HashMap<String, Arc<Live>>>);

impl Register {
    /// A new upload, for which there is a place.
    pub(super) fn begin(&self, id: &str, place: Place) {
        lock(&self.of(id).place).replace(place);
    }

    /// The upload, known or not.
    pub(super) fn of(&self, id: &str) -> Arc<Live> {
        Arc::clone(lock(&self.0).entry(id.to_owned()).or_default())
    }

    /// The upload, if anything is known of it.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Live>> {
        lock(&self.0).get(id).map(Arc::clone)
    }

    /// It has ended.
    pub(super) fn forget(&self, id: &str) {
        let removed = lock(&self.0).remove(id);
        if let Some(live) = removed {
            lock(&live.place).take();
        }
    }
}

/// One upload.
#[derive(Default)]
pub(super) struct Live {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// How many have asked for the turn.
    claims: watch::Sender<u64>,
    place: Mutex<Option<Place>>,
    import: Mutex<Option<Import>>,
    trouble: Mutex<Option<Refusal>>,
}

/// How an import ends.
pub(super) type Ended = Result<Pinned, Refusal>;

/// An import under way.
#[derive(Clone)]
pub(super) struct Import {
    /// Bytes read so far.
    pub(super) read: Arc<AtomicU64>,
    /// How it ended, as soon as it has.
    pub(super) ended: watch::Receiver<Option<Ended>>,
}

impl Import {
    /// Waits for its end.
    pub(super) async fn end(mut self) -> Result<Pinned, UploadError> {
        let ended = self.ended.wait_for(Option::is_some).await;
        let ended = ended.ok().and_then(|ended| ended.clone());
        Ok(ended.unwrap_or_else(|| Err(Refusal::stopping()))?)
    }
}

/// The right to change an upload, which nobody else has at the same time. Who comes later may want it.
pub(super) struct Claim {
    number: u64,
    claims: watch::Receiver<u64>,
    _turn: OwnedMutexGuard<()>,
}

impl Live {
    /// Waits for the turn. Whoever has it is told to give it back: a client comes again when its connection hangs, and the server
    /// may notice that much later.
    pub(super) async fn claim(&self) -> Claim {
        let mut number = 0;
        self.claims.send_modify(|claims| {
            *claims += 1;
            number = *claims;
        });
        let claims = self.claims.subscribe();
        Claim { number, claims, _turn: Arc::clone(&self.turn).lock_owned().await }
    }

    /// The turn, if nobody has it.
    pub(super) fn try_turn(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    /// The room that is kept for the upload, which whoever takes it has to give back or use.
    pub(super) fn take_place(&self) -> Option<Place> {
        lock(&self.place).take()
    }

    /// Whether so many bytes have room already.
    pub(super) fn has_place_for(&self, bytes: u64) -> bool {
        lock(&self.place).as_ref().is_some_and(|place| place.bytes() >= bytes)
    }

    pub(super) fn put_place(&self, place: Place) {
        lock(&self.place).replace(place);
    }

    /// The bytes that an import under way has read.
    pub(super) fn importing(&self) -> Option<u64> {
        lock(&self.import).as_ref().map(|import| import.read.load(Ordering::Relaxed))
    }

    pub(super) fn import(&self) -> Option<Import> {
        lock(&self.import).clone()
    }

    pub(super) fn set_import(&self, import: Option<Import>) {
        *lock(&self.import) = import;
    }

    /// Why the last import failed, if another may go better.
    pub(super) fn trouble(&self) -> Option<Refusal> {
        lock(&self.trouble).clone()
    }

    pub(super) fn set_trouble(&self, trouble: Option<Refusal>) {
        *lock(&self.trouble) = trouble;
    }
}

impl Claim {
    /// Waits until somebody else wants the turn.
    pub(super) async fn wanted_by_another(&mut self) {
        let number = self.number;
        // Whoever counts lives as long as the claim.
        let _ = self.claims.wait_for(|claims| *claims > number).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

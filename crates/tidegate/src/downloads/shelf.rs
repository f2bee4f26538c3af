//! What is for sale here, as far as somebody asked for it: noted beside quotes and downloads, for the people at the panel.
//!
//! Nobody waits for it. What does not fit in is noted when it is asked for again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use moka::sync::Cache;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::grant::Offer;
use crate::{
    clock::{Clock, Timestamp},
    db::{
        Db,
        assets::{self as table, NewAsset},
    },
    sources::content_root,
};

/// How long nothing new is noted of a service.
const NOTED_FOR: Duration = Duration::from_secs(60);
const REMEMBERED: u64 = 10_000;

/// Offers that wait, and how many are looked up at once.
const WAITING: usize = 1024;
const AT_ONCE: usize = 8;

/// How long the server waits for what is left when it ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Services that are ever noted without being sold. To publish one costs gas, so nobody gets there by play.
const MOST: i64 = 1_000_000;

/// The longest id of a service that is kept beside what it is in the document.
const MAX_SERVICE_BYTES: usize = 512;

/// See the module's documentation.
pub struct Shelf {
    noted: Cache<(String, String), ()>,
    line: Mutex<Option<Line>>,
}

struct Line {
    offers: mpsc::Sender<Offer>,
    task: JoinHandle<()>,
}

impl Shelf {
    /// Begins to note into `db`.
    #[must_use]
    pub fn start(db: Arc<Db>, clock: Clock) -> Self {
        let (offers, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(note_all(db, clock, waiting));
        let noted = Cache::builder().max_capacity(REMEMBERED).time_to_live(NOTED_FOR).build();
        Self { noted, line: Mutex::new(Some(Line { offers, task })) }
    }

    /// Has it noted that somebody asked for this. Nobody waits.
    pub fn note(&self, offer: &Offer) {
        let key = (offer.asset.ddo.id.as_str().to_owned(), offer.service().id.clone());
        if self.noted.contains_key(&key) || !is_kept(&key.1) {
            return;
        }
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_ref().is_some_and(|line| line.offers.try_send(offer.clone()).is_ok()) {
            self.noted.insert(key, ());
        }
    }

    /// Waits a short time for what is left. Idempotent.
    pub async fn close(&self) {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Line { offers, mut task }) = line else { return };
        drop(offers);
        if timeout(PATIENCE, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Whether a service with this id can be kept by it: publishers write what they like.
pub(super) fn is_kept(service_id: &str) -> bool {
    service_id.len() <= MAX_SERVICE_BYTES && !service_id.contains('\0')
}

async fn note_all(db: Arc<Db>, clock: Clock, waiting: mpsc::Receiver<Offer>) {
    let offers = stream::unfold(waiting, async |mut waiting| Some((waiting.recv().await?, waiting)));
    offers
        .for_each_concurrent(AT_ONCE, async |offer| {
            let Some(asset) = known_of(&offer, clock.now()).await else { return };
            // A receipt or an order that is written at the same moment may miss its seller; the next note brings it.
            let noted = db.write(move |s| Box::pin(async move { table::note_asset(s, &asset, MOST).await }));
            if let Err(error) = noted.await {
                tracing::warn!(%error, "what is for sale could not be noted");
            }
        })
        .await;
}

/// What is known of a service; nothing of one whose files are sealed for somebody else.
async fn known_of(offer: &Offer, now: Timestamp) -> Option<NewAsset> {
    let count = offer.files().ok()?.len();
    let first = (count > 0).then(|| offer.file(0, None).ok()).flatten();
    let (ddo, service) = (&offer.asset.ddo, offer.service());
    Some(NewAsset {
        did: ddo.id.as_str().to_owned(),
        service_id: service.id.clone(),
        chain_id: ddo.chain_id,
        name: ddo.name.clone(),
        nft: ddo.nft.map(|nft| nft.address),
        owner: offer.owner().await,
        root: first.as_ref().and_then(content_root),
        asked_at: now,
    })
}

//! Assets as the metadata cache knows them, kept for a moment, with their files opened.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{Digest, SHA256, digest};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use moka::sync::Cache;
use tidegate_ocean::{Ddo, Did, EncryptedFiles, ProviderKey, Service};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    clock::{Clock, Timestamp},
    fetch::{FetchError, FetchRequest, Fetcher},
};

/// How long an asset is taken as it was, without asking.
const FRESH: Duration = Duration::from_secs(8);
/// How long one that is not known is not asked for again.
const ABSENT: Duration = Duration::from_secs(1);
/// How long it is still better than nothing, when the metadata cache does not answer.
const STALE: Duration = Duration::from_secs(60 * 60);
/// Assets that are kept.
const KEPT: u64 = 4096;

/// Questions that are asked at once.
const AT_ONCE: usize = 64;

/// The longest document of an asset.
const DOCUMENT_BYTES: usize = 4 << 20;

/// The assets of one metadata cache.
pub struct Assets {
    clock: Clock,
    /// Nothing where the operator has not said.
    origin: Option<Origin>,
    known: Cache<Did, Arc<Slot>>,
}

struct Origin {
    url: Url,
    fetcher: Fetcher,
    turns: Semaphore,
}

/// A place for one asset. Whoever holds `asking` asks; others wait, or take what is known.
#[derive(Default)]
struct Slot {
    said: Mutex<Option<Said>>,
    asking: tokio::sync::Mutex<()>,
}

/// What the metadata cache said, and when: an asset, or that there is none.
#[derive(Clone)]
struct Said {
    at: Timestamp,
    asset: Option<Arc<Asset>>,
}

/// An asset, and what was found out about it.
pub struct Asset {
    /// Its document.
    pub ddo: Ddo,
    /// Which document this is: as long as it stays the same, what follows from it does.
    digest: Digest,
    /// The files of each service, opened when first asked for.
    files: Vec<OnceLock<Option<Arc<EncryptedFiles>>>>,
}

/// Why there is no asset.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// The operator has not said which metadata cache to ask.
    #[error("no metadata cache is configured")]
    NotConfigured,
    /// The metadata cache has no such asset.
    #[error("the metadata cache does not know the asset")]
    Unknown,
    /// The metadata cache does not answer, or answers something else than an asset.
    #[error("the metadata cache cannot be asked: {0}")]
    Unavailable(&'static str),
    /// What it answers is no asset that we can sell.
    #[error("the asset's document cannot be used: {0}")]
    Malformed(String),
}

impl Assets {
    /// The assets that a metadata cache knows: where it is, and the client that asks it.
    #[must_use]
    pub fn new(server: Option<(Url, Fetcher)>, clock: Clock) -> Self {
        let turns = Semaphore::new(AT_ONCE);
        let origin = server.map(|(url, fetcher)| Origin { url, fetcher, turns });
        Self { clock, origin, known: Cache::builder().max_capacity(KEPT).build() }
    }

    /// The asset `did`.
    ///
    /// # Errors
    /// See [`AssetError`].
    pub async fn find(&self, did: &Did) -> Result<Arc<Asset>, AssetError> {
        let origin = self.origin.as_ref().ok_or(AssetError::NotConfigured)?;
        let slot = self.known.get_with_by_ref(did, Arc::default);
        if let Some(known) = slot.fresh(self.clock.now()) {
            return known.ok_or(AssetError::Unknown);
        }
        let _asking = match (slot.asking.try_lock(), slot.younger_than(STALE, self.clock.now())) {
            (Ok(asking), _) => asking,
            // Somebody asks already; what was right a moment ago will do meanwhile.
            (Err(_), Some(asset)) => return Ok(asset),
            (Err(_), None) => slot.asking.lock().await,
        };
        if let Some(known) = slot.fresh(self.clock.now()) {
            return known.ok_or(AssetError::Unknown);
        }
        match origin.ask(did).await {
            Ok(document) => slot.update(did, &document, self.clock.now()),
            Err(AssetError::Unavailable(reason)) => {
                tracing::warn!(%did, reason, "the metadata cache does not answer");
                slot.younger_than(STALE, self.clock.now()).ok_or(AssetError::Unavailable(reason))
            }
            Err(error) => {
                *slot.lock() = Some(Said { at: self.clock.now(), asset: None });
                Err(error)
            }
        }
    }
}

impl Origin {
    /// The document of `did`.
    async fn ask(&self, did: &Did) -> Result<Bytes, AssetError> {
        let _turn = self.turns.acquire().await;
        let base = self.url.as_str().trim_end_matches('/');
        let request = FetchRequest::get(&format!("{base}/api/aquarius/assets/ddo/{did}"));
        let accept = HeaderValue::from_static("application/json");
        let request = request.map_err(unavailable)?.with_header(header::ACCEPT, accept);
        let answer = self.fetcher.fetch(request).await.map_err(unavailable)?;
        match answer.status {
            StatusCode::OK => answer.body.collect(DOCUMENT_BYTES).await.map_err(unavailable),
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Err(AssetError::Unknown)
            }
            _ => Err(AssetError::Unavailable("it answers with an error")),
        }
    }
}

fn unavailable(error: FetchError) -> AssetError {
    AssetError::Unavailable(match error {
        FetchError::Timeout => "it does not answer in time",
        FetchError::TooLarge => "its answer is too large",
        _ => "it cannot be reached",
    })
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What need not be asked again now: an asset, or that there is none.
    fn fresh(&self, now: Timestamp) -> Option<Option<Arc<Asset>>> {
        let said = self.lock();
        let said = said.as_ref()?;
        let age = if said.asset.is_some() { FRESH } else { ABSENT };
        (now < said.at.plus(age)).then(|| said.asset.clone())
    }

    /// The asset, if it was there so shortly ago.
    fn younger_than(&self, age: Duration, now: Timestamp) -> Option<Arc<Asset>> {
        let said = self.lock();
        let said = said.as_ref()?;
        said.asset.clone().filter(|_| now < said.at.plus(age))
    }

    /// Keeps the asset that `document` describes; the one that is there already, if nothing has changed.
    fn update(&self, did: &Did, document: &[u8], now: Timestamp) -> Result<Arc<Asset>, AssetError> {
        let digest = digest(&SHA256, document);
        let mut said = self.lock();
        let known = said.take().and_then(|said| said.asset);
        let asset = match known {
            Some(asset) if asset.digest.as_ref() == digest.as_ref() => asset,
            _ => Arc::new(Asset::parse(did, document, digest)?),
        };
        *said = Some(Said { at: now, asset: Some(Arc::clone(&asset)) });
        Ok(asset)
    }
}

impl Asset {
    fn parse(did: &Did, document: &[u8], digest: Digest) -> Result<Self, AssetError> {
        let document = serde_json::from_slice(document)
            .map_err(|_| AssetError::Unavailable("its answer is not JSON"))?;
        let ddo = Ddo::parse(&document).map_err(|error| AssetError::Malformed(error.to_string()))?;
        if ddo.id != *did {
            return Err(AssetError::Unavailable("it answers with another asset"));
        }
        let files = ddo.services.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { ddo, digest, files })
    }

    /// The files of a service of this asset, opened with `key` once; nothing if they are not sealed for this key, or were
    /// sealed for another asset.
    pub fn files(&self, service: &Service, key: &ProviderKey) -> Option<Arc<EncryptedFiles>> {
        let place = usize::try_from(service.index).ok().and_then(|index| self.files.get(index))?;
        place.get_or_init(|| self.open(service, key).map(Arc::new)).clone()
    }

    fn open(&self, service: &Service, key: &ProviderKey) -> Option<EncryptedFiles> {
        let nft = self.ddo.nft?.address;
        let plain = key.decrypt(&service.sealed_files()?).ok()?;
        let opened = EncryptedFiles::open(&plain, service.datatoken, nft, &self.ddo.version);
        opened
            .inspect_err(
                |error| tracing::info!(did = %self.ddo.id, %error, "the files of an asset are not usable"),
            )
            .ok()
    }
}

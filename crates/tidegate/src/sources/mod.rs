//! Where sold files come from: a publisher's file object becomes details, or bytes.
//!
//! | file | what lives there |
//! |---|---|
//! | `remote.rs` | files at an origin: `url`, `graphql`, `arweave` |
//! | `ipfs.rs`, `blocks.rs` | content from the own store, or checked block by block from a gateway |
//! | `contract.rs` | answers of contracts |
//! | `answer.rs`, `details.rs` | what comes out: for a download, for a question |
//! | `name.rs`, `range.rs` | file names and byte ranges, read with suspicion |
//!
//! Who may have a file is decided elsewhere, before. What comes out of here may be shown: no URL, CID, transaction or
//! header of the origin is in it.

mod answer;
mod blocks;
mod contract;
mod details;
mod ipfs;
mod name;
mod range;
mod remote;

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use tidegate_ocean::{Address, FileObject};
use tokio::time;
use url::Url;

use crate::{
    config,
    fetch::{FetchError, FetchLimits, Fetcher, Guard, Resolve, SystemResolver, system_tls},
    pins::Library,
};

pub use answer::{Opened, SourceBody, SourceError};
pub use contract::Contracts;
pub use details::{Details, entry};
pub use ipfs::content_root;
pub use range::{ByteRange, ContentRange, PartAsked};

use blocks::BlockGateway;
use ipfs::Ipfs;
use remote::Remote;

/// On whose behalf a file is asked for. With neither, as for a file object that anybody may send, only public content
/// is found in the own store, and contracts only if the object names their chain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seller {
    /// The chain that the asset lives on.
    pub chain_id: Option<u64>,
    /// Who owns the asset's data NFT.
    pub owner: Option<Address>,
}

/// The way to the outside.
#[derive(Clone)]
pub struct Outside {
    /// Where files of strangers may be.
    pub guard: Guard,
    /// Who knows names.
    pub resolver: Arc<dyn Resolve>,
    /// Who is trusted.
    pub tls: ClientConfig,
    /// What it may take.
    pub limits: FetchLimits,
}

impl Outside {
    /// As the settings say, with the names and the trust of this machine.
    ///
    /// # Errors
    /// The cryptography has none of TLS's versions.
    pub fn new(settings: &config::Provider, bounds: &config::Fetch) -> Result<Self, rustls::Error> {
        let guard = if settings.allow_non_public_ip { Guard::anywhere() } else { Guard::public() };
        let limits = FetchLimits {
            connect: bounds.connect_timeout,
            first_byte: settings.request_timeout,
            idle: bounds.idle_timeout,
            total: bounds.total_timeout,
            size: bounds.size.as_u64(),
            redirects: bounds.redirects,
        };
        Ok(Self { guard, resolver: Arc::new(SystemResolver::new()), tls: system_tls()?, limits })
    }

    /// A client for URLs of strangers.
    #[must_use]
    pub fn fetcher(&self) -> Fetcher {
        self.fetcher_with(self.guard.clone())
    }

    /// A client for the operator's own service at `url` alone, which may be at a private address.
    #[must_use]
    pub fn fetcher_for(&self, url: &Url) -> Fetcher {
        self.fetcher_with(self.guard.clone().and_host(url.host_str().unwrap_or_default()))
    }

    fn fetcher_with(&self, guard: Guard) -> Fetcher {
        Fetcher::new(guard, Arc::clone(&self.resolver), self.tls.clone(), self.limits)
    }
}

/// All sources.
pub struct Sources {
    origins: Fetcher,
    ipfs: Ipfs,
    arweave: Option<(Url, Fetcher)>,
    contracts: Arc<dyn Contracts>,
    attempts: u32,
    /// How long a question about a file may take, with its redirects and the reading for a checksum.
    patience: Duration,
    max_checksum: u64,
}

impl Sources {
    /// Sources as the settings say: content of `library` first, then what is `outside`.
    #[must_use]
    pub fn new(
        settings: &config::Provider,
        outside: &Outside,
        library: Library,
        contracts: Arc<dyn Contracts>,
    ) -> Self {
        let gateway = settings.ipfs_gateway.as_ref();
        let gateway = gateway.map(|url| BlockGateway::new(url.clone(), outside.fetcher_for(url)));
        Self {
            origins: outside.fetcher(),
            ipfs: Ipfs::new(library, gateway),
            arweave: settings.arweave_gateway.as_ref().map(|url| (url.clone(), outside.fetcher_for(url))),
            contracts,
            attempts: settings.request_retries.max(1),
            patience: outside.limits.total,
            max_checksum: settings.max_checksum_length.as_u64(),
        }
    }

    /// The bytes of `file`, or the part of them that is asked for. An origin is asked exactly once.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn open(
        &self,
        file: &FileObject,
        seller: Seller,
        asked: &PartAsked,
    ) -> Result<Opened, SourceError> {
        match file {
            FileObject::Ipfs { hash, .. } => self.ipfs.find(hash, seller).await?.open(asked),
            FileObject::SmartContract { address, chain_id, call } => {
                let chain_id =
                    chain_id.or(seller.chain_id).ok_or(SourceError::Described("it has no chain"))?;
                contract::open(&*self.contracts, chain_id, *address, call).await
            }
            at_origin => {
                let (remote, fetcher) = self.remote(at_origin)?;
                remote.open(fetcher, asked).await
            }
        }
    }

    /// Finds out about `file`, and computes its checksum if that is wanted and it is short enough.
    ///
    /// # Errors
    /// It cannot be delivered now; see [`SourceError`].
    pub async fn probe(
        &self,
        file: &FileObject,
        seller: Seller,
        checksum: bool,
    ) -> Result<Details, SourceError> {
        let checksum_up_to = checksum.then_some(self.max_checksum);
        let mut left = self.attempts;
        loop {
            left -= 1;
            let tried = time::timeout(self.patience, self.probe_once(file, seller, checksum_up_to)).await;
            match tried.unwrap_or(Err(FetchError::Timeout.into())) {
                Err(error) if left > 0 && error.may_pass() => {}
                done => return done,
            }
        }
    }

    async fn probe_once(
        &self,
        file: &FileObject,
        seller: Seller,
        checksum_up_to: Option<u64>,
    ) -> Result<Details, SourceError> {
        let (mut details, opened) = match file {
            FileObject::Ipfs { hash, .. } => {
                let found = self.ipfs.find(hash, seller).await?;
                (found.details(), found.open(&PartAsked::default())?)
            }
            FileObject::SmartContract { .. } => {
                let opened = self.open(file, seller, &PartAsked::default()).await?;
                let content_type = opened.content_type.as_ref().map(http::HeaderValue::as_bytes);
                (Details::new(opened.length, content_type, None), opened)
            }
            at_origin => {
                let (remote, fetcher) = self.remote(at_origin)?;
                return remote.probe(fetcher, checksum_up_to).await;
            }
        };
        if let Some(most) = checksum_up_to {
            let mut body = opened.body;
            details.checksum = remote::checksum(&mut body, most).await?;
        }
        Ok(details)
    }

    fn remote(&self, file: &FileObject) -> Result<(Remote, &Fetcher), SourceError> {
        Ok(match file {
            FileObject::Url { url, method, headers, userdata } => {
                (Remote::url(url, *method, headers, userdata.as_ref())?, &self.origins)
            }
            FileObject::Graphql { url, query, headers, userdata } => {
                (Remote::graphql(url, query, headers, userdata.as_ref())?, &self.origins)
            }
            FileObject::Arweave { transaction_id, headers } => {
                let (gateway, fetcher) =
                    self.arweave.as_ref().ok_or(SourceError::NotConfigured("ARWEAVE_GATEWAY"))?;
                (Remote::at_gateway(&transaction(gateway, transaction_id)?, headers)?, fetcher)
            }
            FileObject::Ipfs { .. } | FileObject::SmartContract { .. } => {
                return Err(SourceError::Described("it is at no origin"));
            }
        })
    }
}

impl SourceError {
    /// Whether it may be better in a moment.
    fn may_pass(&self) -> bool {
        match self {
            Self::Fetch(error) => !matches!(error, FetchError::BadUrl | FetchError::Refused),
            Self::Status(_) | Self::Unverified | Self::Contract | Self::Store(_) => true,
            _ => false,
        }
    }
}

/// Characters of a transaction's id: 32 bytes in base64url.
const TRANSACTION_ID: usize = 43;

/// Where a gateway has a transaction.
fn transaction(gateway: &Url, id: &str) -> Result<Url, SourceError> {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.len() != TRANSACTION_ID || !id.bytes().all(base64url) {
        return Err(SourceError::Described("it has no valid transaction id"));
    }
    let mut url = gateway.clone();
    let path = format!("{}/{id}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

//! Downloads of sold content: who may have which file now, what proves it, and what is kept of it.
//!
//! ```text
//! assets     what the metadata cache says, and the files in it, opened
//! orders     what the chain says was paid, remembered for good once it is final
//! signed     whether a request was signed by whom it names
//! policy     what the operator's policy server says
//! grant      all of that together: who may have which file now
//! quote      what access costs
//! ticket     how a broken download goes on
//! receipts   what was delivered
//! shelf      what is for sale, as far as somebody asked for it
//! handout    a receipt as others get it
//! records    which of all this an account may see
//! posts      the same, told to an address of the operator's
//! proofs     the same, told to the chain
//! document   published documents, sealed and compressed
//! ```
//!
//! The rules are in `tidegate-ocean`, the bytes come from `sources`. Nothing here knows a route.

pub mod assets;
pub mod document;
pub mod grant;
pub mod handout;
pub mod orders;
pub mod policy;
pub mod posts;
pub mod proofs;
pub mod quote;
pub mod receipts;
pub mod records;
pub mod shelf;
pub mod signed;
pub mod ticket;

use std::sync::Arc;

use moka::sync::Cache;
use secrecy::SecretBox;
use url::Url;

pub use grant::{Grant, Offer, Reason, Refusal, Wanted};
pub use signed::{SignatureRefusal, Signed, Signer};

use self::{
    assets::Assets, document::Documents, orders::Orders, policy::Policy, posts::Posts, proofs::Proofs,
    receipts::Receipts, shelf::Shelf, ticket::Tickets,
};
use crate::{chain::Chains, clock::Clock, config, db::Db, sources::Outside};

/// Hashes that are remembered.
const HASHES: u64 = 10_000;

/// See the module's documentation.
pub struct Downloads {
    /// What the metadata cache knows.
    pub assets: Assets,
    /// What was paid.
    pub orders: Orders,
    /// Published documents.
    pub documents: Documents,
    /// Broken downloads.
    pub tickets: Tickets,
    /// Whole downloads.
    pub receipts: Receipts,
    /// What is for sale.
    pub shelf: Shelf,
    /// SHA-256, in hexadecimal digits, of whole files whose content follows from their tag: receipts of them need no hashing.
    pub hashes: Cache<Vec<u8>, Arc<str>>,
    policy: Policy,
    chains: Arc<Chains>,
    settings: config::Provider,
}

impl Downloads {
    /// Puts the parts together. The servers that the operator names are asked `outside`; `ticket_key` is what tickets are
    /// made with.
    #[must_use]
    pub fn new(
        settings: &config::Provider,
        db: &Arc<Db>,
        clock: &Clock,
        chains: &Arc<Chains>,
        outside: &Outside,
        ticket_key: &SecretBox<[u8; 32]>,
    ) -> Self {
        let server = |url: &Option<Url>| url.as_ref().map(|url| (url.clone(), outside.fetcher_for(url)));
        let posts = server(&settings.use_http_proof).map(|(url, fetcher)| Posts::start(url, fetcher));
        // As the reference: who has receipts posted does not have them sent to the chain.
        let proofs =
            (settings.use_chain_proof && posts.is_none()).then(|| Proofs::new(Arc::clone(db), proofs::PAUSE));
        Self {
            assets: Assets::new(server(&settings.aquarius_url), clock.clone()),
            orders: Orders::new(Arc::clone(db), clock.clone(), settings),
            documents: Documents::new(settings.document_size.as_u64()),
            tickets: Tickets::new(ticket_key),
            receipts: Receipts::start(Arc::clone(db), posts, proofs),
            shelf: Shelf::start(Arc::clone(db), clock.clone()),
            hashes: Cache::new(HASHES),
            policy: Policy::new(server(&settings.rbac_url), settings.private),
            chains: Arc::clone(chains),
            settings: settings.clone(),
        }
    }
    /// Waits for what is being written down. Idempotent.
    pub async fn close(&self) {
        self.receipts.close().await;
        self.shelf.close().await;
    }
}

//! Who may have which file now: facts from the metadata cache and the chain, decided by the rules of `tidegate-ocean`.

use std::{fmt, slice, sync::Arc};

use serde_json::Value;
use tidegate_ocean::{
    Address, Did, EncryptedFiles, FeeTime, FileObject, FileObjectError, NotConsumable, Order, Service,
    ServiceKind, consumable,
};

use super::{
    Downloads,
    assets::{Asset, AssetError},
    orders::OrderProblem,
    policy::{Action, PolicyRefusal},
};
use crate::{
    chain::{Chain, ChainError},
    db::DbError,
    sources::Seller,
};

/// How much of a transaction's name a refusal repeats: all of a right one.
const MAX_QUOTED: usize = 66;

/// A service of an asset, on a chain of ours.
#[derive(Clone)]
pub struct Offer {
    /// The asset.
    pub asset: Arc<Asset>,
    /// Its chain.
    pub chain: Arc<Chain>,
    /// The place of the service in the asset.
    index: usize,
}

/// What somebody asks to download.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The asset.
    pub did: &'a str,
    /// The service.
    pub service: &'a str,
    /// The file's place in the service.
    pub file: usize,
    /// The transaction that paid for it, or for its reuse.
    pub transaction: &'a str,
    /// Who asks, as it was sent.
    pub consumer: &'a str,
    /// The same, read.
    pub address: Address,
    /// The buyer's parameters for the source.
    pub userdata: Option<&'a Value>,
}

/// All that is known of a download that may begin.
pub struct Grant {
    /// The asset and its service.
    pub offer: Offer,
    /// Who asked for it.
    pub buyer: Address,
    /// What to fetch.
    pub file: FileObject,
    /// What pays for it.
    pub order: Order,
    /// On whose behalf.
    pub seller: Seller,
}

/// Why a service or a file cannot be had.
#[derive(Debug)]
pub enum Refusal {
    /// No asset, or no way to know.
    Asset(AssetError),
    /// Its chain cannot be asked, or is not ours.
    Chain(ChainError),
    /// What the words say, on the chain with this name.
    On(&'static str, Reason),
    /// The file is described wrongly.
    Object(FileObjectError),
    /// The policy server's word.
    Policy(PolicyRefusal),
    /// Something of ours.
    Db(DbError),
}

/// Why, in the reference's words.
#[derive(Debug)]
pub enum Reason {
    /// There is no such service.
    Service,
    /// Its jobs have their own route.
    Compute,
    /// It has nothing to download.
    NotAccess(String),
    /// The asset is closed to the caller, or to everybody.
    NotConsumable(NotConsumable),
    /// Its files are not ours to open.
    Files,
    /// There is no such file.
    File(usize),
    /// The transaction named does not pay for this.
    NotPaid {
        /// The transaction, as it was sent.
        transaction: String,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("Invalid serviceId."),
            Self::Compute => f.write_str("Use the initializeCompute endpoint to initialize compute jobs."),
            Self::NotAccess(service) => write!(f, "Service with index={service} is not an access service."),
            Self::NotConsumable(why) => why.fmt(f),
            Self::Files => f.write_str("Unable to get dataset files"),
            Self::File(index) => write!(f, "No such fileIndex {index}"),
            Self::NotPaid { transaction, reason } => {
                write!(f, "Order with tx_id {transaction} could not be validated due to error: {reason}")
            }
        }
    }
}

impl Offer {
    /// The service.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.asset.ddo.services[self.index]
    }

    /// The service's files.
    ///
    /// # Errors
    /// They are not sealed for us, or were sealed for another asset.
    pub fn files(&self) -> Result<Arc<EncryptedFiles>, Refusal> {
        self.asset.files(self.service(), self.chain.key()).ok_or_else(|| self.refuse(Reason::Files))
    }

    /// One of the service's files, with the buyer's parameters.
    ///
    /// # Errors
    /// There is none at that place, or it is described wrongly.
    pub fn file(&self, index: usize, userdata: Option<&Value>) -> Result<FileObject, Refusal> {
        let file = self.files()?.get(index, userdata).ok_or_else(|| self.refuse(Reason::File(index)))?;
        file.map_err(Refusal::Object)
    }

    /// A refusal in the name of this chain.
    #[must_use]
    pub fn refuse(&self, reason: Reason) -> Refusal {
        Refusal::On(self.chain.name(), reason)
    }

    /// On whose behalf `files` are delivered. Who owns the data NFT is asked only where there is content that nobody else
    /// may sell.
    pub async fn seller_of(&self, files: &[FileObject]) -> Seller {
        let owned = files.iter().any(|file| matches!(file, FileObject::Ipfs { .. }));
        let owner = if owned { self.owner().await } else { None };
        Seller { chain_id: Some(self.chain.id()), owner }
    }

    /// Nobody where the asset's id is not that of its NFT: then the document speaks for somebody else.
    pub(super) async fn owner(&self) -> Option<Address> {
        let nft = self.asset.ddo.nft.filter(|_| self.asset.ddo.is_of_its_nft())?;
        match self.chain.nft_owner(nft.address).await {
            Ok(owner) => Some(owner.value()),
            Err(error) => {
                tracing::warn!(did = %self.asset.ddo.id, %error, "the owner of a data NFT cannot be found out");
                None
            }
        }
    }

    /// Whether the asset is open to `consumer`. When the chain does not answer, its last word counts, or the document's.
    ///
    /// # Errors
    /// It is not.
    pub async fn check_consumable(&self, consumer: Option<Address>) -> Result<(), Refusal> {
        let ddo = &self.asset.ddo;
        let nft = ddo.nft.ok_or_else(|| self.refuse(Reason::NotConsumable(NotConsumable::Malformed)))?;
        let state = match self.chain.nft_state(nft.address).await {
            Ok(state) => Some(state.value()),
            Err(error) if error.is_outage() => None,
            Err(_) => return Err(self.refuse(Reason::NotConsumable(NotConsumable::Malformed))),
        };
        consumable(ddo, state, consumer).map_err(|why| self.refuse(Reason::NotConsumable(why)))
    }
}

impl Downloads {
    /// An asset and its chain.
    ///
    /// # Errors
    /// There is none, or its chain is not served.
    async fn asset(&self, did: &str) -> Result<(Arc<Asset>, Arc<Chain>), Refusal> {
        let did = Did::parse(did).map_err(|_| Refusal::Asset(AssetError::Unknown))?;
        let asset = self.assets.find(&did).await.map_err(Refusal::Asset)?;
        let chain = self.chains.get(asset.ddo.chain_id).await.map_err(Refusal::Chain)?;
        Ok((Arc::clone(&asset), Arc::clone(chain)))
    }

    /// A service of an asset, whoever asks.
    ///
    /// # Errors
    /// There is none.
    pub async fn offer(&self, did: &str, service: &str) -> Result<Offer, Refusal> {
        let (asset, chain) = self.asset(did).await?;
        let index = asset.ddo.services.iter().position(|known| known.id == service);
        let index = index.ok_or(Refusal::On(chain.name(), Reason::Service))?;
        Ok(Offer { asset, chain, index })
    }

    /// Whether the policy server lets somebody do that.
    ///
    /// # Errors
    /// It does not, or does not answer.
    pub async fn check_policy(&self, action: Action, consumer: &str, offer: &Offer) -> Result<(), Refusal> {
        let (did, service) = (offer.asset.ddo.id.as_str(), offer.service().id.as_str());
        let asked = self.policy.check(action, consumer, did, service, offer.chain.key()).await;
        asked.map_err(Refusal::Policy)
    }

    /// The order with which a transaction pays for a service, for `consumer`, now.
    ///
    /// # Errors
    /// It does not, or that cannot be found out.
    pub async fn order(
        &self,
        offer: &Offer,
        transaction: &str,
        consumer: Address,
        fee_time: FeeTime,
    ) -> Result<Order, Refusal> {
        let not_paid = |reason: String| {
            let transaction = transaction.chars().take(MAX_QUOTED).collect();
            offer.refuse(Reason::NotPaid { transaction, reason })
        };
        let hash =
            transaction.parse().map_err(|_| not_paid("it is not the hash of a transaction".to_owned()))?;
        match self.orders.find(offer, hash, consumer, fee_time).await {
            Ok(order) => Ok(order),
            Err(OrderProblem::Chain(error)) => Err(Refusal::Chain(error)),
            Err(OrderProblem::Db(error)) => Err(Refusal::Db(error)),
            Err(problem) => Err(not_paid(problem.to_string())),
        }
    }

    /// Whether somebody who has shown who they are may have a file now.
    ///
    /// # Errors
    /// They may not, or that cannot be found out.
    pub async fn grant(&self, wanted: Wanted<'_>) -> Result<Grant, Refusal> {
        let offer = self.offer(wanted.did, wanted.service).await?;
        offer.check_consumable(Some(wanted.address)).await?;
        if offer.service().kind != ServiceKind::Access {
            return Err(offer.refuse(Reason::NotAccess(wanted.service.to_owned())));
        }
        let order = self.order(&offer, wanted.transaction, wanted.address, FeeTime::Counts).await?;
        let file = offer.file(wanted.file, wanted.userdata)?;
        self.check_policy(Action::Access, wanted.consumer, &offer).await?;
        let seller = offer.seller_of(slice::from_ref(&file)).await;
        self.shelf.note(&offer);
        Ok(Grant { offer, buyer: wanted.address, file, order, seller })
    }
}

//! Documents that describe assets (DDO, version 4): what of them decides who may have what.

mod consumable;
mod credentials;
mod service;

use alloy_primitives::Address;
use serde_json::{Map, Value};
use thiserror::Error;

pub use consumable::{NotConsumable, consumable};
pub use credentials::{Credentials, Listing};
pub use service::{Service, ServiceKind};

use crate::did::Did;

const MAX_SERVICES: usize = 1024;
const MAX_VERSION_BYTES: usize = 32;
const MAX_NAME_CHARS: usize = 200;

/// An asset as its document describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ddo {
    /// The asset.
    pub id: Did,
    /// The version of the document's format, such as `4.1.0`; empty if not given.
    pub version: String,
    /// What its publisher calls it: the first 200 characters of one line; may be empty.
    pub name: String,
    /// The chain of the asset's contracts.
    pub chain_id: u64,
    /// The data NFT. An asset without one cannot be consumed.
    pub nft: Option<Nft>,
    /// Who may and who may not have it.
    pub credentials: Credentials,
    /// What is offered, in the order that gives services their index.
    pub services: Vec<Service>,
}

/// An asset's data NFT, as the metadata cache knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nft {
    /// Its contract.
    pub address: Address,
    /// Its metadata state when the cache last looked, if it says so: 0 active, 1 end of life, 2 deprecated, 3 revoked,
    /// 4 ordering disabled, 5 unlisted.
    pub state: Option<u64>,
}

/// A document that is none, and the first member that is not as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the asset's document has no valid {0}")]
pub struct DdoError(pub &'static str);

impl Ddo {
    /// Reads a document.
    pub fn parse(value: &Value) -> Result<Self, DdoError> {
        let document = value.as_object().ok_or(DdoError("object"))?;
        let services = document.get("services").and_then(Value::as_array).ok_or(DdoError("services"))?;
        if services.len() > MAX_SERVICES {
            return Err(DdoError("number of services"));
        }
        let version = document.get("version").and_then(Value::as_str).unwrap_or_default();
        if version.len() > MAX_VERSION_BYTES {
            return Err(DdoError("version"));
        }
        Ok(Self {
            id: text(document, "id").and_then(|id| Did::parse(id).ok()).ok_or(DdoError("id"))?,
            version: version.to_owned(),
            name: Self::name_of(document),
            chain_id: document.get("chainId").and_then(Value::as_u64).ok_or(DdoError("chainId"))?,
            nft: Self::nft_of(document),
            credentials: Credentials::parse(document.get("credentials"))?,
            services: services
                .iter()
                .zip(0..)
                .map(|(service, index)| Service::parse(service, index))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The service with this id, which is compared as it is.
    #[must_use]
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// Whether the asset's id follows from its NFT and chain: else the document describes someone else's NFT.
    #[must_use]
    pub fn is_of_its_nft(&self) -> bool {
        self.nft.is_some_and(|nft| Did::of(nft.address, self.chain_id) == self.id)
    }

    fn name_of(document: &Map<String, Value>) -> String {
        let name = document.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
        let shown = name.unwrap_or_default().trim().chars().take(MAX_NAME_CHARS);
        shown.map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    /// The cache puts the NFT's facts into `nft`, the publisher its address into `nftAddress`.
    fn nft_of(document: &Map<String, Value>) -> Option<Nft> {
        let nft = document.get("nft").and_then(Value::as_object);
        let address = nft.and_then(|nft| text(nft, "address")).or_else(|| text(document, "nftAddress"))?;
        let state = nft.and_then(|nft| nft.get("state")).and_then(Value::as_u64);
        Some(Nft { address: address.parse().ok()?, state })
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(super) fn document() -> Value {
        json!({
            "@context": ["https://w3id.org/did/v1"],
            "id": "did:op:66956457978dca9b98f6dd698804b361297a8fd90770fb387bda30643ebc204f",
            "version": "4.1.0",
            "chainId": 8996,
            "nftAddress": "0xBc8343a57398df7ae4afa5e6bdc5c06f0f7c5e8e",
            "metadata": {"type": "dataset", "name": "Ä"},
            "services": [{
                "id": "b4d208d6", "type": "access", "files": "0x04ab", "timeout": 3600,
                "datatokenAddress": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
                "serviceEndpoint": "http://127.0.0.1:8030"
            }],
            "credentials": {"allow": [], "deny": []},
            "nft": {"address": "0xbc8343a57398df7ae4afa5e6bdc5c06f0f7c5e8e", "state": 0},
            "event": {"tx": "0x00"}
        })
    }

    #[test]
    fn a_published_document_is_read() {
        let ddo = Ddo::parse(&document()).expect("a document");
        assert_eq!((ddo.version.as_str(), ddo.name.as_str(), ddo.chain_id), ("4.1.0", "Ä", 8996));
        assert!(ddo.is_of_its_nft());
        let service = ddo.service("b4d208d6").expect("a service");
        assert_eq!((service.index, service.timeout, service.kind), (0, 3600, ServiceKind::Access));
        assert_eq!(ddo.service("B4D208D6"), None);
    }

    #[test]
    fn a_document_of_another_nft_is_noticed() {
        let mut other = document();
        other["nft"]["address"] = json!("0x0000000000000000000000000000000000000001");
        assert!(!Ddo::parse(&other).expect("a document").is_of_its_nft());
    }

    #[test]
    fn what_is_missing_is_named() {
        for (member, said) in [("id", "id"), ("chainId", "chainId"), ("services", "services")] {
            let mut broken = document();
            broken[member] = Value::Null;
            assert_eq!(Ddo::parse(&broken), Err(DdoError(said)));
        }
        let mut many = document();
        many["services"] = Value::Array(vec![many["services"][0].clone(); MAX_SERVICES + 1]);
        assert_eq!(Ddo::parse(&many), Err(DdoError("number of services")));
        assert_eq!(Ddo::parse(&json!([])), Err(DdoError("object")));
    }
}

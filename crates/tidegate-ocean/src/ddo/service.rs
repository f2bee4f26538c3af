//! One service of an asset.

use alloy_primitives::Address;
use serde_json::Value;

use super::{DdoError, text};

const MAX_ID_BYTES: usize = 256;
/// Above what fits into a block, and so into published metadata.
const MAX_FILES_BYTES: usize = 4 * 1024 * 1024;
const MAX_ENDPOINT_BYTES: usize = 2 * 1024;

/// What an asset offers: its files, or computing with them, for a datatoken.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its id within the asset.
    pub id: String,
    /// Its place in the document, which orders name.
    pub index: u64,
    /// What is offered.
    pub kind: ServiceKind,
    /// The token that pays for it.
    pub datatoken: Address,
    /// The encrypted files: hex, as published.
    pub files: String,
    /// For how many seconds an order is good; 0 is for ever.
    pub timeout: u64,
    /// The Provider that serves it, as published; empty if not given.
    pub endpoint: String,
    /// `additionalInformation`, as published; null if not given.
    pub additional: Value,
}

/// What a service offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Downloads.
    Access,
    /// Computing where the data is.
    Compute,
    /// Something else.
    Other,
}

impl Service {
    pub(super) fn parse(value: &Value, index: u64) -> Result<Self, DdoError> {
        let service = value.as_object().ok_or(DdoError("service"))?;
        let bounded = |name: &str, most: usize| {
            text(service, name).filter(|value| value.len() <= most).map(str::to_owned)
        };
        Ok(Self {
            id: bounded("id", MAX_ID_BYTES).ok_or(DdoError("service id"))?,
            index,
            kind: match text(service, "type") {
                Some("access") => ServiceKind::Access,
                Some("compute") => ServiceKind::Compute,
                _ => ServiceKind::Other,
            },
            datatoken: text(service, "datatokenAddress")
                .and_then(|address| address.parse().ok())
                .ok_or(DdoError("datatokenAddress"))?,
            files: bounded("files", MAX_FILES_BYTES).ok_or(DdoError("files"))?,
            timeout: service.get("timeout").and_then(Value::as_u64).ok_or(DdoError("timeout"))?,
            endpoint: bounded("serviceEndpoint", MAX_ENDPOINT_BYTES).unwrap_or_default(),
            additional: service.get("additionalInformation").cloned().unwrap_or_default(),
        })
    }

    /// The bytes of the encrypted files; none if they are no hex.
    #[must_use]
    pub fn sealed_files(&self) -> Option<Vec<u8>> {
        hex::decode(crate::signature::without_0x(&self.files)).ok()
    }
}

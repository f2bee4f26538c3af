//! Decentralised identifiers of assets: `did:op:` and a digest of the data NFT and its chain.

use std::fmt;

use alloy_primitives::Address;
use sha2::{Digest, Sha256};
use thiserror::Error;

const PREFIX: &str = "did:op:";
/// Far above the 64 hex digits of real ones, and small enough to be a key anywhere.
const MAX_NAME_BYTES: usize = 128;

/// The id of an asset, as its publisher wrote it: `did:op:` and 1 to 128 ASCII letters and digits.
///
/// The text is kept as sent, since it is part of what a buyer signs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did(String);

/// A text that is no DID of an Ocean asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a DID is \"did:op:\" followed by 1 to 128 letters and digits")]
pub struct DidError;

impl Did {
    /// Takes a DID as sent.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        let name = text.strip_prefix(PREFIX).ok_or(DidError)?;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !plain {
            return Err(DidError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The DID that a data NFT has: the SHA-256 of its checksummed address and the decimal chain id
    /// (Ocean docs, "DID").
    #[must_use]
    pub fn of(nft: Address, chain_id: u64) -> Self {
        let digest = Sha256::digest(format!("{}{chain_id}", nft.to_checksum(None)));
        Self(format!("{PREFIX}{}", hex::encode(digest)))
    }

    /// The whole text, prefix included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    #[test]
    fn nft_and_chain_make_the_id() {
        let nft = address!("0xBC8343a57398df7aE4afa5E6bDC5c06f0F7c5E8e");
        let did = Did::of(nft, 8996);
        assert_eq!(Did::parse(did.as_str()), Ok(did.clone()));
        assert_ne!(did, Did::of(nft, 1));
        assert_ne!(did, Did::of(Address::ZERO, 8996));
    }

    #[test]
    fn only_asset_ids_are_taken() {
        for text in ["", "did:op:", "did:ov:00", "did:op:00/../..", "did:op:é", "DID:OP:00", " did:op:00"] {
            assert_eq!(Did::parse(text), Err(DidError), "{text}");
        }
        assert!(Did::parse(&format!("did:op:{}", "0".repeat(128))).is_ok());
        assert!(Did::parse(&format!("did:op:{}", "0".repeat(129))).is_err());
    }
}

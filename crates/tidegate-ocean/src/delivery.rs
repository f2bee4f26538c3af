//! Receipts of downloads: what a Provider says it delivered, signed with its key, and how anybody checks one.
//!
//! The text that is signed is JSON. Its Keccak-256 is signed as a personal message (EIP-191), as the Python Provider signs its
//! proofs.

use std::fmt;

use alloy_primitives::{Address, B256, keccak256};
use serde::Deserialize;
use thiserror::Error;

use crate::signature::{Signature, recover};

/// A longer text is no receipt: ids of services are what publishers like, but no books.
const MAX_BYTES: usize = 64 << 10;

/// What was delivered: the members of a receipt's text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The chain of the order.
    pub chain_id: u64,
    /// The order's own transaction.
    pub order_tx: B256,
    /// Who downloaded.
    pub consumer_address: Address,
    /// The asset.
    pub document_id: String,
    /// The service.
    pub service_id: String,
    /// The file's place in the service.
    pub file_index: u64,
    /// `bytes first-last/length`; nothing for the whole file.
    pub range: Option<String>,
    /// How many bytes.
    pub downloaded_bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal digits.
    pub sha256: String,
    /// When the last one was sent: RFC 3339.
    pub time: String,
}

/// A text that is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoDelivery {
    /// It is not JSON, or lacks a member.
    #[error("the text does not say what was delivered")]
    Form,
    /// It is longer than any receipt.
    #[error("the text is too long")]
    Long,
}

/// A receipt as it was handed out, and what it is to be compared with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The text.
    pub document: &'a str,
    /// The signature over it, in hexadecimal digits.
    pub signature: &'a str,
    /// What the Keccak-256 of the text is said to be.
    pub hash: Option<B256>,
    /// Whose signature it must be.
    pub provider: Option<Address>,
    /// The content that is said to have been delivered.
    pub content: Option<Content>,
}

/// Bytes in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// What came of checking a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it says, if it says anything.
    pub delivery: Option<Delivery>,
    /// Who signed it, if anybody did.
    pub signer: Option<Address>,
    /// What was looked at, in order. What nothing was said about is not among them.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub check: Check,
    /// Whether it is as it should be.
    pub holds: bool,
    /// The same in words for people.
    pub words: String,
}

/// What is looked at in a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Does the text say what was delivered?
    Document,
    /// Has the text the hash that it is said to have?
    Hash,
    /// Has a key signed the text?
    Signature,
    /// Is that the Provider's key?
    Provider,
    /// Are the bytes in hand those that were delivered?
    Content,
}

impl Check {
    /// One word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Hash => "hash",
            Self::Signature => "signature",
            Self::Provider => "provider",
            Self::Content => "content",
        }
    }
}

impl Delivery {
    /// Reads a receipt's text. Members that are not known are left alone.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(document: &str) -> Result<Self, NoDelivery> {
        if document.len() > MAX_BYTES {
            return Err(NoDelivery::Long);
        }
        serde_json::from_str(document).map_err(|_| NoDelivery::Form)
    }
}

/// In one sentence without its stop.
impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of file {}", self.downloaded_bytes, self.file_index)?;
        if let Some(range) = &self.range {
            write!(f, " ({range})")?;
        }
        write!(
            f,
            " of {} went to {} for the order {} on chain {}, at {}",
            self.document_id, self.consumer_address, self.order_tx, self.chain_id, self.time
        )
    }
}

impl Evidence<'_> {
    /// Checks everything that can be checked.
    #[must_use]
    pub fn check(&self) -> Verdict {
        let delivery = Delivery::parse(self.document);
        let signer =
            Signature::parse(self.signature).ok().and_then(|signature| recover(self.document, &signature));
        let mut findings = vec![found(
            Check::Document,
            delivery.is_ok(),
            match &delivery {
                Ok(delivery) => format!("The receipt says: {delivery}."),
                Err(problem) => format!("This is no receipt: {problem}."),
            },
        )];
        if let Some(said) = self.hash {
            let hash = keccak256(self.document);
            findings.push(found(
                Check::Hash,
                hash == said,
                if hash == said {
                    format!("The text has the hash that it is said to have, {hash}.")
                } else {
                    format!("The text has the hash {hash}, and not {said}: one of them was changed.")
                },
            ));
        }
        findings.push(found(
            Check::Signature,
            signer.is_some(),
            match signer {
                Some(signer) => format!("The text was signed with the key of {signer}."),
                None => "The signature is none of anybody's.".to_owned(),
            },
        ));
        if let Some(provider) = self.provider {
            findings.push(found(
                Check::Provider,
                signer == Some(provider),
                if signer == Some(provider) {
                    format!("That is the key of the Provider, {provider}.")
                } else {
                    format!("The Provider is {provider}: somebody else signed, or the text was changed.")
                },
            ));
        }
        if let Some(content) = &self.content {
            findings.push(content.compare(delivery.as_ref().ok()));
        }
        Verdict { delivery: delivery.ok(), signer, findings }
    }
}

impl Content {
    fn compare(&self, delivery: Option<&Delivery>) -> Finding {
        let hash = hex::encode(self.sha256);
        let same = delivery.is_some_and(|delivery| {
            delivery.downloaded_bytes == self.bytes && delivery.sha256.eq_ignore_ascii_case(&hash)
        });
        let words = if same {
            format!("The content is what was delivered: {} bytes with the SHA-256 {hash}.", self.bytes)
        } else {
            format!(
                "The content is not what was delivered: it has {} bytes and the SHA-256 {hash}.",
                self.bytes
            )
        };
        found(Check::Content, same, words)
    }
}

impl Verdict {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds)
    }
}

fn found(check: Check, holds: bool, words: String) -> Finding {
    Finding { check, holds, words }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::key::ProviderKey;

    const DOCUMENT: &str = r#"{"chainId":8996,"orderTx":"0x0101010101010101010101010101010101010101010101010101010101010101","consumerAddress":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","documentId":"did:op:00","serviceId":"a","fileIndex":0,"range":null,"downloadedBytes":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","time":"2026-11-22T06:00:00.000Z"}"#;

    fn key() -> ProviderKey {
        ProviderKey::parse(&"42".repeat(32)).expect("a key")
    }

    fn signed() -> String {
        hex::encode(key().sign_personal(&keccak256(DOCUMENT)).as_bytes())
    }

    fn content(bytes: &[u8]) -> Content {
        Content { bytes: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
    }

    /// What does not hold.
    fn failed(evidence: &Evidence<'_>) -> Vec<Check> {
        let verdict = evidence.check();
        assert_eq!(verdict.is_good(), verdict.findings.iter().all(|finding| finding.holds));
        verdict.findings.iter().filter(|finding| !finding.holds).map(|finding| finding.check).collect()
    }

    #[test]
    fn a_receipt_with_all_that_belongs_to_it_is_good() {
        let signature = signed();
        let evidence = Evidence {
            document: DOCUMENT,
            signature: &signature,
            hash: Some(keccak256(DOCUMENT)),
            provider: Some(key().address()),
            content: Some(content(b"hello")),
        };
        let verdict = evidence.check();
        assert!(verdict.is_good(), "{:?}", verdict.findings);
        assert_eq!(verdict.findings.len(), 5);
        assert_eq!(verdict.signer, Some(key().address()));
        assert_eq!(verdict.delivery.expect("a delivery").downloaded_bytes, 5);
    }

    #[test]
    fn whatever_was_changed_is_named() {
        let signature = signed();
        let good = Evidence {
            document: DOCUMENT,
            signature: &signature,
            provider: Some(key().address()),
            ..Evidence::default()
        };
        assert_eq!(failed(&good), []);
        let changed = DOCUMENT.replace("\"downloadedBytes\":5", "\"downloadedBytes\":6");
        let evidence = Evidence { document: &changed, hash: Some(keccak256(DOCUMENT)), ..good };
        assert_eq!(failed(&evidence), [Check::Hash, Check::Provider]);
        assert_eq!(failed(&Evidence { provider: Some(Address::ZERO), ..good }), [Check::Provider]);
        assert_eq!(failed(&Evidence { content: Some(content(b"hallo")), ..good }), [Check::Content]);
        assert_eq!(failed(&Evidence { signature: "0x00", ..good }), [Check::Signature, Check::Provider]);
    }

    #[test]
    fn what_is_no_receipt_is_none() {
        let long = " ".repeat(MAX_BYTES + 1);
        for (document, problem) in
            [("", NoDelivery::Form), ("{}", NoDelivery::Form), (&long, NoDelivery::Long)]
        {
            assert_eq!(Delivery::parse(document), Err(problem));
        }
        let nothing = Evidence { document: "{}", content: Some(content(b"")), ..Evidence::default() };
        assert_eq!(failed(&nothing), [Check::Document, Check::Signature, Check::Content]);
    }
}

//! Signatures as clients send them, and who made them.
//!
//! `check` knows what bytes a client signs for a message, `request` which message belongs to which request.

mod check;
mod request;

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey};
use thiserror::Error;

pub(crate) use check::personal;
pub use check::{is_signed_by, recover, signer_of_message, wallet_hashes};
pub use request::SignedRequest;

/// Room for the signatures of some 60 owners of a contract wallet, with their types and lengths.
const MAX_WALLET_SIGNATURE_BYTES: usize = 8 * 1024;

/// A recoverable ECDSA signature over secp256k1: `r`, `s` and the parity of the point.
///
/// A high `s` is taken: it lets anyone turn a signature into another one of the same signer and message, and the
/// nonce inside the message is used up by whichever comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    bytes: [u8; 65],
    recoverable: RecoverableSignature,
}

/// A text that is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Not 65 bytes of hex.
    #[error("a signature is 65 bytes of hex")]
    Form,
    /// The last byte is none of 0, 1, 27 and 28.
    #[error("the signature's last byte is 0, 1, 27 or 28")]
    Parity,
    /// `r` or `s` is not smaller than the order of the curve.
    #[error("the signature is out of range")]
    Range,
}

impl Signature {
    /// Takes a signature as sent: hex of any case, with or without `0x`, its last byte 0, 1, 27 or 28.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let mut bytes = [0; 65];
        hex::decode_to_slice(without_0x(text), &mut bytes).map_err(|_| SignatureError::Form)?;
        Self::from_bytes(bytes)
    }

    /// Takes `r`, `s` and `v` (0, 1, 27 or 28).
    pub fn from_bytes(mut bytes: [u8; 65]) -> Result<Self, SignatureError> {
        let parity = match bytes[64] {
            0 | 27 => RecoveryId::Zero,
            1 | 28 => RecoveryId::One,
            _ => return Err(SignatureError::Parity),
        };
        let recoverable =
            RecoverableSignature::from_compact(&bytes[..64], parity).map_err(|_| SignatureError::Range)?;
        bytes[64] = if parity == RecoveryId::Zero { 27 } else { 28 };
        Ok(Self { bytes, recoverable })
    }

    pub(crate) fn from_recoverable(recoverable: RecoverableSignature) -> Self {
        let (parity, compact) = recoverable.serialize_compact();
        let mut bytes = [27; 65];
        bytes[..64].copy_from_slice(&compact);
        // 2 and 3 stand for an r above the order of the curve: no one has met such a signature.
        bytes[64] += u8::from(matches!(parity, RecoveryId::One | RecoveryId::Three));
        Self { bytes, recoverable }
    }

    /// `r`, `s` and `v`, the last as 27 or 28.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 65] {
        &self.bytes
    }

    /// Who signed these 32 bytes; nobody, if the signature fits no key.
    #[must_use]
    pub fn signer(&self, hash: &B256) -> Option<Address> {
        self.recoverable.recover(Message::from_digest(hash.0)).ok().map(|key| address_of(&key))
    }
}

/// Shows nothing: a signature opens what it signs.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

/// The bytes of a signature that only its contract wallet can judge (ERC-1271): hex, at most 8 KiB.
#[must_use]
pub fn wallet_signature(text: &str) -> Option<Bytes> {
    let digits = without_0x(text);
    if digits.len() > 2 * MAX_WALLET_SIGNATURE_BYTES {
        return None;
    }
    hex::decode(digits).ok().map(Bytes::from)
}

/// The account of a public key: the last 20 bytes of the hash of its coordinates.
pub(crate) fn address_of(key: &PublicKey) -> Address {
    Address::from_word(keccak256(&key.serialize_uncompressed()[1..]))
}

pub(crate) fn without_0x(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

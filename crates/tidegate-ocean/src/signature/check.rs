//! What a client signs for a message, and who signed it.
//!
//! All clients hash the message (Keccak-256 of its UTF-8) and hand the hash to the wallet as a personal message
//! (EIP-191). They differ in how the hash is handed over: as 32 bytes, as bytes without its leading zeros
//! (`ethers.toBeArray` of ocean.js 8, one message in 256), or as its 66 characters of hex.

use std::iter;

use alloy_primitives::{Address, B256, Keccak256, keccak256};

use super::Signature;

/// Whether the holder of `address` signed `text`, in any of the forms that clients use.
///
/// The first recovery settles the usual case; a wrong signature costs two, or three if the hash starts with a zero.
#[must_use]
pub fn is_signed_by(text: &str, signature: &Signature, address: Address) -> bool {
    let hash = keccak256(text);
    signed_hashes(&hash).any(|signed| signature.signer(&signed) == Some(address))
}

/// Who signed `text` in the plain form (the hash as 32 bytes); nobody, if the signature fits no key.
#[must_use]
pub fn recover(text: &str, signature: &Signature) -> Option<Address> {
    signature.signer(&personal(keccak256(text).as_slice()))
}

/// Who signed `text` as it stands, as wallets do with texts that people read (`personal_sign`); nobody, if the signature fits no
/// key.
#[must_use]
pub fn signer_of_message(text: &str, signature: &Signature) -> Option<Address> {
    signature.signer(&personal(text.as_bytes()))
}

/// The hashes to ask a contract wallet about (ERC-1271), likeliest first: those that its owners sign as above, and the
/// two that the Ocean Node asks about, the bare hash and the text itself as a personal message.
#[must_use]
pub fn wallet_hashes(text: &str) -> Vec<B256> {
    let hash = keccak256(text);
    let mut hashes: Vec<B256> = signed_hashes(&hash).collect();
    hashes.splice(1..1, [hash, personal(text.as_bytes())]);
    hashes
}

/// The hash under the signature for each form of handing over `hash`, likeliest first, each made when asked for.
fn signed_hashes(hash: &B256) -> impl Iterator<Item = B256> {
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    let plain = iter::once_with(move || personal(hash.as_slice()));
    let stripped = (zeros > 0).then(|| &hash[zeros..]).into_iter().map(personal);
    let words = iter::once_with(move || personal(format!("{hash:#x}").as_bytes()));
    plain.chain(stripped).chain(words)
}

/// The hash of a personal message (EIP-191, version `E`).
pub(crate) fn personal(message: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(b"\x19Ethereum Signed Message:\n");
    hasher.update(message.len().to_string());
    hasher.update(message);
    hasher.finalize()
}

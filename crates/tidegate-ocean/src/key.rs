//! The Provider's key: it signs fees and receipts, and opens what publishers encrypted for it.

use std::fmt;

use alloy_primitives::{Address, B256};
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::ecies::{self, EciesError};
use crate::signature::{Signature, address_of, personal, without_0x};

/// A secp256k1 secret key with its public half. Overwritten when dropped, never printed.
pub struct ProviderKey {
    secret: SecretKey,
    public: PublicKey,
    address: Address,
}

/// A text that is no private key. It does not say which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a private key is 32 bytes of hex, greater than zero and smaller than the order of secp256k1")]
pub struct KeyError;

impl ProviderKey {
    /// Takes 64 hex digits of any case, with or without `0x`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(without_0x(text), bytes.as_mut()).map_err(|_| KeyError)?;
        let secret = SecretKey::from_byte_array(*bytes).map_err(|_| KeyError)?;
        let public = secret.public_key(SECP256K1);
        Ok(Self { secret, public, address: address_of(&public) })
    }

    /// The account of this key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// The public key, uncompressed: 0x04 and both coordinates.
    #[must_use]
    pub fn public_key(&self) -> [u8; 65] {
        self.public.serialize_uncompressed()
    }

    /// Signs 32 bytes as they are. The same bytes give the same signature (RFC 6979), with a low `s`.
    #[must_use]
    pub fn sign_hash(&self, hash: &B256) -> Signature {
        let message = Message::from_digest(hash.0);
        Signature::from_recoverable(SECP256K1.sign_ecdsa_recoverable(message, &self.secret))
    }

    /// Signs 32 bytes as a personal message (EIP-191): what Ocean's contracts check.
    #[must_use]
    pub fn sign_personal(&self, hash: &B256) -> Signature {
        self.sign_hash(&personal(hash.as_slice()))
    }

    /// Signs a text as it stands, as a wallet does with a text that its owner reads.
    #[must_use]
    pub fn sign_message(&self, text: &str) -> Signature {
        self.sign_hash(&personal(text.as_bytes()))
    }

    /// Opens what was encrypted for this key; see [`ecies`].
    pub fn decrypt(&self, sealed: &[u8]) -> Result<Vec<u8>, EciesError> {
        ecies::decrypt(&self.secret, sealed)
    }
}

impl Drop for ProviderKey {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

/// Shows whose key it is.
impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderKey").field(&self.address).finish()
    }
}

//! Encryption to a key, as eciespy 0.3 and eciesjs do by default; published assets depend on every byte of it.
//!
//! A sealed message is the sender's one-time public key (65 bytes, uncompressed), a nonce (16), a tag (16) and the
//! body under AES-256-GCM. The AES key is HKDF-SHA256, without salt and info, of that public key and the shared point,
//! both uncompressed.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::array::Array;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::consts::U16;
use aes_gcm::{AesGcm, KeyInit};
use hkdf::Hkdf;
use secp256k1::{PublicKey, SECP256K1, SecretKey, ecdh};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

type Cipher = AesGcm<Aes256, U16>;

const KEY_BYTES: usize = 65;
const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// How much longer a sealed message is than the plain one.
pub const OVERHEAD: usize = KEY_BYTES + NONCE_BYTES + TAG_BYTES;

/// Why a message could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EciesError {
    /// Shorter than its fixed parts.
    #[error("the encrypted message is too short")]
    Short,
    /// A key that is no point of the curve, or a one-time secret out of range.
    #[error("the encrypted message names no valid key")]
    Key,
    /// Encrypted for another key, or changed since.
    #[error("the message was not encrypted for this key")]
    Sealed,
}

/// Seals `plain` for the holder of `public_key` (uncompressed).
///
/// The one-time secret and the nonce come from the caller's random source and must never be used twice.
pub fn encrypt(
    public_key: &[u8; KEY_BYTES],
    plain: &[u8],
    ephemeral_secret: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
) -> Result<Vec<u8>, EciesError> {
    let receiver = PublicKey::from_byte_array_uncompressed(*public_key).map_err(|_| EciesError::Key)?;
    let mut secret = SecretKey::from_byte_array(*ephemeral_secret).map_err(|_| EciesError::Key)?;
    let sender = secret.public_key(SECP256K1).serialize_uncompressed();
    let cipher = cipher(&sender, &receiver, &secret);
    secret.non_secure_erase();

    let mut sealed = Vec::with_capacity(OVERHEAD + plain.len());
    sealed.extend_from_slice(&sender);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(&[0; TAG_BYTES]);
    sealed.extend_from_slice(plain);
    let (head, body) = sealed.split_at_mut(OVERHEAD);
    let tag =
        cipher?.encrypt_inout_detached(&Array(*nonce), &[], body.into()).map_err(|_| EciesError::Sealed)?;
    head[KEY_BYTES + NONCE_BYTES..].copy_from_slice(&tag);
    Ok(sealed)
}

/// Opens what was sealed for `secret`.
pub(crate) fn decrypt(secret: &SecretKey, sealed: &[u8]) -> Result<Vec<u8>, EciesError> {
    let (sender, rest) = sealed.split_first_chunk::<KEY_BYTES>().ok_or(EciesError::Short)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(EciesError::Short)?;
    let (tag, body) = rest.split_first_chunk::<TAG_BYTES>().ok_or(EciesError::Short)?;
    let point = PublicKey::from_byte_array_uncompressed(*sender).map_err(|_| EciesError::Key)?;

    let cipher = cipher(sender, &point, secret)?;
    let mut plain = body.to_vec();
    cipher
        .decrypt_inout_detached(&Array(*nonce), &[], plain.as_mut_slice().into(), &Array(*tag))
        .map_err(|_| EciesError::Sealed)?;
    Ok(plain)
}

/// The cipher that the two sides share: `sender` is the one-time public key, `other` the point of the other side.
fn cipher(sender: &[u8; KEY_BYTES], other: &PublicKey, secret: &SecretKey) -> Result<Cipher, EciesError> {
    let shared = Zeroizing::new(ecdh::shared_secret_point(other, secret));
    let mut seed = Zeroizing::new([0; 2 * KEY_BYTES]);
    seed[..KEY_BYTES].copy_from_slice(sender);
    seed[KEY_BYTES] = 4;
    seed[KEY_BYTES + 1..].copy_from_slice(shared.as_slice());
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, seed.as_slice()).expand(&[], key.as_mut()).map_err(|_| EciesError::Key)?;
    Ok(Cipher::new(&Array(*key)))
}

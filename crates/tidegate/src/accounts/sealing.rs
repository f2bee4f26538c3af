//! Secrets of accounts at rest: AES-256-GCM under a key of the server's, tied to their account.
//!
//! A sealed secret is `01 || nonce (12) || ciphertext || tag (16)`. It opens only with the account it was sealed for, so that
//! swapping rows in the database swaps nobody's keys.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use secrecy::{ExposeSecret as _, SecretSlice};
use zeroize::Zeroize as _;

use crate::db::AccountId;

use super::CryptoError;
use super::server_key::{Purpose, ServerKey};

const VERSION: u8 = 1;

/// Seals and opens.
#[derive(Debug)]
pub(crate) struct Sealing(RandomizedNonceKey);

impl Sealing {
    /// Private keys.
    pub(super) fn new(key: &ServerKey) -> Result<Self, CryptoError> {
        Self::for_purpose(key, Purpose::Sealing)
    }

    /// What is sealed for one purpose does not open for another.
    pub(crate) fn for_purpose(key: &ServerKey, purpose: Purpose) -> Result<Self, CryptoError> {
        let key = key.derive(purpose)?;
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, key.expose_secret())?))
    }

    pub(crate) fn seal(&self, account: AccountId, secret: &SecretSlice<u8>) -> Result<Vec<u8>, CryptoError> {
        let mut text = secret.expose_secret().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(bound_to(account)), &mut text)?;
        Ok([[VERSION].as_slice(), nonce.as_ref(), &text].concat())
    }

    /// The secret, or nothing when it was sealed for another account, with another key, or changed since.
    pub(crate) fn open(&self, account: AccountId, sealed: &[u8]) -> Option<SecretSlice<u8>> {
        let (nonce, text) = sealed.strip_prefix(&[VERSION])?.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(bound_to(account)), &mut text).ok();
        let secret = opened.map(|secret| SecretSlice::from(secret.to_vec()));
        text.zeroize();
        secret
    }
}

fn bound_to(account: AccountId) -> [u8; 8] {
    account.0.to_be_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sealing(byte: &str) -> Sealing {
        Sealing::new(&ServerKey::parse(&byte.repeat(32).into()).unwrap()).unwrap()
    }

    #[test]
    fn opens_for_its_account_and_key_alone() {
        let secret = SecretSlice::from(b"private".to_vec());
        let sealed = sealing("01").seal(AccountId(7), &secret).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"private"));
        assert_eq!(sealing("01").open(AccountId(7), &sealed).unwrap().expose_secret(), b"private");
        assert!(sealing("01").open(AccountId(8), &sealed).is_none());
        assert!(sealing("02").open(AccountId(7), &sealed).is_none());
        assert_ne!(
            sealing("01").seal(AccountId(7), &secret).unwrap(),
            sealed,
            "a nonce of its own each time"
        );
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let sealing = sealing("01");
        let sealed = sealing.seal(AccountId(7), &SecretSlice::from(vec![1, 2, 3])).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(sealing.open(AccountId(7), &changed).is_none(), "byte {index}");
            assert!(sealing.open(AccountId(7), &sealed[..index]).is_none(), "{index} bytes");
        }
    }
}

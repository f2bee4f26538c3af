//! Digital signatures over a CID: the bare RSA private-key operation on `00 01 FF…FF 00 <CID text>`, without a hash.
//!
//! That is what Decoo's SDK, OpenSSL's `rsautl -sign`, Java's `Cipher("RSA")` and Node's `privateEncrypt` make.
//! There is nothing in it but the CID's text, so the whole block is compared, byte by byte.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

use super::{CryptoError, open_signature::signs};

/// The smallest key that is taken, in bits; Decoo's samples use it. The library's largest is 4096.
const MIN_BITS: usize = 1024;

/// More text than any such key has.
const MAX_KEY_TEXT: usize = 16 * 1024;

/// More text than any signature has, line breaks included.
const MAX_SIGNATURE_TEXT: usize = 2048;

/// An RSA public key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: RsaPublicKey,
    der: Vec<u8>,
}

/// Why some text is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not base64, not an RSA key, or one that cannot belong to a pair (an even modulus or exponent, an exponent of 1).
    #[error(
        "this is not an RSA public key of 1024 to 4096 bits in SubjectPublicKeyInfo form, as PEM \
         (BEGIN PUBLIC KEY) or as one line of base64; make one with: openssl rsa -in private.pem -pubout"
    )]
    Malformed,
    /// Too easy to break. Holds its bits.
    #[error("the RSA key has {0} bits; 1024 to 4096 are accepted, 2048 are usual")]
    TooSmall(usize),
}

impl PublicKey {
    /// Reads a key from PEM or from one line of base64.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`].
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        let der = der(text, "PUBLIC KEY").ok_or(PublicKeyError::Malformed)?;
        Self::from_der(&der)
    }

    /// Reads a key from SubjectPublicKeyInfo DER.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`].
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        if der.len() > MAX_KEY_TEXT {
            return Err(PublicKeyError::Malformed);
        }
        // The library refuses what is larger than our largest, and what is even.
        let key = RsaPublicKey::from_public_key_der(der).map_err(|_| PublicKeyError::Malformed)?;
        let bits = key.n().bits();
        if bits < MIN_BITS {
            return Err(PublicKeyError::TooSmall(bits));
        }
        Ok(Self { key, der: der.to_vec() })
    }

    /// SubjectPublicKeyInfo DER, as it was given.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// One line of base64, as people pass it around.
    #[must_use]
    pub fn to_line(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// Is `secret` this key's signature over exactly this text? Line breaks and blanks in its base64 do not count, since
    /// `openssl base64` makes them; everything else does.
    #[must_use]
    pub fn verify(&self, cid_text: &str, secret: &str) -> bool {
        if secret.len() > MAX_SIGNATURE_TEXT {
            return false;
        }
        let Ok(signature) = STANDARD.decode(without_whitespace(secret).as_bytes()) else {
            return false;
        };
        signs(&self.key, &signature, cid_text.as_bytes())
    }
}

/// A new key pair.
#[derive(Debug)]
pub(super) struct KeyPair {
    /// PKCS#8 DER.
    pub(super) private: SecretSlice<u8>,
    /// SubjectPublicKeyInfo DER.
    pub(super) public: Vec<u8>,
}

/// Makes an RSA-2048 key pair. Takes a core for some 50 milliseconds.
pub(super) fn generate() -> Result<KeyPair, CryptoError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())?;
    Ok(KeyPair { private: private.as_ref().to_vec().into(), public: public.as_ref().to_vec() })
}

/// A private key as one line of base64, as people paste it into programs.
pub(super) fn private_line(pkcs8: &SecretSlice<u8>) -> SecretString {
    let mut line = STANDARD.encode(pkcs8.expose_secret());
    let secret = SecretString::from(line.as_str());
    line.zeroize();
    secret
}

/// Why nothing could be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The private key cannot be read. It is not repeated here.
    #[error(
        "this is not an RSA private key in PKCS#8 form, as PEM (BEGIN PRIVATE KEY) or as one line of base64"
    )]
    BadKey,
    /// The text does not fit into the key's block.
    #[error("the CID is too long for this key")]
    TooLong,
}

/// Signs a CID's text as publishers do; returns the `secret` as one line of base64. For the command line: the server
/// never signs.
///
/// # Errors
///
/// [`SignError`].
pub fn sign(private_key: &SecretString, cid_text: &str) -> Result<String, SignError> {
    let der = Zeroizing::new(der(private_key.expose_secret(), "PRIVATE KEY").ok_or(SignError::BadKey)?);
    let key = RsaPrivateKey::from_pkcs8_der(&der).map_err(|_| SignError::BadKey)?;
    // Blinded: the time it takes must not tell about the key (RUSTSEC-2023-0071).
    key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new_unprefixed(), cid_text.as_bytes())
        .map(|signature| STANDARD.encode(signature))
        .map_err(|_| SignError::TooLong)
}

/// The bytes of a key that is PEM with this label, or base64 alone.
fn der(text: &str, label: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_KEY_TEXT {
        return None;
    }
    let text = text.trim();
    let body = match text.strip_prefix(&format!("-----BEGIN {label}-----")) {
        Some(rest) => rest.strip_suffix(&format!("-----END {label}-----"))?,
        None => text,
    };
    STANDARD.decode(without_whitespace(body).as_bytes()).ok()
}

fn without_whitespace(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        keys: Vec<KeyVectors>,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct KeyVectors {
        private_key: String,
        public_key: String,
        good: Vec<Good>,
        bad: Bad,
    }

    #[derive(serde::Deserialize)]
    struct Good {
        cid: String,
        secret: String,
    }

    #[derive(serde::Deserialize)]
    struct Bad {
        cid: String,
        secrets: BTreeMap<String, String>,
    }

    fn vectors() -> Vec<KeyVectors> {
        let file = include_str!("../../../../testdata/vectors/cid-signatures.json");
        let keys = serde_json::from_str::<Vectors>(file).unwrap().keys;
        assert!(!keys.is_empty());
        keys
    }

    #[test]
    fn takes_every_good_signature_and_makes_the_same() {
        for vectors in vectors() {
            let key = PublicKey::parse(&vectors.public_key).unwrap();
            let private = SecretString::from(vectors.private_key);
            for good in &vectors.good {
                assert!(key.verify(&good.cid, &good.secret), "{}", good.cid);
                assert_eq!(sign(&private, &good.cid).unwrap(), good.secret, "{}", good.cid);
            }
            // No signature is good for another CID.
            for (good, other) in vectors.good.iter().zip(vectors.good.iter().skip(1)) {
                assert!(!key.verify(&other.cid, &good.secret));
            }
        }
    }

    #[test]
    fn refuses_every_forgery() {
        for vectors in vectors() {
            let key = PublicKey::parse(&vectors.public_key).unwrap();
            assert!(vectors.bad.secrets.len() > 10);
            for (kind, secret) in &vectors.bad.secrets {
                assert!(!key.verify(&vectors.bad.cid, secret), "{kind}");
            }
        }
    }

    #[test]
    fn base64_may_be_wrapped_but_nothing_else() {
        let vectors = &vectors()[0];
        let key = PublicKey::parse(&vectors.public_key).unwrap();
        let Good { cid, secret } = &vectors.good[0];
        let lines: Vec<_> =
            secret.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        assert!(key.verify(cid, &format!(" {}\r\n", lines.join("\n"))));
        assert!(!key.verify(cid, &format!("{secret}AAAA")));
        assert!(!key.verify(cid, &secret.replacen(['A', 'B', 'C'], "-", 1)));
        assert!(!key.verify(cid, &format!("{secret}{}", " ".repeat(4096))));
        assert!(!key.verify(&format!("{cid} "), secret));
        assert!(!key.verify(&cid.to_uppercase(), secret));
        assert!(!key.verify(&"x".repeat(100_000), secret));
    }

    #[test]
    fn keys_are_read_from_one_line_and_from_pem() {
        let vectors = &vectors()[0];
        let key = PublicKey::parse(&vectors.public_key).unwrap();
        assert_eq!(key.to_line(), vectors.public_key);
        assert_eq!(PublicKey::from_der(key.as_der()), Ok(key.clone()));
        let body: Vec<_> =
            vectors.public_key.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", body.join("\n"));
        assert_eq!(PublicKey::parse(&pem), Ok(key));
        assert_eq!(
            PublicKey::parse(&pem.replace("-----END PUBLIC KEY-----", "")),
            Err(PublicKeyError::Malformed)
        );
        for bad in ["", "AAAA", "not base64!", &vectors.private_key, &"A".repeat(1 << 20)] {
            assert_eq!(PublicKey::parse(bad), Err(PublicKeyError::Malformed));
        }
    }

    #[test]
    fn unsafe_keys_are_refused() {
        use rsa::BigUint;
        use rsa::pkcs8::EncodePublicKey as _;
        let key = |bits: usize, n_low: u8, e: u32| {
            let mut n = vec![0xff; bits / 8];
            *n.last_mut().unwrap() = n_low;
            let key = RsaPublicKey::new_unchecked(BigUint::from_bytes_be(&n), BigUint::from(e));
            PublicKey::from_der(key.to_public_key_der().unwrap().as_bytes())
        };
        assert!(key(1024, 0xff, 65537).is_ok());
        assert!(key(4096, 0xff, 3).is_ok());
        assert_eq!(key(512, 0xff, 65537), Err(PublicKeyError::TooSmall(512)));
        assert!(key(4104, 0xff, 65537).is_err());
        assert!(key(2048, 0xfe, 65537).is_err());
        assert!(key(2048, 0xff, 65536).is_err());
        assert!(key(2048, 0xff, 1).is_err());
        assert!(key(2048, 0xff, 65537).is_ok());
    }

    #[test]
    fn a_generated_pair_signs_and_verifies() {
        let pair = generate().unwrap();
        let key = PublicKey::from_der(&pair.public).unwrap();
        let secret = sign(&private_line(&pair.private), "bafy").unwrap();
        assert!(key.verify("bafy", &secret));
        assert_eq!(sign(&private_line(&pair.private), &"x".repeat(246)), Err(SignError::TooLong));
        assert_eq!(sign(&"rubbish".into(), "bafy"), Err(SignError::BadKey));
    }
}

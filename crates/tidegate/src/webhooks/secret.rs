//! What messages are signed with (Standard Webhooks 1.0, "Signature scheme").

use aws_lc_rs::{hmac, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::{accounts::CryptoError, clock::Timestamp};

/// How a secret is recognised.
const PREFIX: &str = "whsec_";
/// Bytes of a secret; the specification wants 24 to 64.
const BYTES: usize = 32;

/// What one receiver and this server know. Cannot be printed, and is wiped from memory.
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate() -> Result<Self, CryptoError> {
        let mut bytes = vec![0; BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self::new(bytes.into()))
    }

    pub(super) fn new(bytes: SecretSlice<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &SecretSlice<u8> {
        &self.0
    }

    /// As receivers take it.
    #[must_use]
    pub fn text(&self) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(self.0.expose_secret())).into()
    }
}

/// The value of `webhook-signature` for a message that is sent at `now`: a signature with each of `secrets`.
#[must_use]
pub fn signature(secrets: &[Secret], id: &str, now: Timestamp, payload: &str) -> String {
    let signed = format!("{id}.{}.{payload}", now.as_seconds());
    let one = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.0.expose_secret());
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the implementations of the specification share.
    #[test]
    fn signs_as_other_implementations_do() {
        let secret = Secret::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64").into());
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let (now, payload) = (Timestamp::from_seconds(1_614_265_330), r#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(std::slice::from_ref(&secret), id, now, payload), expected);
        assert_eq!(secret.text().expose_secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let other = Secret::generate().expect("random bytes");
        let both = signature(&[other, secret], id, now, payload);
        assert!(both.ends_with(&format!(" {expected}")) && both.starts_with("v1,"), "{both}");
    }
}

//! What messages are signed with (Standard Webhooks 1.0, "Signature scheme"): made, kept sealed, shown to its account, and changed.

use std::time::Duration;

use aws_lc_rs::{hmac, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use super::{WebhookError, Webhooks, Which};
use crate::{
    accounts::CryptoError,
    clock::Timestamp,
    db::{
        AccountId,
        webhooks::{self as rows, Webhook},
    },
};

/// How a secret is recognised.
const PREFIX: &str = "whsec_";
/// Bytes of a secret; the specification wants 24 to 64.
const BYTES: usize = 32;

/// How long a message is signed with the old secret, too.
const OLD_SECRET: Duration = Duration::from_secs(24 * 60 * 60);

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

    fn new(bytes: SecretSlice<u8>) -> Self {
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

/// A webhook's secret, to be shown.
pub struct Shown {
    /// As receivers take it: `whsec_` and base64.
    pub secret: SecretString,
    /// Until when messages are signed with the one before, too.
    pub old_until: Option<Timestamp>,
}

impl Webhooks {
    /// The secret of a webhook, and of callbacks also where none was ever asked for.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn secret(&self, account: AccountId, which: Which) -> Result<Shown, WebhookError> {
        let webhook = self.find(account, which).await?;
        let now = self.0.clock.now();
        let old_until = webhook.old_secret.as_ref().map(|(_, until)| *until).filter(|until| *until > now);
        Ok(Shown { secret: self.open(account, &webhook.secret)?.text(), old_until })
    }

    /// Gives a webhook a new secret. For a day messages are signed with both.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub async fn rotate(&self, account: AccountId, which: Which) -> Result<Shown, WebhookError> {
        let webhook = self.find(account, which).await?;
        let (now, secret) = (self.0.clock.now(), Secret::generate()?);
        let (sealed, until) = (self.0.sealing.seal(account, secret.bytes())?, now.plus(OLD_SECRET));
        let write = self.0.db.write(move |s| {
            Box::pin(async move { rows::rotate(s, account, &webhook.id, &sealed, until, now).await })
        });
        if !write.await? {
            return Err(WebhookError::Unknown);
        }
        Ok(Shown { secret: secret.text(), old_until: Some(until) })
    }

    /// What messages to a webhook are signed with now, the newest first.
    ///
    /// # Errors
    /// A secret was sealed with another key.
    pub fn secrets(&self, webhook: &Webhook) -> Result<Vec<Secret>, CryptoError> {
        let now = self.0.clock.now();
        let mut secrets = vec![self.open(webhook.account, &webhook.secret)?];
        if let Some((old, until)) = &webhook.old_secret
            && *until > now
        {
            secrets.push(self.open(webhook.account, old)?);
        }
        Ok(secrets)
    }

    fn open(&self, account: AccountId, sealed: &[u8]) -> Result<Secret, CryptoError> {
        let opened: Option<SecretSlice<u8>> = self.0.sealing.open(account, sealed);
        opened.map(Secret::new).ok_or(CryptoError)
    }
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

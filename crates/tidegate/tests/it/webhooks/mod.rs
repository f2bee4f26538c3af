//! Webhooks, as those see them who receive them.

mod administration;
mod crash;
mod receivers;
mod sending;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use tidegate::config::Config;
use tidegate_content::sha256;

use crate::support::{
    eventually,
    origin::{Asked, Origin},
    person::Person,
    server::TestServer,
};

/// Settings under which receivers may live on this machine.
pub fn receivers_here(config: &mut Config) {
    config.webhooks.allow_non_public_ip = true;
}

/// A webhook as its owner keeps it.
pub struct Hook {
    pub id: String,
    pub secret: String,
}

impl Hook {
    /// Tells `url` of everything.
    pub async fn create(owner: &Person, url: &str) -> Self {
        Self::create_for(owner, url, &["pin.pinned", "pin.failed", "pin.removed"]).await
    }

    /// Tells `url` of these events.
    pub async fn create_for(owner: &Person, url: &str, events: &[&str]) -> Self {
        let body = json!({"url": url, "events": events});
        let made = owner.send(Method::POST, "/api/v1/webhooks", Some(body)).await.expect(201).json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret") }
    }

    /// A path below it.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/webhooks/{}{rest}", self.id)
    }

    /// The log, newest first.
    pub async fn log(&self, owner: &Person) -> Vec<Value> {
        let page = owner.ask(&self.path("/deliveries")).await.expect(200).json();
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until the newest message is like this, and shows it.
    pub async fn newest(&self, owner: &Person, status: &str, tries: u64) -> Value {
        eventually("the newest message has this status", async || {
            let log = self.log(owner).await;
            log.first().is_some_and(|newest| newest["status"] == status && newest["tries"] == tries)
        })
        .await;
        self.log(owner).await.remove(0)
    }
}

/// Waits until a receiver was asked so often.
pub async fn told(receiver: &Origin, times: usize) -> Vec<Asked> {
    eventually("the receiver is told", async || receiver.asked().len() >= times).await;
    receiver.asked()
}

/// The message in a request, which must be signed with `secret`; `place` says which of its signatures that is.
#[track_caller]
pub fn signed(asked: &Asked, secret: &str, place: usize) -> Value {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let content = [
        asked.header("webhook-id").as_bytes(),
        b".",
        asked.header("webhook-timestamp").as_bytes(),
        b".",
        &asked.body,
    ]
    .concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &content)));
    let signatures: Vec<_> = asked.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.get(place), Some(&expected.as_str()), "{signatures:?}");
    assert_eq!((asked.method.as_str(), asked.header("content-type")), ("POST", "application/json"));
    serde_json::from_slice(&asked.body).unwrap()
}

/// RFC 2104, written down once more for these tests.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    assert!(key.len() <= 64);
    let padded = |byte: u8| -> Vec<u8> {
        (0..64).map(|place| key.get(place).copied().unwrap_or_default() ^ byte).collect()
    };
    let inner = sha256(&[&padded(0x36), message]);
    sha256(&[&padded(0x5c), &inner])
}

/// Later, as the server sees it.
pub fn later(server: &TestServer, by: Duration) {
    server.clock.advance(by);
    server.app.webhooks.ring();
}

#[test]
fn the_tests_sign_as_the_specification_says() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let content = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
    let expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(STANDARD.encode(hmac_sha256(&key, content)), expected);
}

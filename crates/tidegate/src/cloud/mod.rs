//! The Cloud as an Endpoint sees it: the three things it asks, and whether there is anybody to ask. What the answers mean is in the
//! house: [`accounts`](crate::accounts) believes what the Cloud says of tokens, [`pins`](crate::pins) do what it wants done. The
//! Cloud's own side is [`endpoints`](crate::endpoints).

pub mod told;
pub mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;
use url::Url;

use crate::{
    fetch::{FetchLimits, FetchRequest, Fetcher, Guard, SystemResolver, system_tls},
    telemetry::metrics,
};
use wire::{Answer, Application, Joined, Portrait, Question, Report, Verdict};

/// Where the Cloud takes these questions.
const BASE: &str = "/api/v1/endpoints";

/// How long the Cloud may take to say whether a token is good: somebody waits for it.
const VERIFY: Duration = Duration::from_secs(5);

/// A handle on the Cloud. Cheap to clone.
#[derive(Clone)]
pub struct Cloud(Arc<Parts>);

struct Parts {
    url: String,
    fetcher: Fetcher,
    secret: SecretString,
    state: AtomicU8,
}

/// Without the secret.
impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("url", &self.0.url).finish_non_exhaustive()
    }
}

/// How the Cloud was met last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reach {
    /// It answered, or was not asked yet.
    There,
    /// It did not answer.
    Away,
    /// It does not know this Endpoint, or not any more.
    Refused,
}

impl Reach {
    /// In a word, for operators.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::There => "ok",
            Self::Away => "it cannot be reached",
            Self::Refused => "it does not know this Endpoint",
        }
    }
}

/// Why the Cloud did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// It cannot be reached, or cannot answer now.
    #[error("the Cloud cannot be reached ({0})")]
    Away(String),
    /// It does not know this Endpoint, or refuses what it asks; its words.
    #[error("the Cloud refuses this Endpoint: {0}")]
    Refused(String),
}

impl Cloud {
    /// The Cloud at `url`, to which this Endpoint is known by `secret`.
    ///
    /// # Errors
    /// The address has no host, or there is no cryptography for TLS.
    pub fn new(url: &str, secret: SecretString) -> anyhow::Result<Self> {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.context("the setting endpoint.cloud has no host")?;
        let limits = FetchLimits {
            connect: Duration::from_secs(3),
            // A long list of news takes the Cloud a while.
            first_byte: Duration::from_secs(30),
            size: wire::MESSAGE_BYTES as u64,
            redirects: 0,
            ..FetchLimits::default()
        };
        let guard = Guard::public().and_host(&host);
        let fetcher = Fetcher::new(guard, Arc::new(SystemResolver::new()), system_tls()?, limits);
        let state = AtomicU8::new(Reach::There as u8);
        Ok(Self(Arc::new(Parts { url: url.to_owned(), fetcher, secret, state })))
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// How it was met last.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self.0.state.load(Ordering::Relaxed) {
            state if state == Reach::There as u8 => Reach::There,
            state if state == Reach::Away as u8 => Reach::Away,
            _ => Reach::Refused,
        }
    }

    /// Joins, with the token of an invitation.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn join(&self, token: &SecretString, endpoint: Portrait) -> Result<Joined, CloudError> {
        let (token, secret) = (token.expose_secret().to_owned(), self.0.secret.expose_secret().to_owned());
        self.ask("", &Application { token, secret, endpoint }).await
    }

    /// Asks whether an access token is good.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn verify(&self, token: &str) -> Result<Verdict, CloudError> {
        let question = Question { token: token.to_owned() };
        let asked = timeout(VERIFY, self.ask("/verify", &question)).await;
        asked.unwrap_or_else(|_| Err(self.note(CloudError::Away("it took too long".to_owned()))))
    }

    /// Tells what happened here, and hears what there is to do.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn report(&self, report: &Report) -> Result<Answer, CloudError> {
        self.ask("/report", report).await
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, what: &impl Serialize) -> Result<T, CloudError> {
        match self.send(path, what).await {
            Ok(answer) => {
                self.meet(Reach::There);
                Ok(answer)
            }
            Err(error) => Err(self.note(error)),
        }
    }

    async fn send<T: DeserializeOwned>(&self, path: &str, what: &impl Serialize) -> Result<T, CloudError> {
        let away = |error: &dyn std::error::Error| CloudError::Away(error.to_string());
        let body = serde_json::to_vec(what).map_err(|error| away(&error))?;
        let mut secret = HeaderValue::from_str(&format!("Bearer {}", self.0.secret.expose_secret()))
            .map_err(|error| away(&error))?;
        secret.set_sensitive(true);
        let request = FetchRequest::get(&format!("{}{BASE}{path}", self.0.url))
            .map_err(|error| away(&error))?
            .with_method(Method::POST)
            .with_header(header::AUTHORIZATION, secret)
            .with_body(HeaderValue::from_static("application/json"), Bytes::from(body));
        let fetched = self.0.fetcher.fetch(request).await.map_err(|error| away(&error))?;
        let status = fetched.status;
        let body = fetched.body.collect(wire::MESSAGE_BYTES).await.map_err(|error| away(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| away(&error));
        }
        // Whoever stands in for the Cloud may answer with anything; these it says itself, in its own words.
        let meant =
            [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
        match words(&body).filter(|_| meant.contains(&status)) {
            Some(words) => Err(CloudError::Refused(words)),
            None => Err(CloudError::Away(format!("it answers with status {status}"))),
        }
    }

    fn note(&self, error: CloudError) -> CloudError {
        self.meet(match &error {
            CloudError::Away(_) => Reach::Away,
            CloudError::Refused(_) => Reach::Refused,
        });
        error
    }

    /// Remembers how the Cloud was met, and says so when that changes.
    fn meet(&self, reach: Reach) {
        let before = self.reach();
        self.0.state.store(reach as u8, Ordering::Relaxed);
        metrics::cloud_reachable(reach == Reach::There);
        if before != reach {
            match reach {
                Reach::There => tracing::info!(cloud = self.0.url, "the Cloud is there again"),
                Reach::Away => tracing::warn!(
                    cloud = self.0.url,
                    "the Cloud cannot be reached: known tokens stay good until they expire, new ones are refused, and what is \
                     pinned is told later"
                ),
                Reach::Refused => {
                    tracing::error!(
                        cloud = self.0.url,
                        "the Cloud does not know this Endpoint, or not any more"
                    );
                }
            }
        }
    }
}

/// The words in an error of the Cloud.
fn words(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(body.pointer("/error/message")?.as_str()?.to_owned())
}

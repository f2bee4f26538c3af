//! `[endpoint]` and `server.role`: one Cloud, many Endpoints. What each setting means is in `tidegate.example.toml`.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::layers;

/// Which part of the whole a process plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    All,
    /// Accounts, keys, tokens and lists; what needs content is left to Endpoints.
    Cloud,
    /// Uploads and content; who may do what is asked of the Cloud.
    Endpoint,
}

/// `[endpoint]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The Cloud's address, without a slash at the end.
    #[serde(deserialize_with = "layers::optional_url")]
    pub cloud: Option<String>,
    /// The token by which the Endpoint joins.
    #[serde(deserialize_with = "layers::optional_secret")]
    pub registration_token: Option<SecretString>,
    /// Time between two signs of life.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// How long a confirmed token is believed.
    #[serde(with = "humantime_serde")]
    pub trust_for: Duration,
    /// How long a sign of life counts.
    #[serde(with = "humantime_serde")]
    pub live_for: Duration,
    /// How long a request waits for an Endpoint that is away.
    #[serde(with = "humantime_serde")]
    pub wait_for: Duration,
}

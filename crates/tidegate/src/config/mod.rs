//! What an operator can set: one struct per section of `tidegate.toml`, where each value is documented.
//!
//! [`Config::load`] reads file, environment and flags. This file, `provider.rs`, `pull.rs`, `endpoint.rs`, `gateway.rs` and `chains.rs` say what a
//! setting is, `layers.rs` where it comes from, `shown.rs` how it may be looked at, and `aliases.rs` which other server's variables are
//! understood.

mod aliases;
mod chains;
mod check;
mod endpoint;
mod error;
mod gateway;
mod layers;
mod panel;
mod provider;
mod pull;
mod server;
mod shown;
#[cfg(test)]
mod tests;
mod webhooks;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

pub use chains::Chains;
pub use endpoint::{Endpoint, Role};
pub use error::ConfigError;
pub use gateway::Gateway;
pub(crate) use gateway::same_host;
pub use layers::Overrides;
pub use panel::{Panel, Registration};
pub use provider::{Fees, PerChain, Provider};
pub use pull::Pull;
pub use shown::{ShownSetting, Source};
pub use webhooks::Webhooks;

/// The documented example, which is also where every default comes from.
pub const EXAMPLE: &str = include_str!("../../../../tidegate.example.toml");

/// All settings, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listening side.
    pub server: Server,
    /// Where everything is kept.
    pub data: Data,
    /// Which database holds the facts.
    pub database: Database,
    /// Keys that operators may bring.
    pub secrets: Secrets,
    /// How much content is kept, and for how long when nobody wants it.
    pub store: Store,
    /// Bounds on what callers may ask.
    pub limits: Limits,
    /// What is logged and how.
    pub log: Log,
    /// The web pages for people.
    pub panel: Panel,
    /// Selling access.
    pub provider: Provider,
    /// The chains it is sold on.
    pub chains: Chains,
    /// Bounds on what is fetched from elsewhere.
    pub fetch: Fetch,
    /// Bringing content in by its CID.
    pub pull: Pull,
    /// Telling accounts what becomes of their requests.
    pub webhooks: Webhooks,
    /// One Cloud, many Endpoints.
    pub endpoint: Endpoint,
    /// Serving content to browsers.
    pub gateway: Gateway,
    /// Variables of the Python Provider that were found and mean nothing here, for the log.
    #[serde(skip)]
    pub without_meaning: Vec<String>,
    /// Where those values came from that are not the defaults: by `section.key`, or `chains` for that whole section.
    #[serde(skip)]
    pub sources: BTreeMap<String, Source>,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address clients use, without a slash at the end; `None` for "as the caller reached us".
    #[serde(deserialize_with = "layers::optional_url")]
    pub public_url: Option<String>,
    /// Networks of proxies whose word on who calls, and how, is believed.
    #[serde(deserialize_with = "server::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// This endpoint's name.
    pub name: String,
    /// Which part of the whole this process plays.
    pub role: Role,
    /// Connections served at once.
    pub max_connections: usize,
    /// Time for a request's head.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    /// Time for running requests at shutdown.
    #[serde(with = "humantime_serde")]
    pub drain_timeout: Duration,
}

impl Server {
    /// The address for clients, where the server listens on `listening`.
    #[must_use]
    pub fn reached_at(&self, listening: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{listening}"))
    }
}

/// `[data]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The data folder.
    pub dir: PathBuf,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A PostgreSQL URL, which holds a password; `None` for SQLite in the data folder.
    #[serde(deserialize_with = "layers::optional_secret")]
    pub url: Option<SecretString>,
}

/// `[secrets]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The server's key as text; `None` for the one in the data folder.
    #[serde(deserialize_with = "layers::optional_secret")]
    pub server_key: Option<SecretString>,
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Bytes of content in the data folder; zero for no limit but the disk's.
    pub size: ByteSize,
    /// Time between the removal of a content's last pin and that of the content.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of content in one upload.
    pub upload_size: ByteSize,
    /// Files and folders in one upload.
    pub upload_files: usize,
    /// Uploads received at once.
    pub uploads: usize,
    /// Longest silence of an upload, and the span over which its rate is taken.
    #[serde(with = "humantime_serde")]
    pub upload_idle: Duration,
    /// Slowest rate of an upload, in bytes a second.
    pub upload_rate: ByteSize,
    /// How long an upload that can go on after a break is kept without news.
    #[serde(with = "humantime_serde")]
    pub upload_expiry: Duration,
    /// Bytes one account may pin, where the account itself has no other quota.
    pub account_quota: ByteSize,
    /// Requests by CID that one account may have waiting.
    pub account_queued: u64,
    /// Requests a minute with one API key and its tokens; zero for no limit.
    pub requests_per_key: u32,
    /// Requests a minute from one address, reading what is public not counted; zero for no limit.
    pub requests_per_address: u32,
    /// Keys, tokens and links a minute from one address that are not good; zero for no limit.
    pub failures_per_address: u32,
}

/// `[fetch]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Time to connect, encryption included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// Longest silence of an origin in the middle of its answer.
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// Longest time for questions that are not downloads: a file's details, a document, a checksum.
    #[serde(with = "humantime_serde")]
    pub total_timeout: Duration,
    /// Redirects that are followed.
    pub redirects: usize,
    /// Bytes of one download.
    pub size: ByteSize,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// A level or a `tracing` filter.
    pub level: String,
    /// Lines kept in memory, for administrators to look through.
    pub kept: usize,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

//! `[webhooks]`: telling accounts what becomes of their requests. What each setting means is in `tidegate.example.toml`.

use std::time::Duration;

use serde::Deserialize;

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Webhooks that are sent to at once.
    pub at_once: usize,
    /// Time for one message.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long the log of messages is kept.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
    /// May receivers live at addresses that are not public?
    pub allow_non_public_ip: bool,
}

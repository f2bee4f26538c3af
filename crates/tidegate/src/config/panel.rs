//! `[panel]`: the web pages for people. What each setting means is in `tidegate.example.toml`.

use std::time::Duration;

use serde::Deserialize;

/// `[panel]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// Who may make an account there.
    pub registration: Registration,
    /// How long a session lasts without being used.
    #[serde(with = "humantime_serde")]
    pub session_idle: Duration,
    /// How long it lasts altogether.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Whoever has an invitation.
    Invite,
    /// Nobody: the operator makes accounts. Only the first administrator has an invitation.
    Closed,
}

//! How often and how much: requests a minute, requests that wait, and who is behind a proxy.

mod proxies;
mod queues;
mod rates;

use tidegate::config::Config;

/// What a test sends comes from a proxy that is believed, so that it may come from anywhere.
pub fn behind_a_proxy(config: &mut Config) {
    config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

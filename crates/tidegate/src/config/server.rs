//! Lists of networks, as `server.trusted_proxies` has one.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Value;

/// A list, or a text of networks with blanks or commas between them.
pub(super) fn networks<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<IpNet>, D::Error> {
    let wrong = || D::Error::custom("is not a list of networks");
    match Value::deserialize(d)? {
        Value::String(text) => {
            let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
            parts.map(|part| network(part).ok_or_else(wrong)).collect()
        }
        Value::Array(parts) => {
            parts.iter().map(|part| part.as_str().and_then(network).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// A network, or the one address in it.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

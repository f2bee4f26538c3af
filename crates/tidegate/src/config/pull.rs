//! `[pull]`: bringing content in by its CID. What each setting means is in `tidegate.example.toml`.

use std::time::Duration;

use bytesize::ByteSize;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Value;
use url::Url;

/// `[pull]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// Trustless gateways, in order of preference, each without a slash at the end.
    #[serde(deserialize_with = "addresses")]
    pub gateways: Vec<Url>,
    /// The RPC of a Kubo node.
    #[serde(deserialize_with = "optional_address")]
    pub kubo: Option<Url>,
    /// DAGs brought in at once.
    pub at_once: usize,
    /// Blocks of one DAG asked for at once.
    pub parallel: usize,
    /// Bytes of one DAG.
    pub size: ByteSize,
    /// Blocks of one DAG.
    pub blocks: u64,
    /// Time for one block.
    #[serde(with = "humantime_serde")]
    pub block_timeout: Duration,
    /// Time for one try.
    #[serde(with = "humantime_serde")]
    pub try_timeout: Duration,
    /// Time from the request to its last try.
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
    /// May `pinFromS3` fetch from addresses that are not public?
    pub allow_non_public_ip: bool,
}

/// A list, or a text of addresses with blanks or commas between them.
fn addresses<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Url>, D::Error> {
    match Value::deserialize(d)? {
        Value::String(text) => {
            let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
            parts.map(|part| address(part).map_err(D::Error::custom)).collect()
        }
        Value::Array(parts) => parts
            .iter()
            .map(|part| match part {
                Value::String(text) => address(text).map_err(D::Error::custom),
                _ => Err(D::Error::custom("is not a list of addresses")),
            })
            .collect(),
        _ => Err(D::Error::custom("is not a list of addresses")),
    }
}

fn optional_address<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(d)?;
    if text.is_empty() { Ok(None) } else { address(&text).map(Some).map_err(D::Error::custom) }
}

/// Addresses may hold a password, so they are not repeated.
fn address(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text.trim_end_matches('/')) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(url)
        }
        _ => Err("is not an http or https address"),
    }
}

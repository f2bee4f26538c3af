//! `[gateway]`: serving content to browsers. What each setting means is in `tidegate.example.toml`.

use http::uri::Authority;
use serde::{Deserialize, Deserializer, de::Error as _};

/// `[gateway]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// A host name that is for content alone, in small letters.
    #[serde(deserialize_with = "optional_host")]
    pub host: Option<String>,
}

/// Whether `authority`, which may have a port, is at `host`. A name may end in a dot.
pub(crate) fn same_host(host: &str, authority: &str) -> bool {
    let name = authority.parse::<Authority>();
    name.is_ok_and(|name| name.host().trim_end_matches('.').eq_ignore_ascii_case(host))
}

fn optional_host<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(d)?;
    if text.is_empty() {
        return Ok(None);
    }
    let authority: Authority = text.parse().map_err(|_| D::Error::custom("is not a host name"))?;
    if authority.host() != text {
        return Err(D::Error::custom("is a host name alone, without a port or anything else"));
    }
    Ok(Some(text.trim_end_matches('.').to_ascii_lowercase()))
}

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

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    fn host(host: &str, public_url: &str) -> Result<Option<String>, String> {
        let flags = Overrides(vec![("gateway.host", host.into()), ("server.public_url", public_url.into())]);
        let config = Config::load(None, [], flags).map_err(|error| error.to_string())?;
        Ok(config.gateway.host)
    }

    #[test]
    fn a_host_is_a_name_of_its_own() {
        assert_eq!(host("", ""), Ok(None));
        for written in ["ipfs.example.org", "IPFS.example.org", "ipfs.example.org."] {
            let own = host(written, "https://pin.example.org");
            assert_eq!(own.as_ref().map(Option::as_deref), Ok(Some("ipfs.example.org")), "{written}");
        }
        for (written, words) in [
            ("https://ipfs.example.org", "is not a host name"),
            ("ipfs example", "is not a host name"),
            ("ipfs.example.org:8030", "is a host name alone"),
            ("me@ipfs.example.org", "is a host name alone"),
            ("ipfs.example.org/ipfs", "is not a host name"),
            ("PIN.example.org", "must not be the host of server.public_url"),
        ] {
            let error = host(written, "https://pin.example.org:8443").expect_err(written);
            assert!(error.contains(words) && error.contains("host = \"ipfs.example.org\""), "{error}");
        }
    }
}

//! `[chains]`: which chains are served, and the nodes that are asked about each. Their addresses often hold a key, so they
//! are secrets: no error here repeats one.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::{Table, Value};

/// The key under which nodes are listed whose chain is asked of them.
const AUTO: &str = "auto";

/// The chains that assets may be sold on.
#[derive(Debug, Clone, Default)]
pub struct Chains {
    /// The nodes of each chain, by its id, in the order in which they are preferred.
    pub by_id: BTreeMap<u64, Vec<SecretString>>,
    /// The nodes of one more chain, whose id they tell when they are first asked; empty without such a chain.
    pub auto: Vec<SecretString>,
}

impl Chains {
    /// Whether no chain is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.auto.is_empty()
    }
}

impl<'de> Deserialize<'de> for Chains {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut chains = Self::default();
        for (key, value) in Table::deserialize(d)? {
            if key == AUTO {
                // The only one of NETWORK_URL, mostly, where nobody has written this key.
                chains.auto = urls(value).map_err(D::Error::custom)?;
                continue;
            }
            let id = chain_id(&key).map_err(D::Error::custom)?;
            let urls = urls(value).map_err(|problem| D::Error::custom(format!("{key}: {problem}")))?;
            if !urls.is_empty() {
                chains.by_id.insert(id, urls);
            }
        }
        Ok(chains)
    }
}

/// The section that a variable's text stands for: JSON by chain id, or the nodes of one chain that is asked for its id.
pub(super) fn section(text: &str) -> Result<Table, &'static str> {
    if !text.trim_start().starts_with('{') {
        return Ok(Table::from_iter([(AUTO.to_owned(), Value::String(text.to_owned()))]));
    }
    serde_json::from_str(text).map_err(|_| "is neither an address nor JSON of addresses by chain id")
}

/// A chain's id, written in decimal digits.
pub(super) fn chain_id(text: &str) -> Result<u64, String> {
    let id = text.parse().ok().filter(|id| *id > 0 && text.bytes().all(|byte| byte.is_ascii_digit()));
    id.ok_or_else(|| format!("{:?} is not the id of a chain", text.chars().take(40).collect::<String>()))
}

/// One address, a list of them, or a list as JSON text.
fn urls(value: Value) -> Result<Vec<SecretString>, &'static str> {
    const NONE: &str = "is not a list of addresses";
    let list = match value {
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str::<Vec<String>>(&text).map_err(|_| NONE)?
        }
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(list) => {
            let texts = list.into_iter().map(|url| match url {
                Value::String(text) => Ok(text),
                _ => Err(NONE),
            });
            texts.collect::<Result<_, _>>()?
        }
        _ => return Err(NONE),
    };
    list.into_iter().map(|url| node(url.trim())).collect()
}

fn node(text: &str) -> Result<SecretString, &'static str> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host() => {
            Ok(text.to_owned().into())
        }
        _ => Err("is not an address that begins with http://, https://, ws:// or wss://"),
    }
}

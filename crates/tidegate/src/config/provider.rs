//! `[provider]`: selling access, as Ocean Protocol's Provider does. What each setting means is in `tidegate.example.toml`;
//! here is which values it may have.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use tidegate_ocean::{Address, ProviderKey, U256};
use toml::Value;
use url::Url;

use super::{chains::chain_id, layers};

/// `[provider]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The key that files are encrypted for and fees are signed with: 64 hexadecimal digits, with or without `0x`.
    #[serde(deserialize_with = "private_keys")]
    pub private_key: Option<PerChain<SecretString>>,
    /// Where that key is, when not in the setting itself. [`super::Config::load`] has read it already.
    #[serde(deserialize_with = "layers::optional_path")]
    pub private_key_file: Option<PathBuf>,
    /// What the Python Provider signs tokens with. Nothing here is made with it: tokens have a key of their own.
    #[serde(deserialize_with = "layers::optional_secret")]
    pub universal_private_key: Option<SecretString>,
    /// The metadata cache.
    #[serde(deserialize_with = "optional_address")]
    pub aquarius_url: Option<Url>,
    /// The JSON of Ocean's contract addresses.
    #[serde(deserialize_with = "layers::optional_path")]
    pub address_file: Option<PathBuf>,
    /// The token in which fees are paid; `None` for `Ocean` of [`Provider::address_file`].
    #[serde(deserialize_with = "tokens")]
    pub fee_token: Option<PerChain<Address>>,
    /// The fee of one order where `fees` has nothing else, in the token's smallest unit.
    #[serde(deserialize_with = "amount")]
    pub fee_amount: U256,
    /// Other fees for some chains and services.
    pub fees: Fees,
    /// How long a quoted fee stays good once paid; zero for ever.
    #[serde(with = "humantime_serde")]
    pub fee_valid_for: Duration,
    /// Where content is fetched that is not in the own store.
    #[serde(deserialize_with = "optional_address")]
    pub ipfs_gateway: Option<Url>,
    /// Where Arweave's transactions are fetched.
    #[serde(deserialize_with = "optional_address")]
    pub arweave_gateway: Option<Url>,
    /// May content be fetched from private addresses?
    pub allow_non_public_ip: bool,
    /// Who may ask for decrypted documents; empty for everybody.
    #[serde(deserialize_with = "addresses")]
    pub authorized_decrypters: Vec<Address>,
    /// The longest file of which `fileinfo` computes a checksum.
    pub max_checksum_length: ByteSize,
    /// How long an origin, a metadata cache or a policy server may take to begin its answer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How often an origin is asked for a file's details, at least 1.
    pub request_retries: u32,
    /// The policy server.
    #[serde(deserialize_with = "optional_address")]
    pub rbac_url: Option<Url>,
    /// Is the policy server told that this server is private?
    pub private: bool,
    /// Where the receipt of each download is posted.
    #[serde(deserialize_with = "optional_address")]
    pub use_http_proof: Option<Url>,
    /// Is the receipt of each download written to the chain?
    pub use_chain_proof: bool,
    /// Blocks, its own included, that an order must be under before it counts; at least 1.
    pub confirmations: u64,
    /// Blocks, its own included, under which an order is remembered for good.
    pub final_confirmations: u64,
    /// How long a broken download can be resumed; zero for not at all.
    #[serde(with = "humantime_serde")]
    pub ticket_lifetime: Duration,
    /// The largest document that `encrypt` takes and `decrypt` answers.
    pub document_size: ByteSize,
    /// Questions about files that are answered at once, over all callers.
    pub fileinfo_concurrent: usize,
    /// Questions about files that one caller may ask a second; zero for as many as they like.
    pub fileinfo_per_caller: u32,
}

impl Provider {
    /// The fee of one order, in the fee token's smallest unit.
    #[must_use]
    pub fn fee(&self, chain: u64, service: &str) -> U256 {
        self.fees.find(chain, service).unwrap_or(self.fee_amount)
    }
}

/// One value for all chains, or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PerChain<T> {
    /// The same everywhere.
    All(T),
    /// By chain id.
    ByChain(BTreeMap<u64, T>),
}

impl<T> PerChain<T> {
    /// The value for this chain.
    #[must_use]
    pub fn get(&self, chain: u64) -> Option<&T> {
        match self {
            Self::All(value) => Some(value),
            Self::ByChain(values) => values.get(&chain),
        }
    }

    /// Reads text, a table by chain id, or that table as JSON text; nothing when empty.
    fn parse(value: Value, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<Self>, String> {
        const WRONG: &str = "is neither text nor JSON by chain id";
        let table: BTreeMap<String, Value> = match value {
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) if text.trim_start().starts_with('{') => {
                serde_json::from_str(&text).map_err(|_| WRONG)?
            }
            Value::String(text) => return parse(text.trim()).map(|value| Some(Self::All(value))),
            Value::Table(table) => table.into_iter().collect(),
            _ => return Err(WRONG.to_owned()),
        };
        let values = table.into_iter().map(|(chain, value)| {
            let id = chain_id(&chain)?;
            let text =
                value.as_str().ok_or("is not text").map_err(|problem| format!("{chain}: {problem}"))?;
            Ok((id, parse(text.trim()).map_err(|problem| format!("{chain}: {problem}"))?))
        });
        let values = values.collect::<Result<BTreeMap<_, _>, String>>()?;
        Ok((!values.is_empty()).then_some(Self::ByChain(values)))
    }
}

/// Fees that differ from `fee_amount`: by chain (`"8996"`), or by chain and service (`"8996/<service id>"`).
#[derive(Debug, Clone, Default)]
pub struct Fees {
    of_chains: BTreeMap<u64, U256>,
    of_services: BTreeMap<(u64, String), U256>,
}

impl Fees {
    fn find(&self, chain: u64, service: &str) -> Option<U256> {
        // Without services (the usual case) nothing is allocated.
        let of_service = (!self.of_services.is_empty())
            .then(|| self.of_services.get(&(chain, service.to_ascii_lowercase())))
            .flatten();
        of_service.or_else(|| self.of_chains.get(&chain)).copied()
    }
}

impl Fees {
    /// Each with what it is for.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, U256)> {
        let of_chains = self.of_chains.iter().map(|(chain, amount)| (chain.to_string(), *amount));
        let of_services = self.of_services.iter();
        of_chains.chain(of_services.map(|((chain, service), amount)| (format!("{chain}/{service}"), *amount)))
    }
}

impl<'de> Deserialize<'de> for Fees {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        const WRONG: &str = "is not a table of amounts by chain";
        let table: BTreeMap<String, Value> = match Value::deserialize(d)? {
            Value::Table(table) => table.into_iter().collect(),
            Value::String(text) if text.trim().is_empty() => BTreeMap::new(),
            Value::String(text) => serde_json::from_str(&text).map_err(|_| D::Error::custom(WRONG))?,
            _ => return Err(D::Error::custom(WRONG)),
        };
        let mut fees = Self::default();
        for (key, value) in table {
            let amount =
                units(&value).map_err(|problem| D::Error::custom(format!("\"{key}\": {problem}")))?;
            match key.split_once('/') {
                Some((chain, service)) => {
                    let chain = chain_id(chain).map_err(D::Error::custom)?;
                    fees.of_services.insert((chain, service.to_ascii_lowercase()), amount);
                }
                None => {
                    fees.of_chains.insert(chain_id(&key).map_err(D::Error::custom)?, amount);
                }
            }
        }
        Ok(fees)
    }
}

/// The keys of a file's text, which takes the same forms as the setting.
pub(super) fn parse_private_keys(text: &SecretString) -> Result<Option<PerChain<SecretString>>, String> {
    PerChain::parse(Value::String(text.expose_secret().to_owned()), private_key)
}

fn private_keys<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PerChain<SecretString>>, D::Error> {
    PerChain::parse(Value::deserialize(d)?, private_key).map_err(D::Error::custom)
}

/// Says what a key looks like and never what this one is.
fn private_key(text: &str) -> Result<SecretString, String> {
    match ProviderKey::parse(text) {
        Ok(_) => Ok(text.to_owned().into()),
        Err(_) => Err("is not a private key of 64 hexadecimal digits".to_owned()),
    }
}

fn tokens<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PerChain<Address>>, D::Error> {
    PerChain::parse(Value::deserialize(d)?, address).map_err(D::Error::custom)
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|_| "is not an Ethereum address of 40 hexadecimal digits".to_owned())
}

/// A list, or a list as JSON text.
fn addresses<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Address>, D::Error> {
    const WRONG: &str = "is not a list of Ethereum addresses";
    let list: Vec<Value> = match Value::deserialize(d)? {
        Value::Array(list) => list,
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => serde_json::from_str(&text).map_err(|_| D::Error::custom(WRONG))?,
        _ => return Err(D::Error::custom(WRONG)),
    };
    list.iter()
        .map(|value| value.as_str().ok_or_else(|| WRONG.to_owned()).and_then(address))
        .collect::<Result<_, _>>()
        .map_err(D::Error::custom)
}

fn amount<'de, D: Deserializer<'de>>(d: D) -> Result<U256, D::Error> {
    units(&Value::deserialize(d)?).map_err(D::Error::custom)
}

/// Decimal digits as text, since a token's smallest unit is often too small for TOML's numbers; or such a number.
fn units(value: &Value) -> Result<U256, &'static str> {
    const WRONG: &str = "is not an amount in the token's smallest unit, in decimal digits";
    match value {
        Value::Integer(number) => u64::try_from(*number).map(U256::from).map_err(|_| WRONG),
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            U256::from_str_radix(text, 10).map_err(|_| WRONG)
        }
        _ => Err(WRONG),
    }
}

/// An address that may hold a key (in its path, query or password): it is not repeated when it is wrong.
fn optional_address<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Url>, D::Error> {
    const WRONG: &str = "is not an http or https address";
    let text = match Value::deserialize(d)? {
        Value::String(text) => text,
        _ => return Err(D::Error::custom(WRONG)),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
        _ => Err(D::Error::custom(WRONG)),
    }
}

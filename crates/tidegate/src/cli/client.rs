//! Calling a server: which one, with which keys, and what its errors mean for an exit code.

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use http::StatusCode;
use reqwest::{Response, Url};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Failure,
    profile::{self, Profile},
};

/// Where a server listens that was not told otherwise.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:8030";
const CONNECT: Duration = Duration::from_secs(10);
/// The longest silence in an answer.
const SILENCE: Duration = Duration::from_secs(60);
/// How much of an error's body is read.
const ERROR_BYTES: usize = 16 << 10;

/// Which server to call.
#[derive(Args)]
pub(super) struct UrlArg {
    /// The server's address [default: the profile's, else http://127.0.0.1:8030]
    #[arg(long, env = "TIDEGATE_URL", value_name = "URL")]
    pub url: Option<String>,
}

/// The key that is enough for what needs no signature.
#[derive(Args)]
pub(super) struct ApiKeyArg {
    /// The account's API key; prefer the variable, others on this machine can see flags
    #[arg(long, env = "TIDEGATE_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub api_key: Option<SecretString>,
}

/// The keys of an account. The environment is the better place: other users of the machine can see a command's flags.
#[derive(Args)]
pub(super) struct KeyArgs {
    /// The account's API key; prefer the variable, others on this machine can see flags
    #[arg(long, env = "TIDEGATE_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub api_key: Option<SecretString>,
    /// The account's RSA private key, PKCS#8 as PEM text or one line of base64; prefer the variable
    #[arg(
        long,
        env = "TIDEGATE_RSA_PRIVATE_KEY",
        value_name = "KEY",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub rsa_private_key: Option<SecretString>,
}

/// The keys that are needed to pin.
pub(super) struct Keys {
    pub api_key: SecretString,
    pub rsa_private_key: SecretString,
}

/// A server's address, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Reads what a person wrote or a server named.
    ///
    /// # Errors
    /// It is not an http or https address.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => {
                Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
            }
            _ => Err(anyhow!("{text:?} is not the address of a server; one looks like {DEFAULT_URL}")),
        }
    }

    /// The address of `path`, which begins with a slash.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether what is sent there can be read on the way.
    pub(super) fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address given, else the profile's, else the usual one.
///
/// # Errors
/// It is none, or the profile cannot be used.
pub(super) fn address(url: &UrlArg) -> Result<Address, Failure> {
    if given(&url.url).is_none()
        && let Some(profile) = load_profile()?
    {
        return Address::parse(&profile.url).map_err(Failure::Usage);
    }
    Address::parse(given(&url.url).unwrap_or(DEFAULT_URL)).map_err(Failure::Usage)
}

/// Address and keys, each from flag, variable or profile. The profile's keys are only for the profile's server.
///
/// # Errors
/// A key is missing, or the profile cannot be used.
pub(super) fn address_and_keys(url: &UrlArg, keys: KeyArgs) -> Result<(Address, Keys), Failure> {
    let address = address(url)?;
    let (api_key, rsa_private_key) = match keys.not_empty() {
        (Some(api_key), Some(rsa_private_key)) => (Some(api_key), Some(rsa_private_key)),
        (api_key, rsa_private_key) => {
            let profile = load_profile_of(&address)?;
            let (profile_api, profile_rsa) =
                profile.map(|profile| (profile.api_key, profile.rsa_private_key)).unzip();
            (api_key.or(profile_api), rsa_private_key.or(profile_rsa))
        }
    };
    let keys = Keys {
        api_key: api_key.ok_or_else(|| missing(&address, "API key", "TIDEGATE_API_KEY"))?,
        rsa_private_key: rsa_private_key
            .ok_or_else(|| missing(&address, "RSA private key", "TIDEGATE_RSA_PRIVATE_KEY"))?,
    };
    Ok((address, keys))
}

/// The same with the API key alone.
///
/// # Errors
/// It is missing, or the profile cannot be used.
pub(super) fn address_and_api_key(url: &UrlArg, key: ApiKeyArg) -> Result<(Address, SecretString), Failure> {
    let address = address(url)?;
    let given = KeyArgs { api_key: key.api_key, rsa_private_key: None }.not_empty().0;
    let key = match given {
        Some(key) => Some(key),
        None => load_profile_of(&address)?.map(|profile| profile.api_key),
    };
    let key = key.ok_or_else(|| missing(&address, "API key", "TIDEGATE_API_KEY"))?;
    Ok((address, key))
}

fn missing(address: &Address, what: &str, variable: &str) -> Failure {
    Failure::Usage(anyhow!(
        "there is no {what} for {address}; run `tidegate login --url {address}`, or set {variable}"
    ))
}

fn load_profile_of(address: &Address) -> Result<Option<Profile>, Failure> {
    let is_theirs = |profile: &Profile| Address::parse(&profile.url).is_ok_and(|theirs| theirs == *address);
    Ok(load_profile()?.filter(is_theirs))
}

impl KeyArgs {
    /// The two keys; an empty variable is as good as none.
    pub(super) fn not_empty(self) -> (Option<SecretString>, Option<SecretString>) {
        use secrecy::ExposeSecret as _;
        let filled = |key: Option<SecretString>| key.filter(|key| !key.expose_secret().trim().is_empty());
        (filled(self.api_key), filled(self.rsa_private_key))
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn load_profile() -> Result<Option<Profile>, Failure> {
    // No home folder means no profile, which is no error yet.
    match profile::path() {
        Ok(path) => Profile::load(&path).map_err(Failure::Usage),
        Err(_) => Ok(None),
    }
}

/// What requests are made with, whose answers may not be silent for long.
pub(super) fn http() -> anyhow::Result<reqwest::Client> {
    build(reqwest::Client::builder().read_timeout(SILENCE))
}

/// The same for uploads: their answer comes when all was sent and stored, however long that takes, and a redirect would take
/// their token to whoever it names.
pub(super) fn http_for_uploads() -> anyhow::Result<reqwest::Client> {
    build(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()))
}

fn build(builder: reqwest::ClientBuilder) -> anyhow::Result<reqwest::Client> {
    builder
        .connect_timeout(CONNECT)
        .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("cannot set up HTTP")
}

/// The answer to `request` if it is a good one.
///
/// # Errors
/// The server cannot be reached, or refuses; its own words are in the error.
pub(super) async fn send(request: reqwest::RequestBuilder, address: &Address) -> Result<Response, Failure> {
    let response = request.send().await.map_err(|error| Failure::Failed(no_answer(error, address)))?;
    if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
}

/// What to say when there is no answer.
pub(super) fn no_answer(error: reqwest::Error, address: &Address) -> anyhow::Error {
    let advice = if error.is_connect() {
        format!("cannot reach {address}; is the server running? --url names another")
    } else {
        format!("{address} did not answer")
    };
    anyhow::Error::new(error.without_url()).context(advice)
}

/// What an answer that is no good one means; its own words are in the error.
pub(super) async fn refusal(mut response: Response) -> Failure {
    let status = response.status();
    let id = response.headers().get("x-request-id");
    let id = id.and_then(|id| id.to_str().ok()).map(ToOwned::to_owned);
    let mut body = Vec::new();
    while body.len() < ERROR_BYTES
        && let Ok(Some(bytes)) = response.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    body.truncate(ERROR_BYTES);
    let mut text = format!("the server answered {status}: {}", message(&body));
    if let Some(id) = id {
        text = format!("{text} (X-Request-Id {})", id.escape_debug());
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Failure::NotAllowed(anyhow!("{text}; check the keys, or get new ones and run `tidegate login`"))
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Failure::NotFound(anyhow!(text)),
        _ => Failure::Failed(anyhow!(text)),
    }
}

/// The words in an error's body, without anything that a terminal would obey.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Refused {
        Decoo {
            #[serde(rename = "Message")]
            message: String,
        },
        Api {
            error: Words,
        },
    }
    #[derive(Deserialize)]
    struct Words {
        message: String,
    }
    let text = match serde_json::from_slice::<Refused>(body) {
        Ok(Refused::Decoo { message } | Refused::Api { error: Words { message } }) => message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let clean: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect();
    if clean.is_empty() { "no reason given".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_slash_at_its_end() {
        for (given, expected) in [
            ("http://127.0.0.1:8030", "http://127.0.0.1:8030"),
            ("https://pin.example.org/", "https://pin.example.org"),
            ("https://example.org/pin//", "https://example.org/pin"),
        ] {
            let address = Address::parse(given).expect(given);
            assert_eq!(address.to_string(), expected);
            assert_eq!(address.join("/ping"), format!("{expected}/ping"));
        }
        for bad in ["", "127.0.0.1:8030", "ftp://x", "http://x/?a=b"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn errors_of_all_dialects_are_shown_in_one_line() {
        assert_eq!(message(br#"{"error":{"code":"gone","message":"It is over"}}"#), "It is over");
        assert_eq!(message(br#"{"Code":400,"Message":"The field\ncid"}"#), "The field cid");
        assert_eq!(message(b"bafy is not here\n"), "bafy is not here");
        assert_eq!(message(b"\x1b[31mred"), " [31mred");
        assert_eq!(message(b""), "no reason given");
    }
}

//! `tidegate login`: checks the keys of an account and keeps them for `pin` and `get`.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    Failure, Output, block_on,
    client::{self, Address, DEFAULT_URL, KeyArgs},
    profile::{self, Profile},
};
use crate::accounts::sign;

/// More than any account's keys are long.
const MAX_BYTES: u64 = 64 << 10;

/// Keep a server's address and an account's keys for `pin` and `get`.
///
/// The keys are tried first. They are kept in profile.toml in ~/.config/tidegate (or $XDG_CONFIG_HOME/tidegate, or the file that
/// TIDEGATE_PROFILE names), which only you can read.
#[derive(Args)]
#[command(
    after_help = "Example:\n  tidegate account create --email me@example.org --json | tidegate login --from -"
)]
pub(super) struct Login {
    /// The server's address
    #[arg(long, env = "TIDEGATE_URL", value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    keys: KeyArgs,
    /// Read the keys from the JSON that `tidegate account create --json` prints; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["api_key", "rsa_private_key"])]
    from: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    api_key: SecretString,
    rsa_private_key: SecretString,
}

pub(super) fn run(command: Login, output: Output) -> Result<(), Failure> {
    let address = Address::parse(&command.url).map_err(Failure::Usage)?;
    let profile = match &command.from {
        Some(path) => {
            let created = read_created(path).map_err(Failure::Usage)?;
            Profile {
                url: address.to_string(),
                api_key: created.api_key,
                rsa_private_key: created.rsa_private_key,
            }
        }
        None => {
            let (api_key, rsa_private_key) = command.keys.not_empty();
            Profile {
                url: address.to_string(),
                api_key: api_key.map_or_else(|| ask("API key", "--api-key"), Ok)?,
                rsa_private_key: rsa_private_key
                    .map_or_else(|| ask("RSA private key (one line of base64)", "--rsa-private-key"), Ok)?,
            }
        }
    };
    sign(&profile.rsa_private_key, "a text to try the key with")
        .map_err(|error| Failure::Usage(error.into()))?;
    block_on(check(&address, &profile.api_key))?;
    let path = profile::path().map_err(Failure::Usage)?;
    profile.save(&path)?;
    Ok(output.result(
        &format!("Logged in to {address}; the keys are kept in {}", path.display()),
        &json!({"url": address.to_string(), "profile": path}),
    )?)
}

async fn check(address: &Address, api_key: &SecretString) -> Result<(), Failure> {
    let request = client::http()?.get(address.join("/ping")).bearer_auth(api_key.expose_secret());
    client::send(request, address).await.map(drop)
}

fn read_created(path: &Path) -> anyhow::Result<Created> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    // The parser's own message could show a part of a key.
    serde_json::from_str(&text).map_err(|_| {
        anyhow!(
            "{} does not hold what `tidegate account create --json` prints: apiKey and rsaPrivateKey",
            path.display()
        )
    })
}

fn ask(what: &str, flag: &str) -> Result<SecretString, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(anyhow!(
            "there is no terminal to ask for the {what}; give it with {flag}, or both keys with --from"
        )));
    }
    let answer = rpassword::prompt_password(format!("{what}: ")).context("cannot read from the terminal")?;
    let trimmed = SecretString::from(answer.trim());
    drop(Zeroizing::new(answer));
    Ok(trimmed)
}

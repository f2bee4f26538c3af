//! `tidegate account key` and `tidegate account verification-key`: more API keys, fewer, and a signing key of one's own.

use std::{
    fs::File,
    io::{self, Read},
};

use anyhow::Context;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{EmailArg, Open};
use crate::{
    accounts::PublicKey,
    cli::{Failure, Output},
    db::keys::KeyTerms,
};

/// More than any public key in text has.
const MAX_BYTES: u64 = 64 << 10;

/// API keys by name.
#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make another API key and show it.
    #[command(after_help = "Example:\n  tidegate account key add --email me@example.org --name ci")]
    Add(NamedKey),
    /// List the API keys by name, without showing them.
    #[command(after_help = "Example:\n  tidegate account key list --email me@example.org")]
    List(EmailArg),
    /// Revoke an API key, at once and for good.
    #[command(after_help = "Example:\n  tidegate account key revoke --email me@example.org --name ci")]
    Revoke(NamedKey),
}

#[derive(Args)]
pub(super) struct NamedKey {
    #[command(flatten)]
    email: EmailArg,
    /// The key's name; the first one's is "default"
    #[arg(long)]
    name: String,
}

/// The key that signatures are checked with.
#[derive(Subcommand)]
pub(super) enum VerificationKeyCommand {
    /// Bring a public key; the account's earlier ones stop counting.
    #[command(after_help = "Example:\n  openssl rsa -in private.pem -pubout | \
                            tidegate account verification-key set --email me@example.org --public-key -")]
    Set(SetKey),
}

#[derive(Args)]
pub(super) struct SetKey {
    #[command(flatten)]
    email: EmailArg,
    /// The RSA public key as PEM or one line of base64: a file, - for standard input, or the text itself
    #[arg(long, value_name = "FILE_OR_TEXT", allow_hyphen_values = true)]
    public_key: String,
}

impl KeyCommand {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        match self {
            Self::Add(key) => {
                let account = open.find(&key.email).await?;
                let (row, token) = open.accounts.add_api_key(account, &key.name, KeyTerms::default()).await?;
                let token = token.expose_secret();
                Ok(output.result(token, &json!({"name": row.name, "apiKey": token}))?)
            }
            Self::List(email) => list(email, open, output).await,
            Self::Revoke(key) => {
                let account = open.find(&key.email).await?;
                open.accounts.revoke_api_key(account, &key.name).await?;
                Ok(output.result(
                    &format!("The API key {:?} is revoked", key.name),
                    &json!({"name": key.name, "revoked": true}),
                )?)
            }
        }
    }
}

async fn list(email: &EmailArg, open: &Open, output: Output) -> Result<(), Failure> {
    let account = open.find(email).await?;
    let keys = open.accounts.list_api_keys(account).await?;
    let lines: Vec<String> = keys
        .iter()
        .map(|key| {
            let revoked = key.revoked_at.map_or_else(String::new, |at| format!("  revoked {at}"));
            format!("{}  {}{revoked}", key.created_at, key.name)
        })
        .collect();
    let values: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "name": key.name,
                "createdAt": key.created_at.to_string(),
                "revokedAt": key.revoked_at.map(|at| at.to_string()),
            })
        })
        .collect();
    Ok(output.result(&lines.join("\n"), &values)?)
}

impl VerificationKeyCommand {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let Self::Set(set) = self;
        let account = open.find(&set.email).await?;
        let key = PublicKey::parse(&set.key_text()?).map_err(|error| Failure::Usage(error.into()))?;
        let line = key.to_line();
        open.accounts.set_public_key(account, key).await?;
        Ok(output
            .result(&format!("Signatures are now checked with {line}"), &json!({"rsaPublicKey": line}))?)
    }
}

impl SetKey {
    fn key_text(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        if self.public_key == "-" {
            io::stdin().take(MAX_BYTES).read_to_string(&mut text).context("cannot read standard input")?;
            return Ok(text);
        }
        match File::open(&self.public_key) {
            Ok(file) => {
                file.take(MAX_BYTES)
                    .read_to_string(&mut text)
                    .with_context(|| format!("cannot read {}", self.public_key))?;
                Ok(text)
            }
            // No file: then it is the key, or the parser says what a key looks like.
            Err(_) => Ok(self.public_key.clone()),
        }
    }
}

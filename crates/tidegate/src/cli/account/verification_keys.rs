//! `tidegate account verification-key`: the keys that signatures over CIDs are checked with.

use std::{
    fs::File,
    io::{self, Read},
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use humantime_serde::re::humantime::parse_duration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    EmailArg, Open,
    keys::{OverlapArg, old_until},
};
use crate::{
    accounts::{PublicKey, SigningKey},
    cli::{Failure, Output},
};

/// More than any public key in text has.
const MAX_BYTES: u64 = 64 << 10;

/// The key that signatures are checked with.
#[derive(Subcommand)]
pub(super) enum VerificationKeyCommand {
    /// Bring a public key; the account's earlier ones stop counting, at once or after a while.
    #[command(after_help = "Example:\n  openssl rsa -in private.pem -pubout | \
                            tidegate account verification-key set --email me@example.org --public-key -")]
    Set(SetKey),
    /// Make a new key pair; the account's earlier keys count for a while longer. Show the new one.
    #[command(
        after_help = "Example:\n  tidegate account verification-key rotate --email me@example.org --overlap 7d"
    )]
    Rotate(RotatePair),
    /// List the keys that count, newest first.
    #[command(after_help = "Example:\n  tidegate account verification-key list --email me@example.org")]
    List(EmailArg),
}

#[derive(Args)]
pub(super) struct RotatePair {
    #[command(flatten)]
    email: EmailArg,
    #[command(flatten)]
    overlap: OverlapArg,
}

#[derive(Args)]
pub(super) struct SetKey {
    #[command(flatten)]
    email: EmailArg,
    /// The RSA public key as PEM or one line of base64: a file, - for standard input, or the text itself
    #[arg(long, value_name = "FILE_OR_TEXT", allow_hyphen_values = true)]
    public_key: String,
    /// How long the old ones count too: 0s to 30d
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0s")]
    overlap: Duration,
}

impl VerificationKeyCommand {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        match self {
            Self::Set(set) => set.run(open, output).await,
            Self::Rotate(rotate) => rotate.run(open, output).await,
            Self::List(email) => list_pairs(email, open, output).await,
        }
    }
}

impl RotatePair {
    async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        let pair = open.accounts.rotate_signing_key(account, self.overlap.time).await?;
        let private = pair.private.expose_secret();
        let text = format!(
            "RSA private key: {private}\nRSA public key: {}\n{}",
            pair.public,
            old_until("Earlier keys count", pair.old_until)
        );
        let value = json!({
            "rsaPrivateKey": private,
            "rsaPublicKey": pair.public,
            "oldUntil": pair.old_until.map(|at| at.to_string()),
        });
        Ok(output.result(&text, &value)?)
    }
}

async fn list_pairs(email: &EmailArg, open: &Open, output: Output) -> Result<(), Failure> {
    let account = open.find(email).await?;
    let keys = open.accounts.signing_keys(account).await?;
    let line = |key: &SigningKey| {
        let until = key.counts_until.map(|at| format!("  counts until {at}")).unwrap_or_default();
        let whose = if key.has_private { "made here" } else { "brought" };
        format!("{}  {whose}{until}  {}", key.created_at, key.public)
    };
    let value = |key: &SigningKey| {
        json!({
            "rsaPublicKey": key.public,
            "madeHere": key.has_private,
            "createdAt": key.created_at.to_string(),
            "countsUntil": key.counts_until.map(|at| at.to_string()),
        })
    };
    let lines: Vec<String> = keys.iter().map(line).collect();
    let values: Vec<Value> = keys.iter().map(value).collect();
    Ok(output.result(&lines.join("\n"), &values)?)
}

impl SetKey {
    async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        let key = PublicKey::parse(&self.key_text()?).map_err(|error| Failure::Usage(error.into()))?;
        let line = key.to_line();
        open.accounts.set_public_key(account, key, self.overlap).await?;
        Ok(output
            .result(&format!("Signatures are now checked with {line}"), &json!({"rsaPublicKey": line}))?)
    }

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

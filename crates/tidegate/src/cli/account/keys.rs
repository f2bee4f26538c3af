//! `tidegate account key` and `tidegate account verification-key`: more API keys, fewer, and a signing key of one's own.

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

use super::{EmailArg, Open};
use crate::{
    accounts::{AccountError, PublicKey, ShownKey},
    cli::{Failure, Output},
    clock::{Clock, Timestamp},
    db::{
        keys::KeyTerms,
        scopes::{Scope, Scopes},
    },
};

/// More than any public key in text has.
const MAX_BYTES: u64 = 64 << 10;

/// API keys by name.
#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make another API key and show it.
    #[command(after_help = "Examples:\n  tidegate account key add --email me@example.org --name ci\n  \
                      tidegate account key add --email me@example.org --name press --scope pin --scope read \
                      --expires 30d --max-uses 100 --name-prefix press/")]
    Add(NewKey),
    /// List the API keys and what each is good for, without showing them.
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

#[derive(Args)]
pub(super) struct NewKey {
    #[command(flatten)]
    key: NamedKey,
    /// What it may be used for: read, pin, unpin or admin, several times; without it, everything
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// How long it is good, such as 30d or 12h; without it, until it is revoked
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<Duration>,
    /// How many things may be pinned or removed with it
    #[arg(long, value_name = "NUMBER")]
    max_uses: Option<u64>,
    /// How the names of all that is pinned or removed with it begin
    #[arg(long, value_name = "TEXT")]
    name_prefix: Option<String>,
}

fn scope(text: &str) -> Result<Scope, &'static str> {
    Scope::by_name(text).ok_or("a scope is read, pin, unpin or admin")
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
            Self::Add(new) => {
                let account = open.find(&new.key.email).await?;
                let (row, token) = open.accounts.add_api_key(account, &new.key.name, new.terms()).await?;
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

impl NewKey {
    fn terms(&self) -> KeyTerms {
        let scopes = if self.scopes.is_empty() { Scopes::ALL } else { self.scopes.iter().copied().collect() };
        KeyTerms {
            scopes,
            expires_at: self.expires.map(|time| Clock::system().now().plus(time)),
            max_uses: self.max_uses,
            name_prefix: self.name_prefix.clone(),
        }
    }
}

async fn list(email: &EmailArg, open: &Open, output: Output) -> Result<(), Failure> {
    let account = open.find(email).await?;
    let keys = open.accounts.list_api_keys(account).await?;
    let keys = keys.into_iter().map(|key| open.accounts.shown(key)).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(AccountError::from)?;
    let lines: Vec<String> = keys.iter().map(line).collect();
    let values: Vec<Value> = keys.iter().map(value).collect();
    Ok(output.result(&lines.join("\n"), &values)?)
}

/// A key for people.
fn line(ShownKey { key, prefix }: &ShownKey) -> String {
    let KeyTerms { scopes, expires_at, max_uses, name_prefix } = &key.terms;
    let mut line = format!("{}  {prefix}  {}  {scopes}", key.created_at, key.name);
    let uses = max_uses.map(|most| format!("{} of {most} uses", key.uses));
    let facts = [
        expires_at.map(|at| format!("expires {at}")),
        uses,
        name_prefix.as_ref().map(|prefix| format!("names {prefix:?}…")),
        key.last_used_at.map(|at| format!("last used {at}")),
        key.revoked_at.map(|at| format!("revoked {at}")),
    ];
    for fact in facts.into_iter().flatten() {
        line.push_str("  ");
        line.push_str(&fact);
    }
    line
}

/// A key for programs.
fn value(ShownKey { key, prefix }: &ShownKey) -> Value {
    let date = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id,
        "name": key.name,
        "prefix": prefix,
        "scopes": key.terms.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "createdAt": key.created_at.to_string(),
        "expiresAt": date(key.terms.expires_at),
        "revokedAt": date(key.revoked_at),
        "lastUsedAt": date(key.last_used_at),
        "maxUses": key.terms.max_uses,
        "uses": key.uses,
        "namePrefix": key.terms.name_prefix,
    })
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

//! `tidegate account key`: more API keys, fewer, and new ones in place of old ones.

use std::time::Duration;

use clap::{Args, Subcommand};
use humantime_serde::re::humantime::parse_duration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{EmailArg, Open};
use crate::{
    accounts::{AccountError, ShownKey},
    cli::{Failure, Output},
    clock::{Clock, Timestamp},
    db::{
        keys::KeyTerms,
        scopes::{Scope, Scopes},
    },
};

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
    /// Make a new API key in place of one, which stays good for a while; show the new one.
    #[command(
        after_help = "Examples:\n  tidegate account key rotate --email me@example.org --name default\n  \
                      tidegate account key rotate --email me@example.org --name ci --overlap 0s"
    )]
    Rotate(RotateKey),
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

/// How long what is replaced stays good.
#[derive(Args)]
pub(super) struct OverlapArg {
    /// How long the old one stays good: 0s to 30d
    #[arg(long = "overlap", value_name = "TIME", value_parser = parse_duration, default_value = "24h")]
    pub(super) time: Duration,
}

#[derive(Args)]
pub(super) struct RotateKey {
    #[command(flatten)]
    key: NamedKey,
    #[command(flatten)]
    overlap: OverlapArg,
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
            Self::Rotate(rotate) => rotate.run(open, output).await,
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

impl RotateKey {
    async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.key.email).await?;
        let key = open.accounts.find_api_key_by_name(account, &self.key.name).await?;
        let rotated = open.accounts.rotate_api_key(account, &key.id, self.overlap.time).await?;
        let token = rotated.token.expose_secret();
        let value = json!({
            "name": rotated.key.name,
            "apiKey": token,
            "oldUntil": rotated.old_until.map(|at| at.to_string()),
        });
        let text = format!("{token}\n{}", old_until("The old key is good", rotated.old_until));
        Ok(output.result(&text, &value)?)
    }
}

/// What becomes of what was replaced, in words.
pub(super) fn old_until(what: &str, until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("{what} until {until}"),
        None => format!("{what} no more"),
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
        key.replaced_by.as_ref().map(|_| "replaced".to_owned()),
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
        "replacedBy": key.replaced_by,
    })
}

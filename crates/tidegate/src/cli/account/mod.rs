//! `tidegate account`: people who may pin, and their keys. Works on the data folder, beside a running server too.

mod create;
mod keys;
mod people;
mod settings;
mod wallet;

use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;

use super::{Failure, Output, block_on, serve::Settings};
use crate::{
    accounts::{AccountError, Accounts, Credentials},
    clock::Clock,
    config::{Config, Overrides},
    data_dir::DataDir,
    db::{AccountId, Db, accounts},
};

/// Rows read at a time.
const PAGE: u32 = 1000;

/// Make and show accounts and their keys.
///
/// Works on the data folder and the database, not over the network; the server may be running.
#[derive(Args)]
pub(super) struct Account {
    #[command(subcommand)]
    command: AccountCommand,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum AccountCommand {
    Create(create::Create),
    List(List),
    Show(Show),
    Quota(settings::Quota),
    Password(settings::NewPassword),
    Admin(people::Admin),
    Invite(people::Invite),
    #[command(subcommand)]
    Key(keys::KeyCommand),
    #[command(subcommand)]
    VerificationKey(keys::VerificationKeyCommand),
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
}

/// List all accounts.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate account list")]
struct List {}

/// Show an account's keys again.
#[derive(Args)]
#[command(
    after_help = "Example:\n  tidegate account show --email me@example.org --json | tidegate login --from -"
)]
struct Show {
    #[command(flatten)]
    email: EmailArg,
}

/// Which account.
#[derive(Args)]
struct EmailArg {
    /// The account's e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: String,
}

pub(super) fn run(command: Account, output: Output) -> Result<(), Failure> {
    // The first account may come before the first start of the server.
    let config = match command.command {
        AccountCommand::Create(_) | AccountCommand::Invite(_) => {
            command.settings.load(Overrides::default())?
        }
        _ => command.settings.load_existing()?,
    };
    block_on(async {
        let open = Open::new(&config).await?;
        let done = match command.command {
            AccountCommand::Create(create) => create.run(&open, output).await,
            AccountCommand::List(_) => list(&open, output).await,
            AccountCommand::Show(show) => show.run(&open, output).await,
            AccountCommand::Quota(quota) => quota.run(&open, output).await,
            AccountCommand::Password(password) => password.run(&open, output).await,
            AccountCommand::Admin(admin) => admin.run(&open, output).await,
            AccountCommand::Invite(invite) => invite.run(&open, output).await,
            AccountCommand::Key(key) => key.run(&open, output).await,
            AccountCommand::VerificationKey(key) => key.run(&open, output).await,
            AccountCommand::Wallet(wallet) => wallet.run(&open, output).await,
        };
        open.db.close().await;
        done
    })
}

/// The accounts of the data folder.
struct Open {
    db: Arc<Db>,
    accounts: Accounts,
    /// Where people reach the server, as far as the settings say.
    address: String,
}

impl Open {
    async fn new(config: &Config) -> Result<Self, Failure> {
        let dir = DataDir::visit(&config.data.dir)?;
        let db = Arc::new(dir.open_database(&config.database).await?);
        let key = dir.server_key(&config.secrets)?;
        let accounts = Accounts::new(Arc::clone(&db), Clock::system(), &key).map_err(AccountError::from)?;
        let address = config.server.reached_at(config.server.listen);
        Ok(Self { db, accounts, address })
    }

    /// The account of this e-mail address.
    async fn find(&self, email: &EmailArg) -> Result<AccountId, Failure> {
        let account = self.accounts.find_by_email(&email.email).await?;
        account.map(|account| account.id).ok_or_else(|| {
            Failure::NotFound(anyhow!(
                "there is no account {:?}; `tidegate account list` shows all",
                email.email
            ))
        })
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NoSuchAccount | AccountError::NoSuchKey | AccountError::NoSuchWallet => {
                Self::NotFound(error.into())
            }
            AccountError::BadEmail
            | AccountError::BadPassword
            | AccountError::BadKeyName
            | AccountError::BadMaxUses
            | AccountError::BadExpiry
            | AccountError::BadNamePrefix
            | AccountError::BadPublicKey(_) => Self::Usage(error.into()),
            error => Self::Failed(error.into()),
        }
    }
}

/// What an account was given, to be shown: `tidegate login --from` reads this.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    account: i64,
    email: &'a str,
    api_key: Option<&'a str>,
    rsa_private_key: Option<&'a str>,
    rsa_public_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

impl Shown<'_> {
    fn print(
        credentials: &Credentials,
        password: Option<&SecretString>,
        output: Output,
    ) -> Result<(), Failure> {
        let shown = Shown {
            account: credentials.account.0,
            email: &credentials.email,
            api_key: credentials.api_key.as_ref().map(ExposeSecret::expose_secret),
            rsa_private_key: credentials.rsa_private_key.as_ref().map(ExposeSecret::expose_secret),
            rsa_public_key: &credentials.rsa_public_key,
            password: password.map(ExposeSecret::expose_secret),
        };
        let mut lines = vec![format!("Account {} of {}", shown.account, shown.email)];
        lines.extend(shown.password.map(|password| format!("Password: {password}")));
        lines.push(format!("API key: {}", shown.api_key.unwrap_or("(all are revoked)")));
        lines.push(format!(
            "RSA private key: {}",
            shown.rsa_private_key.unwrap_or("(the account has brought its own)")
        ));
        lines.push(format!("RSA public key: {}", shown.rsa_public_key));
        Ok(output.result(&lines.join("\n"), &shown)?)
    }
}

impl Show {
    async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        Shown::print(&open.accounts.show(account).await?, None, output)
    }
}

async fn list(open: &Open, output: Output) -> Result<(), Failure> {
    let mut all = Vec::new();
    let mut after = AccountId(0);
    loop {
        let page = open.db.read(move |s| Box::pin(accounts::accounts_after(s, after, PAGE)));
        let page = page.await.map_err(AccountError::from)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        all.extend(page);
    }
    let lines: Vec<String> = all
        .iter()
        .map(|account| format!("{:>6}  {}  {} bytes", account.id, account.email, account.used_bytes))
        .collect();
    let values: Vec<_> = all
        .iter()
        .map(|account| {
            json!({
                "account": account.id.0,
                "email": account.email,
                "usedBytes": account.used_bytes,
                "quotaBytes": account.quota_bytes,
                "createdAt": account.created_at.to_string(),
            })
        })
        .collect();
    let text = if lines.is_empty() {
        "There are no accounts; make one with: tidegate account create --email me@example.org".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(output.result(&text, &values)?)
}

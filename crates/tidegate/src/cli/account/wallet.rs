//! `tidegate account wallet`: whose assets may sell an account's private content.

use clap::{Args, Subcommand};
use serde_json::json;
use tidegate_ocean::Address;

use super::{EmailArg, Open};
use crate::cli::{Failure, Output};

/// Ethereum addresses whose assets may sell the account's private content.
///
/// An asset sells it when its data NFT belongs to one of the account's wallets.
#[derive(Subcommand)]
pub(super) enum WalletCommand {
    /// Add a wallet.
    #[command(after_help = "Example:\n  tidegate account wallet add --email me@example.org \
                      0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    Add(Wallet),
    /// List the wallets.
    #[command(after_help = "Example:\n  tidegate account wallet list --email me@example.org")]
    List(EmailArg),
    /// Remove a wallet; what its assets sell of the account's private content is delivered no more.
    #[command(after_help = "Example:\n  tidegate account wallet remove --email me@example.org \
                      0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    Remove(Wallet),
}

#[derive(Args)]
pub(super) struct Wallet {
    #[command(flatten)]
    email: EmailArg,
    /// The address: 40 hexadecimal digits, with or without 0x
    #[arg(value_name = "ADDRESS")]
    address: Address,
}

impl WalletCommand {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        match self {
            Self::Add(wallet) => {
                let account = open.find(&wallet.email).await?;
                let (email, address) = (&wallet.email.email, wallet.address);
                let added = open.accounts.add_wallet(account, address).await?;
                let text = if added {
                    format!("Assets of {address} may now sell the private content of {email}")
                } else {
                    format!("{email} has the wallet {address} already")
                };
                Ok(output.result(&text, &json!({"wallet": address.to_string(), "added": added}))?)
            }
            Self::List(email) => list(email, open, output).await,
            Self::Remove(wallet) => {
                let account = open.find(&wallet.email).await?;
                open.accounts.remove_wallet(account, wallet.address).await?;
                Ok(output.result(
                    &format!("{} no longer has the wallet {}", wallet.email.email, wallet.address),
                    &json!({"wallet": wallet.address.to_string(), "removed": true}),
                )?)
            }
        }
    }
}

async fn list(email: &EmailArg, open: &Open, output: Output) -> Result<(), Failure> {
    let account = open.find(email).await?;
    let wallets = open.accounts.list_wallets(account).await?;
    let lines: Vec<String> = wallets.iter().map(|(wallet, at)| format!("{at}  {wallet}")).collect();
    let values: Vec<_> = wallets
        .iter()
        .map(|(wallet, at)| json!({"wallet": wallet.to_string(), "addedAt": at.to_string()}))
        .collect();
    Ok(output.result(&lines.join("\n"), &values)?)
}

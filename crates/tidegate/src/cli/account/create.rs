//! `tidegate account create`: an account, its password and its first keys.

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, anyhow};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{EmailArg, Open, Shown};
use crate::{
    accounts::generate_password,
    cli::{Failure, Output},
};

/// More than any password has.
const MAX_BYTES: u64 = 4096;

/// Make an account and show its keys.
///
/// The password is asked for on a terminal, else generated and shown.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate account create --email me@example.org --json | tidegate login --from -\n  \
                  tidegate account create --email me@example.org --admin"
)]
pub(super) struct Create {
    #[command(flatten)]
    email: EmailArg,
    #[command(flatten)]
    password: PasswordArgs,
    /// The account administers the server
    #[arg(long)]
    admin: bool,
}

/// Where a password comes from.
#[derive(Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Generate a password and show it
    #[arg(long, conflicts_with = "password_stdin")]
    generate_password: bool,
}

impl Create {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let (password, generated) = self.password.read()?;
        let registered = open.accounts.register(&self.email.email, password.clone()).await?;
        if self.admin {
            open.accounts.set_admin(registered.account, true).await?;
        }
        let credentials = open.accounts.show(registered.account).await?;
        Shown::print(&credentials, generated.then_some(&password), output)
    }
}

impl PasswordArgs {
    /// The password, and whether it was made here.
    pub(super) fn read(&self) -> Result<(SecretString, bool), Failure> {
        if self.password_stdin {
            let mut text = Zeroizing::new(String::new());
            io::stdin()
                .take(MAX_BYTES)
                .read_to_string(&mut text)
                .context("cannot read the password from standard input")?;
            // The line end belongs to echo, not to the password.
            return Ok((text.trim_end_matches(['\r', '\n']).into(), false));
        }
        if self.generate_password || !io::stdin().is_terminal() {
            let password = generate_password().context("cannot generate a password")?;
            return Ok((password, true));
        }
        let password = ask("Password: ")?;
        if password.expose_secret() != ask("The same again: ")?.expose_secret() {
            return Err(Failure::Usage(anyhow!("the two passwords are not the same; try again")));
        }
        Ok((password, false))
    }
}

fn ask(prompt: &str) -> Result<SecretString, Failure> {
    Ok(rpassword::prompt_password(prompt)
        .context("cannot read from the terminal; give the password with --password-stdin")?
        .into())
}

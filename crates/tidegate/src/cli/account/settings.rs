//! `tidegate account quota` and `tidegate account password`: what an operator changes of an account.

use anyhow::anyhow;
use bytesize::ByteSize;
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{EmailArg, Open, create::PasswordArgs};
use crate::cli::{Failure, Output};

/// Set how many bytes of content an account may pin.
#[derive(Args)]
#[command(after_help = "Examples:\n  tidegate account quota --email me@example.org 500GiB\n  \
                        tidegate account quota --email me@example.org default")]
pub(super) struct Quota {
    #[command(flatten)]
    email: EmailArg,
    /// A size like 500GiB, or "default" for the setting limits.account_quota
    #[arg(value_name = "SIZE")]
    size: String,
}

impl Quota {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let quota = match self.size.as_str() {
            "default" => None,
            size => Some(parse(size)?),
        };
        let account = open.find(&self.email).await?;
        open.accounts.set_quota(account, quota).await?;
        let text = match quota {
            Some(bytes) => format!("{} may pin {bytes} bytes", self.email.email),
            None => format!("{} may pin as much as limits.account_quota says", self.email.email),
        };
        Ok(output.result(&text, &json!({"email": self.email.email, "quotaBytes": quota}))?)
    }
}

fn parse(size: &str) -> Result<u64, Failure> {
    size.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| Failure::Usage(anyhow!("{size:?} is not a size; one looks like 500GiB")))
}

/// Give an account another password.
///
/// The password is asked for on a terminal, else generated and shown. Keys and tokens stay good; whoever is signed in
/// at the panel is signed out.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate account password --email me@example.org")]
pub(super) struct NewPassword {
    #[command(flatten)]
    email: EmailArg,
    #[command(flatten)]
    password: PasswordArgs,
}

impl NewPassword {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        let (password, generated) = self.password.read()?;
        open.accounts.set_password(account, password.clone()).await?;
        let shown = generated.then(|| password.expose_secret());
        let text = match shown {
            Some(password) => format!("The password is now {password}"),
            None => "The password is changed".to_owned(),
        };
        Ok(output.result(&text, &json!({"email": self.email.email, "password": shown}))?)
    }
}

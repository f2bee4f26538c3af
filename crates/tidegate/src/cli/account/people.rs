//! `tidegate account admin` and `tidegate account invite`: who administers the server, and who may join.

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{EmailArg, Open};
use crate::cli::{Failure, Output};

/// Make an account an administrator of the server, or not one any more.
#[derive(Args)]
#[command(after_help = "Examples:\n  tidegate account admin --email me@example.org\n  \
                        tidegate account admin --email me@example.org --remove")]
pub(super) struct Admin {
    #[command(flatten)]
    email: EmailArg,
    /// The account is to be an administrator no longer
    #[arg(long)]
    remove: bool,
}

impl Admin {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        open.accounts.set_admin(account, !self.remove).await?;
        let is = if self.remove { "is no administrator any more" } else { "is an administrator" };
        let text = format!("{} {is}", self.email.email);
        Ok(output.result(&text, &json!({"email": self.email.email, "admin": !self.remove}))?)
    }
}

/// Make a link with which somebody may register at the panel, once, within a week.
#[derive(Args)]
#[command(after_help = "Examples:\n  tidegate account invite --note \"Ann of the museum\"\n  \
                        tidegate account invite --admin")]
pub(super) struct Invite {
    /// For whom it is, for the list of invitations
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Who registers with it administers the server
    #[arg(long)]
    admin: bool,
}

impl Invite {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let (invite, token) = open.accounts.invite(None, &self.note, self.admin).await?;
        let base = open.address.trim_end_matches('/');
        let link = format!("{base}/panel/register?invite={}", token.expose_secret());
        let text = format!("{link}\n\nThe link is good once, until {}.", invite.expires_at);
        let value =
            json!({"link": link, "expiresAt": invite.expires_at.to_string(), "admin": invite.is_admin});
        Ok(output.result(&text, &value)?)
    }
}

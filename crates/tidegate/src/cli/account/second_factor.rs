//! `tidegate account second-factor`: for people who have lost theirs.

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::{EmailArg, Open};
use crate::cli::{Failure, Output};

/// Tell whether an account has a second factor at the panel, or remove it for somebody who has lost it.
///
/// Without it the password is enough to sign in. Keys and sessions stay good.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate account second-factor --email me@example.org --remove")]
pub(super) struct SecondFactor {
    #[command(flatten)]
    email: EmailArg,
    /// Remove it, with its recovery codes
    #[arg(long)]
    remove: bool,
}

impl SecondFactor {
    pub(super) async fn run(&self, open: &Open, output: Output) -> Result<(), Failure> {
        let account = open.find(&self.email).await?;
        let email = &self.email.email;
        if self.remove {
            if !open.accounts.reset_second_factor(account).await? {
                return Err(Failure::NotFound(anyhow!("{email} has no second factor")));
            }
            return Ok(output.result(
                &format!("{email} signs in with the password alone now"),
                &json!({"email": email, "secondFactor": false}),
            )?);
        }
        let state = open.accounts.second_factor(account).await?;
        let text = match state {
            Some(state) => {
                format!(
                    "{email} has had a second factor since {}, and {} recovery codes",
                    state.since, state.codes_left
                )
            }
            None => format!("{email} has no second factor"),
        };
        let value = json!({
            "email": email,
            "secondFactor": state.is_some(),
            "since": state.map(|state| state.since.to_string()),
            "recoveryCodes": state.map(|state| state.codes_left),
        });
        Ok(output.result(&text, &value)?)
    }
}

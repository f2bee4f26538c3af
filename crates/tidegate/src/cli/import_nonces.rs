//! `tidegate import-nonces`: goes on where the Python Provider stopped.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::json;

use super::{Failure, Output, block_on, progress::Progress, serve::Settings};
use crate::{
    access::{Nonces, Raised, TakenOver, take_over},
    config::{Config, Overrides},
    data_dir::DataDir,
    db::python_provider::{self, PythonProvider},
};

/// Take over the nonces of a Python Provider.
///
/// Requests that were signed for that Provider are then refused here, and its users' clients go on counting. No nonce becomes
/// lower, so it can be run again. Its auth tokens are not taken over: users ask for new ones. The server must be stopped.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate import-nonces ./ocean-provider.db --data ./tidegate-data")]
pub(super) struct ImportNonces {
    /// That Provider's SQLite file (its setting storage.path); it is only read
    #[arg(value_name = "PROVIDER_DB")]
    path: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: &ImportNonces, output: Output) -> Result<(), Failure> {
    // The nonces may come before the first start of the server.
    let config = command.settings.load(Overrides::default())?;
    let found = command.read()?;
    let taken = take_over(&found.nonces);
    let raised = block_on(import(&config, &taken, output))?;
    let left_out = taken.not_addresses + taken.not_numbers + found.unreadable;
    let mut lines = vec![format!(
        "{} addresses: {} nonces taken over, {} were as high already",
        taken.nonces.len(),
        raised.raised,
        raised.kept
    )];
    if taken.restarted > 0 {
        lines.push(format!(
            "{} had outgrown what clients can count and restart at a number they can",
            taken.restarted
        ));
    }
    if left_out > 0 {
        lines.push(format!("{left_out} rows are not of an address and a number, and were left out"));
    }
    if found.revoked_tokens > 0 {
        lines.push(format!(
            "{} deleted auth tokens need nothing: none of that Provider's tokens is good here",
            found.revoked_tokens
        ));
    }
    Ok(output.result(
        &lines.join("\n"),
        &json!({
            "addresses": taken.nonces.len(),
            "takenOver": raised.raised,
            "kept": raised.kept,
            "restarted": taken.restarted,
            "leftOut": left_out,
            "revokedTokens": found.revoked_tokens,
        }),
    )?)
}

impl ImportNonces {
    fn read(&self) -> Result<PythonProvider, Failure> {
        let name = self.path.display();
        if !self.path.is_file() {
            return Err(Failure::Usage(anyhow!("there is no file {name}")));
        }
        python_provider::read(&self.path).with_context(|| format!("cannot read {name}"))?.ok_or_else(|| {
            Failure::Usage(anyhow!(
                "{name} is not the database of a Python Provider: it has no table user_nonce"
            ))
        })
    }
}

async fn import(config: &Config, taken: &TakenOver, output: Output) -> Result<Raised, Failure> {
    // A running server on SQLite remembers nonces, and nobody would tell it.
    let dir = match config.database.url {
        None => DataDir::claim(&config.data.dir)?,
        Some(_) => DataDir::visit(&config.data.dir)?,
    };
    let db = Arc::new(dir.open_database(&config.database).await?);
    let bar = Progress::counting(output, "importing", taken.nonces.len() as u64);
    let raised = Nonces::new(Arc::clone(&db)).import(&taken.nonces, |done| bar.set(done as u64)).await;
    db.close().await;
    Ok(raised.context("cannot write the nonces; what was written stays, run it again")?)
}

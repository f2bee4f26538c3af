//! `tidegate rebuild`: makes the database's records of content anew from the content files.

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::json;

use super::{
    Failure, Output, block_on,
    serve::Settings,
    verify::{damaged_json, damaged_line, missing_json, missing_line, open_pins, progress},
};
use crate::{config::Config, data_dir::DataDir, pins::Repaired};

/// Make the records of all content anew from the files in the data folder.
///
/// For a lost or older database, or files copied in from elsewhere. The server must be stopped. Every file is read and verified;
/// damaged ones are left out, and exit code 3 says so. Accounts and pins stay as they are.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate rebuild --data ./tidegate-data")]
pub(super) struct Rebuild {
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: &Rebuild, output: Output) -> Result<(), Failure> {
    let config = command.settings.load_existing()?;
    let repaired = block_on(repair(&config, output))?;
    let mut lines =
        vec![format!("{} contents with {} bytes are recorded", repaired.contents, repaired.bytes)];
    lines.extend(repaired.damaged.iter().map(damaged_line));
    lines.extend(repaired.missing.iter().map(missing_line));
    output.result(
        &lines.join("\n"),
        &json!({
            "contents": repaired.contents,
            "bytes": repaired.bytes,
            "damaged": repaired.damaged.iter().map(damaged_json).collect::<Vec<_>>(),
            "missing": repaired.missing.iter().map(missing_json).collect::<Vec<_>>(),
        }),
    )?;
    if repaired.damaged.is_empty() && repaired.missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Damaged(anyhow!(
        "{} damaged files were left out, {} pinned contents are not here; put good copies in place and run it again",
        repaired.damaged.len(),
        repaired.missing.len()
    )))
}

async fn repair(config: &Config, output: Output) -> Result<Repaired, Failure> {
    let dir = DataDir::claim(&config.data.dir)?;
    let pins = open_pins(&dir, config).await?;
    let (begin, read) = progress(output, "rebuilding");
    Ok(pins.repair(begin, read).await.context("cannot rebuild")?)
}

//! `tidegate verify`: is everything still there, and is it what it should be?

use std::sync::{Arc, OnceLock};

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::{Value, json};

use super::{Failure, Output, block_on, progress::Progress, serve::Settings};
use crate::{
    blobs::{BlobStore, Root},
    clock::Clock,
    config::Config,
    data_dir::DataDir,
    pins::{Audit, Damaged, Missing, Pins},
};

/// Check all pinned content: hash every block, compare files, records and pins.
///
/// Changes no content, and may run beside the server. What it finds is remembered for the panel. Ends with exit code 3 when anything is wrong.
#[derive(Args)]
#[command(after_help = "Example:\n  tidegate verify --data ./tidegate-data")]
pub(super) struct Verify {
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: &Verify, output: Output) -> Result<(), Failure> {
    let config = command.settings.load_existing()?;
    let audit = block_on(audit(&config, output))?;
    let mut lines = vec![format!("{} files with {} bytes were checked", audit.checked, audit.bytes)];
    lines.extend(audit.damaged.iter().map(damaged_line));
    lines.extend(audit.missing.iter().map(missing_line));
    lines.extend(audit.unknown.iter().map(|unknown| {
        format!("unknown  {}: it is not recorded ({} pins)", unknown.path.display(), unknown.pins)
    }));
    output.result(
        &lines.join("\n"),
        &json!({
            "checked": audit.checked,
            "bytes": audit.bytes,
            "damaged": audit.damaged.iter().map(damaged_json).collect::<Vec<_>>(),
            "missing": audit.missing.iter().map(missing_json).collect::<Vec<_>>(),
            "unknown": audit.unknown.iter().map(|unknown| json!({
                "root": unknown.root, "path": unknown.path, "pins": unknown.pins,
            })).collect::<Vec<_>>(),
        }),
    )?;
    if audit.is_clean() {
        return Ok(());
    }
    Err(Failure::Damaged(anyhow!(
        "{} damaged, {} missing, {} unknown; put good copies of damaged and missing files in place, then stop the server and run \
         `tidegate rebuild`",
        audit.damaged.len(),
        audit.missing.len(),
        audit.unknown.len()
    )))
}

async fn audit(config: &Config, output: Output) -> Result<Audit, Failure> {
    let dir = DataDir::visit(&config.data.dir)?;
    let pins = open_pins(&dir, config).await?;
    let (begin, read) = progress(output, "verifying");
    let audit = pins.audit(begin, read).await.context("cannot check the content")?;
    pins.remember_audit(&audit).await.context("cannot remember what was found")?;
    Ok(audit)
}

/// The pins of a data folder, for work on all of them.
pub(super) async fn open_pins(dir: &DataDir, config: &Config) -> anyhow::Result<Pins> {
    let db = Arc::new(dir.open_database(&config.database).await?);
    let store = BlobStore::open(dir.path())
        .with_context(|| format!("cannot open the content folders in {}", dir.path().display()))?;
    Ok(Pins::new(db, store, Clock::system(), config, &dir.node()?))
}

/// A bar that begins when the number of bytes is known.
pub(super) fn progress(
    output: Output,
    what: &'static str,
) -> (impl FnOnce(u64) + Send + 'static, impl Fn(u64) + Send + Sync + 'static) {
    let bar = Arc::new(OnceLock::new());
    let begun = Arc::clone(&bar);
    let begin = move |total| {
        begun.get_or_init(|| Progress::new(output, what, Some(total)));
    };
    let read = move |bytes| {
        if let Some(bar) = bar.get() {
            bar.add(bytes);
        }
    };
    (begin, read)
}

pub(super) fn damaged_line(damaged: &Damaged) -> String {
    format!("damaged  {}: {} ({} pins)", damaged.path.display(), damaged.problem, damaged.pins)
}

pub(super) fn damaged_json(damaged: &Damaged) -> Value {
    json!({
        "root": damaged.root.as_ref().map(Root::to_string),
        "path": damaged.path,
        "problem": damaged.problem.to_string(),
        "pins": damaged.pins,
    })
}

pub(super) fn missing_line(missing: &Missing) -> String {
    format!("missing  {} ({} pins)", missing.root, missing.pins)
}

pub(super) fn missing_json(missing: &Missing) -> Value {
    json!({"root": missing.root, "pins": missing.pins})
}

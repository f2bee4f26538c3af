//! `tidegate receipt`: receipts of downloads, checked without any server.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use aws_lc_rs::digest;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use tidegate_ocean::{Address, B256, Content, Evidence};

use super::{Failure, Output};

/// A longer file is no receipt.
const MAX_RECEIPT: u64 = 1 << 20;

/// Receipts of downloads.
#[derive(Args)]
pub(super) struct Receipt {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Subcommand)]
enum ReceiptCommand {
    Verify(Verify),
}

/// Check a receipt of a download: was it signed by the Provider, and is the content in hand what was delivered?
///
/// No server is asked. Ends with exit code 3 when anything is wrong. Without --provider the address in the file counts, which whoever
/// made the file could write there: compare it with what the Provider says at its root URL.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate receipt verify receipt-7.json\n  tidegate receipt verify receipt-7.json --content soil.csv \
                        --provider 0x9af4eB9C8c35a0ce0bb1B24D2e58FF1676Bf24E3"
)]
struct Verify {
    /// The receipt, as the panel or /api/v1/receipts give it; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The Provider that must have signed: 40 hexadecimal digits, with or without 0x
    #[arg(long, value_name = "ADDRESS")]
    provider: Option<Address>,
    /// What was downloaded: all of it, or the part that the receipt names
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

/// What is read of the file.
#[derive(Deserialize)]
struct Receipted {
    document: String,
    signature: String,
    hash: Option<B256>,
    provider: Option<Address>,
}

pub(super) fn run(command: &Receipt, output: Output) -> Result<(), Failure> {
    let ReceiptCommand::Verify(command) = &command.command;
    let receipt: Receipted = serde_json::from_str(&read(&command.file)?)
        .with_context(|| format!("{} is no receipt", command.file.display()))
        .map_err(Failure::Damaged)?;
    let content = command.content.as_deref().map(hash).transpose()?;
    let verdict = Evidence {
        document: &receipt.document,
        signature: &receipt.signature,
        hash: receipt.hash,
        provider: command.provider.or(receipt.provider),
        content,
    }
    .check();
    let line = |finding: &tidegate_ocean::Finding| {
        format!("{}  {}", if finding.holds { "ok   " } else { "WRONG" }, finding.words)
    };
    let lines: Vec<String> = verdict.findings.iter().map(line).collect();
    let checks: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| json!({"check": finding.check.as_str(), "holds": finding.holds, "message": finding.words}))
        .collect();
    let signer = verdict.signer.map(|signer| signer.to_string());
    output
        .result(&lines.join("\n"), &json!({"good": verdict.is_good(), "signer": signer, "checks": checks}))?;
    if verdict.is_good() { Ok(()) } else { Err(Failure::Damaged(anyhow!("the receipt does not hold"))) }
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_RECEIPT).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_RECEIPT).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

fn hash(path: &Path) -> Result<Content, Failure> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut hasher = digest::Context::new(&digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0; 256 << 10], 0);
    loop {
        let read = file.read(&mut buffer).with_context(cannot)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hasher.finish().as_ref());
    Ok(Content { bytes, sha256 })
}

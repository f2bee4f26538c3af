//! `tidegate get`: downloads content and believes nothing of it that its CID does not prove.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use clap::Args;
use serde_json::json;
use tidegate_content::{
    Cid, Extractor, PbNode,
    car::{CarEvent, CarLimits, CarReader},
    cid_text::DAG_PB,
};

use super::{
    Failure, Output, block_on,
    client::{self, UrlArg},
    progress::Progress,
    remote_path::{Gateway, RemotePath},
    save::Saving,
};

const CAR: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";

/// Download a file or folder and check every byte of it.
///
/// Works with any gateway that serves CARs. Nothing appears under the target's name before all of it has come and was found to be
/// what the CID names; to standard output, each block is written once it was checked.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate get QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH -o empty.txt\n  \
                        tidegate get bafybei…/docs/guide.pdf\n  tidegate get bafybei… -o - | less"
)]
pub(super) struct Get {
    /// A CID, and perhaps a path behind it
    #[arg(value_name = "CID[/PATH]")]
    content: String,
    /// Where to put it; - writes a file to standard output [default: the last name of the path]
    #[arg(short, long, value_name = "FILE_OR_DIR")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    url: UrlArg,
}

pub(super) fn run(command: Get, output: Output) -> Result<(), Failure> {
    let content = RemotePath::parse(&command.content).map_err(Failure::Usage)?;
    let target = command.output.unwrap_or_else(|| PathBuf::from(content.last_name()));
    let gateway = Gateway { address: client::address(&command.url)?, http: client::http()? };
    if target == Path::new("-") {
        if output.json {
            return Err(Failure::Usage(anyhow!(
                "standard output cannot take both the file and JSON; leave out --json or name a file with -o"
            )));
        }
        return block_on(download(&content, gateway, &mut Saving::to_stdout(), output));
    }
    let mut saving = Saving::to_path(&target, command.force)?;
    block_on(async {
        tokio::select! {
            done = download(&content, gateway, &mut saving, output) => done,
            // Ending here removes what has come so far.
            _ = tokio::signal::ctrl_c() => Err(Failure::Failed(anyhow!("interrupted; nothing was written"))),
        }
    })?;
    let (bytes, files) = (saving.bytes, saving.files);
    Ok(output.result(
        &format!("{} ({files} files, {bytes} bytes, verified)", target.display()),
        &json!({"cid": content.text, "path": target, "bytes": bytes, "files": files, "verified": true}),
    )?)
}

async fn download(
    content: &RemotePath,
    gateway: Gateway,
    saving: &mut Saving,
    output: Output,
) -> Result<(), Failure> {
    let cid = content.resolve(gateway.clone()).await?;
    let mut response = gateway.get(&cid, "format=car&car-dups=y", CAR).await?;
    let progress = Progress::new(output, "downloading", None);
    let mut arriving = Arriving::new(cid, saving, &progress);
    while let Some(bytes) = response.chunk().await.context("the download broke off; try again")? {
        arriving.take(bytes)?;
    }
    arriving.finish()
}

/// A CAR as it comes, checked and written.
struct Arriving<'a> {
    car: CarReader,
    extractor: Extractor,
    saving: &'a mut Saving,
    progress: &'a Progress,
    begun: bool,
}

impl<'a> Arriving<'a> {
    fn new(cid: Cid, saving: &'a mut Saving, progress: &'a Progress) -> Self {
        Self {
            car: CarReader::new(CarLimits::default()),
            extractor: Extractor::new(cid),
            saving,
            progress,
            begun: false,
        }
    }

    fn take(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.progress.add(bytes.len() as u64);
        self.car.feed(bytes);
        while let Some(event) = self.car.next().map_err(forged)? {
            // Content inside of the CID itself needs no block.
            self.write()?;
            if let CarEvent::Block { cid, data, .. } = event {
                self.extractor.push(&cid, data.clone()).map_err(forged)?;
                if !std::mem::replace(&mut self.begun, true) {
                    self.progress.set_total(claimed_size(&cid, &data));
                }
                self.write()?;
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Failure> {
        while let Some(event) = self.extractor.next().map_err(forged)? {
            self.saving.write(event)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.write()?;
        self.car.finish().map_err(forged)?;
        self.extractor.finish().map_err(forged)?;
        self.saving.finish()
    }
}

/// How long the download will be if its first block says the truth: good enough for a bar.
fn claimed_size(cid: &Cid, block: &Bytes) -> u64 {
    let links = match PbNode::decode(block) {
        Ok(node) if cid.codec() == DAG_PB => node.links,
        _ => Vec::new(),
    };
    let below = links.iter().filter_map(|link| link.tsize);
    below.fold(block.len() as u64, u64::saturating_add)
}

fn forged(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Damaged(
        anyhow::Error::new(error)
            .context("the server did not send what the CID names; nothing of it was kept"),
    )
}

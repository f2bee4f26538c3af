//! Pins many tiny files into a data folder, as so many uploads would: for measuring a server that has much.
//!
//! ```text
//! cargo run --release -p tidegate --example fill -- DIR COUNT
//! ```

use std::path::Path;

use anyhow::Context;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tidegate::{
    accounts::{Caller, DEFAULT_KEY_NAME, generate_password},
    app::App,
    clock::Clock,
    config::{Config, Overrides},
    db::keys::KeyTerms,
    pins::Label,
};
use tidegate_content::{
    Cid, Profile,
    cid_text::{Multihash, RAW, SHA2_256},
    sha256,
};

/// Pins made at once: their syncs and commits are shared.
const AT_ONCE: usize = 200;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, count] = args.as_slice() else {
        anyhow::bail!("usage: fill DIR COUNT");
    };
    fill(Path::new(dir), count.parse().context("COUNT is a number, as in 100000")?).await
}

async fn fill(dir: &Path, count: u64) -> anyhow::Result<()> {
    let mut settings = Overrides::default();
    settings.0.push(("data.dir", dir.to_string_lossy().into_owned()));
    let app = App::open(Config::load(None, std::iter::empty(), settings)?, Clock::system()).await?;
    let registered = app.accounts.register("fill@example.org", generate_password()?).await?;
    let caller = Caller {
        account: registered.account,
        key: DEFAULT_KEY_NAME.to_owned(),
        prefix: String::new(),
        terms: KeyTerms::default(),
        uses: 0,
    };
    stream::iter(0..count)
        .map(|number| pin(&app, &caller, number))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    app.close().await;
    Ok(())
}

/// Pins a file that says its number.
async fn pin(app: &App, caller: &Caller, number: u64) -> anyhow::Result<()> {
    let content = Bytes::from(format!("pin {number}\n"));
    let hash = Multihash::wrap(SHA2_256, &sha256(&[&content])).context("32 bytes fit a multihash")?;
    let cid = Cid::new_v1(RAW, hash);
    let mut upload = app.pins.begin(Profile::UNIXFS_V1_2025)?;
    upload.open_file("number").await?;
    upload.write(content).await?;
    upload.close_file().await?;
    app.pins.pin_upload(caller, upload, &cid, &cid.to_string(), Label::default()).await?;
    Ok(())
}

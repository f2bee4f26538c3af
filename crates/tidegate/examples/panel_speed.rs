//! How long pages of the panel take when somebody has many pins: fills a data folder with them, runs a server on it, signs in, and asks.
//!
//! `cargo run --release --example panel_speed -- FOLDER [PINS]`; a folder that is there is asked only. Times are those of whole requests over
//! loopback, as a browser on the same machine would see them.

use std::{net::SocketAddr, path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use cid::multihash::Multihash;
use reqwest::{Client, header, redirect::Policy};
use tidegate::{
    app::App,
    clock::{Clock, Timestamp},
    config::{Config, Overrides},
    db::{
        AccountId, DbError, Session,
        jobs::{self, Begin, JobId, NewJob},
        pins::{self, NewPin, PinSource, Visibility},
    },
    http::Surfaces,
    server::Server,
    telemetry,
};
use tidegate_content::{Cid, sha256};

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse battery";
const RAW: u64 = 0x55;
const SHA2_256: u64 = 0x12;
/// Pins made in one transaction.
const BATCH: i64 = 1000;
/// Milliseconds between two pins.
const STEP: i64 = 1000;
const BEGIN: i64 = 1_700_000_000_000;
/// How often each page is asked for.
const TIMES: usize = 41;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("usage: panel_speed FOLDER [PINS]")?;
    let pins: i64 = args.next().map_or(Ok(100_000), |text| text.parse())?;
    let is_there = std::fs::exists(&folder)?;
    telemetry::metrics::recorder();
    let mut config = Config::load(None, [], Overrides::default())?;
    config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Path::new(&folder).clone_into(&mut config.data.dir);
    let app = App::open(config, Clock::system()).await?;
    if !is_there {
        let account = app.accounts.register(EMAIL, PASSWORD.into()).await?.account;
        let begun = Instant::now();
        for first in (0..pins).step_by(usize::try_from(BATCH)?) {
            app.db.write(move |s| Box::pin(async move { fill(s, account, first).await })).await?;
        }
        println!("{pins} pins with their jobs were recorded in {:.0?}", begun.elapsed());
    }
    let server = Server::bind(&app.config.server, Surfaces::new(app.clone())).await?;
    let base = format!("http://{}", server.local_addr()?);
    let running = tokio::spawn(server.run(std::future::pending()));
    ask(&base, pins).await?;
    running.abort();
    app.close().await;
    Ok(())
}

async fn fill(s: &mut Session<'_>, account: AccountId, first: i64) -> Result<(), DbError> {
    for number in first..first + BATCH {
        let now = Timestamp::from_millis(BEGIN + number * STEP);
        let digest = Multihash::wrap(SHA2_256, &sha256(&[&number.to_be_bytes()]));
        let root = digest.map(|digest| Cid::new_v1(RAW, digest).to_string()).unwrap_or_default();
        let name = Some(format!("Holiday {} {number}.jpg", number % 97));
        let size = u64::try_from(number * 7919 % 1_000_003).unwrap_or_default();
        let pin = NewPin {
            account,
            root: root.clone(),
            cid: root.clone(),
            name: name.clone(),
            meta: "{}".to_owned(),
            visibility: Visibility::Public,
            source: PinSource::PinFile,
            size,
        };
        let pin = pins::upsert_pin(s, &pin, now).await?;
        let job = NewJob {
            id: JobId::new(),
            account,
            source: PinSource::PinFile,
            root: Some(root.clone()),
            cid: Some(root),
            name,
            meta: "{}".to_owned(),
            origins: "[]".to_owned(),
            visibility: Visibility::Public,
            task: "{}".to_owned(),
        };
        jobs::insert_job(s, &job, Begin::Pinned(pin.id), now).await?;
    }
    Ok(())
}

async fn ask(base: &str, pins: i64) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let form = client
        .post(format!("{base}/panel/login"))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+")));
    let entered = form.send().await?;
    let cookie = entered.headers().get(header::SET_COOKIE).context("nobody is let in")?.to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let middle = BEGIN + pins / 2 * STEP;
    let pages = [
        ("overview", "/panel".to_owned()),
        ("pins, newest", "/panel/pins".to_owned()),
        ("pins, oldest", "/panel/pins?sort=oldest".to_owned()),
        ("pins, by name", "/panel/pins?sort=name".to_owned()),
        ("pins, largest", "/panel/pins?sort=largest".to_owned()),
        ("pins, newest, from the middle on", format!("/panel/pins?after={}.{middle}", pins / 2)),
        ("pins, by name, from the middle on", "/panel/pins?sort=name&after=1.holiday 5".to_owned()),
        ("pins, a part that all names have", "/panel/pins?q=holiday".to_owned()),
        ("pins, a part that one name has", format!("/panel/pins?q=+{}.jpg", pins - 3)),
        ("pins, a part that no name has", "/panel/pins?q=nowhere".to_owned()),
        ("a pin", format!("/panel/pins/{}", pins / 2)),
        ("jobs, newest", "/panel/jobs".to_owned()),
        ("jobs, from the middle on", format!("/panel/jobs?before={middle}")),
        ("jobs, pinned", "/panel/jobs?status=pinned".to_owned()),
        ("jobs, failed", "/panel/jobs?status=failed".to_owned()),
        ("webhooks", "/panel/webhooks".to_owned()),
    ];
    println!("   median   slowest  of {TIMES} requests");
    for (what, path) in pages {
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begun = Instant::now();
            let answer = client.get(format!("{base}{path}")).header(header::COOKIE, &cookie).send().await?;
            ensure!(answer.status().is_success(), "{path}: {}", answer.status());
            answer.bytes().await?;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{:>6.2} ms {:>6.2} ms  {what}", times[TIMES / 2], times[TIMES - 1]);
    }
    Ok(())
}

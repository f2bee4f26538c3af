//! How long lists take when there are many pins: fills a SQLite database with them, then asks for pages.
//!
//! `cargo run --release --example list_speed -- FILE [PINS]`; a file that is there is asked only.

use std::collections::BTreeMap;
use std::time::Instant;

use tidegate::clock::Timestamp;
use tidegate::db::jobs::{
    self, Begin, JobId, JobStatus, NewJob,
    list::{JobQuery, count_jobs, list_jobs},
    search::{JobSearch, NameMatch, search_jobs},
};
use tidegate::db::pins::{self, NewPin, PinQuery, PinSource, Visibility};
use tidegate::db::{AccountId, Db, DbError, DbOptions, accounts};

/// Pins made in one transaction.
const BATCH: i64 = 1000;
/// Milliseconds between two pins: a million of them are spread over eleven days.
const STEP: i64 = 1000;
const BEGIN: i64 = 1_700_000_000_000;
/// How often each question is asked.
const TIMES: usize = 21;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: list_speed FILE [PINS]")?;
    let pins: i64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let is_there = std::fs::exists(&path)?;
    let db = Db::open(DbOptions::sqlite(path)).await?;
    if !is_there {
        let account = db.write(|s| {
            Box::pin(async move {
                accounts::insert_account(s, "ann@example.org", "", Timestamp::from_millis(BEGIN)).await
            })
        });
        let account = account.await?.ok_or("the account is there")?;
        let begun = Instant::now();
        for first in (0..pins).step_by(usize::try_from(BATCH)?) {
            db.write(move |s| Box::pin(async move { fill(s, account, first).await })).await?;
        }
        println!("{pins} pins with their jobs were recorded in {:.0?}", begun.elapsed());
    }
    ask(&db, AccountId(1), pins).await?;
    db.close().await;
    Ok(())
}

async fn fill(s: &mut tidegate::db::Session<'_>, account: AccountId, first: i64) -> Result<(), DbError> {
    for number in first..first + BATCH {
        let now = Timestamp::from_millis(BEGIN + number * STEP);
        let root = format!("bafyroot{number}");
        let (name, meta) = (format!("File {number}.bin"), format!(r#"{{"app":"app {}"}}"#, number % 10_000));
        let pin = NewPin {
            account,
            root: root.clone(),
            cid: root.clone(),
            name: Some(name.clone()),
            meta: meta.clone(),
            visibility: Visibility::Public,
            source: PinSource::PinFile,
            size: 1000,
        };
        let pin = pins::upsert_pin(s, &pin, now).await?;
        let job = NewJob {
            id: JobId::new(),
            account,
            source: PinSource::PinFile,
            root: Some(root.clone()),
            cid: Some(root),
            name: Some(name),
            meta,
            origins: "[]".to_owned(),
            visibility: Visibility::Public,
            task: "{}".to_owned(),
        };
        // One in a thousand is still to be done.
        let begin = if number % 1000 == 0 { Begin::Queued } else { Begin::Pinned(pin.id) };
        jobs::insert_job(s, &job, begin, now).await?;
    }
    Ok(())
}

async fn ask(db: &Db, account: AccountId, pins: i64) -> Result<(), DbError> {
    let at = |part: i64| Timestamp::from_millis(BEGIN + pins * STEP * part / 100 + 7);
    let list = PinQuery {
        account,
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        newest_first: true,
        offset: 0,
        limit: 1000,
    };
    for (what, query) in [
        ("pinList, 5 newest", PinQuery { limit: 5, ..list }),
        ("pinList, 1000 oldest", PinQuery { newest_first: false, ..list }),
        ("pinList, 5 between two dates", PinQuery { from: at(20), until: at(80), limit: 5, ..list }),
        ("pinList, 5 from the middle on", PinQuery { offset: pins.unsigned_abs() / 2, limit: 5, ..list }),
    ] {
        time(what, async || {
            db.read(move |s| {
                Box::pin(async move {
                    Ok((pins::count_pins(s, &query).await?, pins::list_pins(s, &query).await?.len()))
                })
            })
            .await
        })
        .await?;
    }

    let everything = JobQuery {
        account,
        status: None,
        root: None,
        span: Timestamp::MIN..Timestamp::MAX,
        newest_first: true,
        offset: 0,
        limit: 5,
    };
    for (what, query) in [
        ("pinJobs, 5 newest", everything.clone()),
        (
            "pinJobs, 5 oldest queued",
            JobQuery { status: Some(JobStatus::Queued), newest_first: false, ..everything.clone() },
        ),
        ("pinJobs, of one CID", JobQuery { root: Some("bafyroot500000".to_owned()), ..everything }),
    ] {
        time(what, async || {
            let query = query.clone();
            db.read(move |s| {
                Box::pin(async move { Ok((count_jobs(s, &query).await?, list_jobs(s, &query).await?.len())) })
            })
            .await
        })
        .await?;
    }

    let search = JobSearch {
        account,
        statuses: JobStatus::ALL.to_vec(),
        span: Timestamp::MIN..Timestamp::MAX,
        roots: Vec::new(),
        name: None,
        meta: BTreeMap::new(),
        limit: 10,
    };
    let named = |text: &str, part, caseless| JobSearch {
        name: Some(NameMatch { text: text.to_owned(), part, caseless }),
        ..search.clone()
    };
    for (what, search) in [
        ("PSA, 10 newest pinned", JobSearch { statuses: vec![JobStatus::Pinned], ..search.clone() }),
        ("PSA, 10 newest of any status", search.clone()),
        ("PSA, before the middle", JobSearch { span: Timestamp::MIN..at(50), ..search.clone() }),
        (
            "PSA, of ten CIDs",
            JobSearch { roots: (0..10).map(|n| format!("bafyroot{n}7777")).collect(), ..search.clone() },
        ),
        (
            "PSA, of one app (100 pins)",
            JobSearch { meta: BTreeMap::from([("app".to_owned(), "app 77".to_owned())]), ..search.clone() },
        ),
        ("PSA, name exact", named("File 500000.bin", false, false)),
        ("PSA, name iexact", named("FILE 500000.BIN", false, true)),
        ("PSA, name partial", named("e 500000", true, false)),
        ("PSA, name ipartial", named("E 500000", true, true)),
    ] {
        time(what, async || {
            let search = search.clone();
            let found = db.read(move |s| Box::pin(async move { search_jobs(s, &search).await })).await?;
            Ok((found.0, found.1.len()))
        })
        .await?;
    }
    Ok(())
}

/// Prints the median time of a question and what it found.
async fn time(what: &str, question: impl AsyncFn() -> Result<(u64, usize), DbError>) -> Result<(), DbError> {
    let (mut times, mut found) = (Vec::new(), (0, 0));
    for _ in 0..TIMES {
        let begun = Instant::now();
        found = question().await?;
        times.push(begun.elapsed());
    }
    times.sort();
    println!("{:>9.3} ms  {what}: {} of {}", times[TIMES / 2].as_secs_f64() * 1000.0, found.1, found.0);
    Ok(())
}

//! Killed at any moment: what was acknowledged is whole afterwards, everything else is whole or not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tempfile::tempdir;
use tidegate::{
    accounts::Registered,
    blobs::{BlobStore, verify},
    db::{Db, DbOptions, contents},
};
use tidegate_content::sha256;

use crate::support::{
    answer::Answer,
    content::{cid_v0, content},
    person::Person,
    process::{Process, register_in},
    server::client,
};

const CLIENTS: u64 = 4;

/// `TIDEGATE_TEST_CRASH_ROUNDS` says how often (5), `TIDEGATE_TEST_CRASH_SEED` repeats a run; `scripts/crash-test`
/// does many rounds.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_keeps_its_promises() {
    let rounds: u64 = number("TIDEGATE_TEST_CRASH_ROUNDS").unwrap_or(5);
    let seed = number("TIDEGATE_TEST_CRASH_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs()
    });
    println!("TIDEGATE_TEST_CRASH_SEED={seed}");
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = Arc::new(register_in(&data, "ann@example.org").await);
    let mut all = Uploads::default();
    for round in 0..rounds {
        let process = Process::start(&data, &[]).await;
        let (uploads, killed_after) = upload_until_killed(process, &registered, seed, round).await;
        let process = Process::start(&data, &[]).await;
        println!(
            "round {round}: killed after {killed_after:?}, {} of {} uploads acknowledged",
            uploads.acknowledged.len(),
            uploads.sent.len()
        );
        nothing_unfinished_is_left(&data).await;
        all.sent.extend(uploads.sent.clone());
        all.acknowledged.extend(uploads.acknowledged.clone());
        promises_are_kept(&process.url, if round + 1 == rounds { &all } else { &uploads }).await;
        process.kill().await;
    }
    assert!(!all.acknowledged.is_empty(), "the server was never given time to acknowledge anything");
}

/// By CID: what was sent, and what of it was acknowledged.
#[derive(Default)]
struct Uploads {
    sent: BTreeMap<String, Bytes>,
    acknowledged: BTreeSet<String>,
}

/// Lets clients upload until the process is killed, at a moment that seed and round decide.
async fn upload_until_killed(
    process: Process,
    registered: &Arc<Registered>,
    seed: u64,
    round: u64,
) -> (Uploads, Duration) {
    let uploads = Arc::new(Mutex::new(Uploads::default()));
    let ready = Person::at(&process.url, &client(), registered).await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client_number| {
            tokio::spawn(upload_on_and_on(
                ready.clone(),
                Arc::clone(&uploads),
                random(seed, round, client_number),
            ))
        })
        .collect();
    let killed_after = Duration::from_micros(random(seed, round, CLIENTS) % 600_000);
    tokio::time::sleep(killed_after).await;
    process.kill().await;
    for client in clients {
        client.await.unwrap();
    }
    let uploads = std::mem::take(&mut *uploads.lock().unwrap());
    (uploads, killed_after)
}

/// Ends with the connection.
async fn upload_on_and_on(person: Person, uploads: Arc<Mutex<Uploads>>, seed: u64) {
    for upload in 0.. {
        let size = [0, 10, 5_000, 262_145, 1_000_000, 3_000_000][index(random(seed, upload, 0), 6)];
        let bytes = content(random(seed, upload, 1), size);
        let cid = cid_v0(&bytes);
        let form = person.form(&cid).file("a", &bytes).close();
        uploads.lock().unwrap().sent.insert(cid.clone(), bytes);
        match person.request(form).send().await {
            Ok(answer) if answer.status() == 200 => {
                uploads.lock().unwrap().acknowledged.insert(cid);
            }
            Ok(answer) => panic!("an upload was refused: {answer:?}"),
            Err(_) => return,
        }
    }
}

/// Nothing staged, nothing announced; every file is whole, and has its row, as every row has its file.
async fn nothing_unfinished_is_left(data: &Path) {
    assert_eq!(std::fs::read_dir(data.join("staging")).unwrap().count(), 0);
    let db = Db::open(DbOptions::sqlite(data.join("tidegate.sqlite"))).await.unwrap();
    let node = std::fs::read_to_string(data.join("node")).unwrap();
    let (incoming, rows) = db
        .read(move |s| {
            Box::pin(async move {
                let incoming = contents::incoming_of(s, &node).await?;
                let first = tidegate::db::ContentId(0);
                Ok((incoming, contents::contents_after(s, first, 1_000_000).await?))
            })
        })
        .await
        .unwrap();
    db.close().await;
    assert!(incoming.is_empty(), "{incoming:?}");
    let mut rows: Vec<String> = rows.into_iter().map(|row| row.content.root).collect();
    let store = BlobStore::open(data).unwrap();
    let paths: Vec<PathBuf> = store.paths().unwrap().map(Result::unwrap).collect();
    let folders = std::fs::read_dir(data.join("blobs")).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.map(|folder| std::fs::read_dir(folder).unwrap().count()).sum::<usize>();
    assert_eq!(files, paths.len(), "nothing is there that does not have its name");
    let mut files: Vec<String> =
        paths.iter().map(|path| verify(path, |_| {}).unwrap().root.to_string()).collect();
    rows.sort();
    files.sort();
    assert_eq!(files, rows);
}

/// What was acknowledged is there; what was not is there as a whole or not at all.
async fn promises_are_kept(url: &str, uploads: &Uploads) {
    let client = client();
    for (cid, bytes) in &uploads.sent {
        let answer = Answer::of(client.get(format!("{url}/ipfs/{cid}"))).await;
        if answer.status == 404 && !uploads.acknowledged.contains(cid) {
            continue;
        }
        assert!(answer.expect(200).body == bytes, "{cid}");
    }
}

/// A number that the three others decide.
fn random(seed: u64, a: u64, b: u64) -> u64 {
    let digest = sha256(&[&seed.to_be_bytes(), &a.to_be_bytes(), &b.to_be_bytes()]);
    u64::from_be_bytes(digest[..8].try_into().unwrap())
}

fn index(random: u64, count: u64) -> usize {
    usize::try_from(random % count).unwrap()
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

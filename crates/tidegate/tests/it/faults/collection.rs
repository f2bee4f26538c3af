//! Pinning, unpinning, collecting and reading at the same time, in any order: what somebody holds can always be read, and what
//! nobody holds goes.

use std::time::Duration;

use bytes::Bytes;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tidegate::{
    accounts::Caller,
    blobs::{Access, Root},
    db::{AccountId, keys::KeyTerms},
    pins::Label,
};
use tidegate_content::{Cid, FileCursor, Profile, parse_cid};

use crate::support::{
    content::{cid_of, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    server::TestServer,
};

on_both_engines![
    whatever_happens_at_once_held_content_can_be_read_and_the_rest_goes,
    a_removal_that_a_crash_broke_off_is_finished_by_the_next_start,
];

const PROFILE: Profile = Profile::UNIXFS_V0_2015;

#[derive(Debug, Clone, Copy)]
enum Op {
    Pin(usize),
    Unpin(usize),
    Read(usize),
    Collect,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..3_usize).prop_map(Op::Pin),
        3 => (0..3_usize).prop_map(Op::Unpin),
        2 => (0..3_usize).prop_map(Op::Read),
        1 => Just(Op::Collect),
    ];
    vec(op, 1..20)
}

async fn whatever_happens_at_once_held_content_can_be_read_and_the_rest_goes(database: TestDatabase) {
    let server = TestServer::on(database, |config| config.store.grace = Duration::ZERO).await;
    let accounts = [server.person("ann").await.account, server.person("bob").await.account];
    let runtime = tokio::runtime::Handle::current();
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&vec(ops(), 4..=4), |scripts| {
            runtime.block_on(play(&server, accounts, scripts));
            Ok(())
        })
    });
    outcome.unwrap();
}

/// Two accounts with two scripts each; the two scripts of an account work on contents of their own, so that each knows what it holds.
async fn play(server: &TestServer, accounts: [AccountId; 2], scripts: Vec<Vec<Op>>) {
    // The first three are both accounts'; the other script of each has three of its own.
    let shared: Vec<Bytes> = (0..3).map(|n| content(unique(), 100 + n * 300_000)).collect();
    let before = [server.used_bytes(accounts[0]).await, server.used_bytes(accounts[1]).await];
    let mut playing = Vec::new();
    for (number, script) in scripts.into_iter().enumerate() {
        let contents =
            if number < 2 { shared.clone() } else { (0..3).map(|_| content(unique(), 1000)).collect() };
        let app = server.app.clone();
        let account = accounts[number % 2];
        playing.push((account, tokio::spawn(follow(app, account, contents, script))));
    }
    let mut held: Vec<(AccountId, Bytes)> = Vec::new();
    let mut all = shared;
    for (account, script) in playing {
        let (contents, holds) = script.await.unwrap();
        held.extend(
            contents.iter().zip(holds).filter(|(_, holds)| *holds).map(|(c, _)| (account, c.clone())),
        );
        all.extend(contents);
    }
    server.app.pins.collect().await.unwrap();
    for bytes in &all {
        let is_held = held.iter().any(|(_, content)| content == bytes);
        let cid = cid_of(PROFILE, bytes);
        assert_eq!(read(&server.app, &cid).await, is_held.then(|| bytes.clone()));
        let path = server
            .cars()
            .into_iter()
            .find(|car| car.display().to_string().contains(&Root::of(&cid).to_string()));
        assert_eq!(path.is_some(), is_held);
    }
    for (account, before) in accounts.into_iter().zip(before) {
        let bytes: usize = held.iter().filter(|(holder, _)| *holder == account).map(|(_, c)| c.len()).sum();
        assert_eq!(server.used_bytes(account).await - before, bytes as u64);
    }
    let audit = server.app.pins.audit(|_| {}, |_| {}).await.unwrap();
    assert!(audit.is_clean(), "{audit:?}");
    eventually("nothing stays staged", async || server.staged() == 0).await;
}

/// Does what the script says, in the name of `account`; returns which of the contents it holds at the end.
async fn follow(
    app: tidegate::app::App,
    account: AccountId,
    contents: Vec<Bytes>,
    script: Vec<Op>,
) -> (Vec<Bytes>, Vec<bool>) {
    let mut holds = vec![false; contents.len()];
    for op in script {
        match op {
            Op::Pin(n) => {
                pin(&app, account, &contents[n]).await;
                holds[n] = true;
            }
            Op::Unpin(n) => {
                let cid = cid_of(PROFILE, &contents[n]);
                assert_eq!(app.pins.unpin(account, &cid).await.unwrap(), holds[n]);
                holds[n] = false;
            }
            Op::Read(n) => {
                let read = read(&app, &cid_of(PROFILE, &contents[n])).await;
                assert!(read.is_some() || !holds[n], "held content is not there");
                assert!(read.is_none_or(|read| read == contents[n]));
            }
            Op::Collect => {
                app.pins.collect().await.unwrap();
            }
        }
    }
    (contents, holds)
}

async fn pin(app: &tidegate::app::App, account: AccountId, bytes: &Bytes) {
    let mut upload = app.pins.begin(PROFILE).unwrap();
    upload.open_file("a").await.unwrap();
    upload.write(bytes.clone()).await.unwrap();
    upload.close_file().await.unwrap();
    let caller =
        Caller { account, key: String::new(), prefix: String::new(), terms: KeyTerms::default(), uses: 0 };
    let cid = cid_of(PROFILE, bytes);
    app.pins.pin_upload(&caller, upload, &cid, &cid.to_string(), Label::default()).await.unwrap();
}

/// All bytes of a file, as the gateway reads them.
async fn read(app: &tidegate::app::App, cid: &Cid) -> Option<Bytes> {
    let car = app.library.find_public(cid).await.unwrap()?;
    let (mut blocks, mut bytes) = (car.cursor(Access::Disk), Vec::new());
    let mut cursor = FileCursor::new(*cid, 0..u64::MAX);
    while let Some(piece) = cursor.next(&mut blocks).unwrap() {
        bytes.extend_from_slice(&piece);
    }
    Some(bytes.into())
}

async fn a_removal_that_a_crash_broke_off_is_finished_by_the_next_start(database: TestDatabase) {
    let mut server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (gone, kept) = (content(unique(), 1000), content(unique(), 1000));
    let cid = ann.pin(&gone).await;
    let kept = ann.pin(&kept).await;
    ann.unpin(&cid).await.expect(200);
    server.begin_stop();
    server.stopped().await;
    // As far as the transaction of a removal, and no further.
    let root = Root::of(&parse_cid(&cid).unwrap()).to_string();
    let node = std::fs::read_to_string(server.data().join("node")).unwrap();
    let now = server.clock.now();
    let broken_off = server.app.db.write(move |s| {
        Box::pin(async move {
            tidegate::db::contents::remove_content(s, &root).await?;
            tidegate::db::contents::announce_incoming(s, &root, &node, now).await?;
            tidegate::db::unpinned::forget(s, &root).await
        })
    });
    broken_off.await.unwrap();
    assert_eq!(server.cars().len(), 2);
    server.app.close().await;
    let config = server.app.config.clone();
    let (data, app) = server.into_parts();
    drop(app);
    let app = tidegate::app::App::open(config, tidegate::clock::Clock::system()).await.unwrap();
    assert!(app.pins.audit(|_| {}, |_| {}).await.unwrap().is_clean());
    assert_eq!(read(&app, &parse_cid(&cid).unwrap()).await, None);
    assert!(read(&app, &parse_cid(&kept).unwrap()).await.is_some());
    drop(data);
}

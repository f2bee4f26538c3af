//! Bounds: what the store and the account have room for, and how long unfinished uploads are kept.

use std::time::Duration;

use bytes::Bytes;
use bytesize::ByteSize;

use super::protocol::files;
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    person::Person,
    process::{Process, register_in},
    server::{TestServer, client},
    tus::{Tus, code},
};

on_both_engines![
    an_upload_is_forgotten_a_day_after_its_last_byte,
    an_account_announces_no_more_than_it_may_pin
];

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn an_upload_is_forgotten_a_day_after_its_last_byte(database: TestDatabase) {
    let server = TestServer::on(database, |config| config.store.size = ByteSize(1000)).await;
    let ann = server.person("ann").await;
    let path = Tus::of(&server, &ann).begin(900, &[]).await;
    // Access tokens end sooner.
    let hours_later = async |hours: u32| {
        server.clock.advance(hours * HOUR);
        Tus { token: ann.fresh_token().await, ..Tus::of(&server, &ann) }
    };
    let tus = hours_later(23).await;
    tus.patch(&path, 0, "some news").await.expect(204);
    let tus = hours_later(23).await;
    assert_eq!(server.app.uploads.expire().await.unwrap(), 0);
    assert_eq!(tus.offset(&path).await, 9);

    let tus = hours_later(1).await;
    assert_eq!(code(tus.patch(&path, 9, "too late").await, 410), "expired");
    tus.head(&path).await.expect(410);
    assert_eq!(server.app.uploads.expire().await.unwrap(), 1);
    tus.head(&path).await.expect(404);
    assert_eq!(files(&server), 0);
    // Its room is free again.
    tus.begin(900, &[]).await;
}

async fn an_account_announces_no_more_than_it_may_pin(database: TestDatabase) {
    let server = TestServer::on(database, |config| config.limits.account_quota = ByteSize(1000)).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    ann.pin(&content(unique(), 300)).await;
    let tus = Tus::of(&server, &ann);
    let path = tus.begin(600, &[]).await;
    assert_eq!(code(tus.create(101, &[]).await, 413), "quota_exceeded");
    tus.begin(100, &[]).await;
    Tus::of(&server, &bob).begin(1000, &[]).await;
    tus.delete(&path).await.expect(204);
    tus.begin(600, &[]).await;
}

#[tokio::test]
async fn what_is_announced_has_room_in_the_store_when_it_comes() {
    let server = TestServer::with(|config| config.store.size = ByteSize(2_000_000)).await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let bytes = content(unique(), 1_500_000);
    let cid = cid_v0(&bytes);
    let path = tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    assert_eq!(code(tus.create(600_000, &[]).await, 507), "storage_full");
    let other = content(unique(), 600_000);
    let form = ann.form(&cid_v0(&other)).file("a", &other);
    ann.upload(form).await.expect(507);
    // The bytes are here twice for a moment, and count once.
    tus.patch(&path, 0, bytes).await.expect(204);
    assert_eq!(code(tus.create(500_000, &[]).await, 507), "storage_full");
    tus.begin(400_000, &[]).await;
}

#[tokio::test]
async fn a_quota_that_is_full_at_the_end_costs_no_upload() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let bytes = Bytes::from_static(b"hello");
    let cid = cid_v0(&bytes);
    let path = tus.begin(5, &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    let quota = |bytes| {
        let account = ann.account;
        server.app.db.write(move |s| {
            Box::pin(async move { tidegate::db::accounts::set_quota(s, account, Some(bytes)).await })
        })
    };
    quota(4).await.unwrap();
    assert_eq!(code(tus.patch(&path, 0, bytes).await, 413), "quota_exceeded");
    let standing = tus.show(&path).await;
    assert_eq!(
        (standing["state"].as_str(), standing["error"]["code"].as_str()),
        (Some("received"), Some("quota_exceeded"))
    );
    quota(5).await.unwrap();
    assert_eq!(tus.patch(&path, 5, "").await.expect(204).header("x-tidegate-cid"), cid);
    assert_eq!(files(&server), 0);
}

#[tokio::test]
async fn a_full_disk_keeps_what_came_and_pins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start_on_small_disk(&data, "16m").await;
    let disk = process.sees(&data);
    let ann = Person::at(&process.url, &client(), &registered).await;
    let tus = Tus::at(&process.url, &client(), &ann);
    let staged = || std::fs::read_dir(disk.join("staging")).unwrap().count();

    // It fits once, but not twice.
    let bytes = content(unique(), 9_000_000);
    let cid = cid_v0(&bytes);
    let path = tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    assert_eq!(code(tus.patch(&path, 0, bytes.clone()).await, 507), "storage_full");
    eventually("what was staged is gone", async || staged() == 0).await;
    let standing = tus.show(&path).await;
    assert_eq!(
        (standing["state"].as_str(), standing["offset"].as_u64()),
        (Some("received"), Some(9_000_000))
    );

    // It does not fit at all: what was written stays, and is right.
    let large = content(unique(), 9_000_000);
    let full = tus.begin(large.len(), &[]).await;
    assert_eq!(code(tus.patch(&full, 0, large.clone()).await, 507), "storage_full");
    let here = tus.offset(&full).await;
    assert!(here < large.len());
    let on_disk = std::fs::read(disk.join("uploads").join(full.rsplit('/').next().unwrap())).unwrap();
    assert!(on_disk == large[..here]);
    tus.delete(&full).await.expect(204);
    tus.delete(&path).await.expect(204);

    let small = content(unique(), 4_000_000);
    let cid = cid_v0(&small);
    let path = tus.begin(small.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    assert_eq!(tus.patch(&path, 0, small).await.expect(204).header("x-tidegate-cid"), cid);
    assert!(process.stop().await);
}

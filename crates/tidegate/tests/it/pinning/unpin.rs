//! Letting go: at once for readers, after the time of grace for the disk, and never what somebody else holds.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    server::TestServer,
};

const GRACE: Duration = Duration::from_secs(3600);

on_both_engines![
    unpinned_content_is_gone_at_once_and_removed_after_the_time_of_grace,
    content_stays_as_long_as_anybody_holds_it,
    what_is_pinned_again_in_time_stays,
    an_account_pays_once_for_a_content_and_gets_it_back_with_the_last_pin,
];

async fn unpinned_content_is_gone_at_once_and_removed_after_the_time_of_grace(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 600_000);
    let cid = ann.pin(&bytes).await;
    let kept = ann.pin(&content(unique(), 10)).await;
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
    let v1 = tidegate_content::content_key(&tidegate_content::parse_cid(&cid).unwrap());

    assert_eq!(ann.unpin(&v1.to_string()).await.expect(200).text(), "OK");
    for path in [format!("/ipfs/{cid}"), format!("/ipfs/{v1}?format=raw"), format!("/ipfs/{cid}?format=car")]
    {
        server.get(&path).await.expect(404);
    }
    for list in ["/pinning/pinList", "/pinning/pinJobs"] {
        assert_eq!(ann.ask(list).await.json()["Count"], 1, "{list}");
    }
    assert_eq!(server.used_bytes(ann.account).await, 10);
    assert_eq!(ann.unpin(&cid).await.refusal(404), format!("You have not pinned {cid}"));

    server.clock.advance(GRACE - Duration::from_millis(1));
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 0);
    assert_eq!(server.cars().len(), 2);
    server.clock.advance(Duration::from_millis(1));
    let collected = server.app.pins.collect().await.unwrap();
    assert!(collected.contents == 1 && collected.bytes > 600_000, "{collected:?}");
    assert_eq!(server.cars().len(), 1);
    let totals = server.totals().await;
    assert_eq!((totals.contents, totals.pins, totals.blocks), (1, 1, 1));
    server.get(&format!("/ipfs/{kept}")).await.expect(200);
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 0);
    // And it can come back.
    ann.pin(&bytes).await;
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
}

async fn content_stays_as_long_as_anybody_holds_it(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    bob.pin(&bytes).await;
    ann.unpin(&cid).await.expect(200);
    server.clock.advance(2 * GRACE);
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 0);
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
    assert_eq!((server.used_bytes(ann.account).await, server.used_bytes(bob.account).await), (0, 1000));
    bob.unpin(&cid).await.expect(200);
    server.clock.advance(GRACE);
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 1);
    server.is_left_empty().await;
}

async fn what_is_pinned_again_in_time_stays(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    ann.unpin(&cid).await.expect(200);
    server.clock.advance(GRACE / 2);
    ann.pin(&bytes).await;
    server.clock.advance(GRACE);
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 0);
    // The time of grace is counted from the last time.
    ann.unpin(&cid).await.expect(200);
    assert_eq!(server.app.pins.collect().await.unwrap().contents, 0);
    assert_eq!(server.cars().len(), 1);
}

async fn an_account_pays_once_for_a_content_and_gets_it_back_with_the_last_pin(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 1000)).await;
    let mut requests = Vec::new();
    for _ in 0..2 {
        let status = ann.send(Method::POST, "/psa/pins", Some(json!({"cid": cid}))).await.expect(202).json();
        assert_eq!(status["status"], "pinned", "it is here");
        requests.push(status["requestid"].as_str().unwrap().to_owned());
    }
    assert_eq!(ann.ask("/pinning/pinList").await.json()["Count"], 3);
    assert_eq!(server.used_bytes(ann.account).await, 1000);
    ann.send(Method::DELETE, &format!("/psa/pins/{}", requests[0]), None).await.expect(202);
    assert_eq!(server.used_bytes(ann.account).await, 1000);
    // All that are left, whichever door they came through.
    ann.unpin(&cid).await.expect(200);
    assert_eq!(server.used_bytes(ann.account).await, 0);
    ann.ask(&format!("/psa/pins/{}", requests[1])).await.expect(404);
}

#[tokio::test]
async fn a_download_that_has_begun_ends_well_though_its_content_is_removed() {
    let server = TestServer::with(|config| config.store.grace = Duration::ZERO).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 40_000_000);
    let cid = ann.pin(&bytes).await;
    let mut body =
        server.client.get(server.url(&format!("/ipfs/{cid}"))).send().await.unwrap().bytes_stream();
    let mut read = body.next().await.unwrap().unwrap().to_vec();
    ann.unpin(&cid).await.expect(200);
    eventually("the file is removed", async || server.cars().is_empty()).await;
    while let Some(piece) = body.next().await {
        read.extend_from_slice(&piece.unwrap());
    }
    assert!(bytes == read);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
}

#[tokio::test]
async fn unpinning_needs_a_key_and_a_cid() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    server.ask(Method::DELETE, &format!("/pinning/unpin/{cid}"), &[]).await.refusal(401);
    ann.unpin("hello").await.refusal(400);
    ann.send(Method::POST, &format!("/pinning/unpin/{cid}"), None).await.refusal(405);
    let bob = server.person("bob").await;
    bob.unpin(&cid).await.refusal(404);
    assert_eq!(ann.ask("/pinning/pinList").await.json()["Count"], 1);
}

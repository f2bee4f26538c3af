//! Receivers that fail, hang, lead elsewhere, or live where nothing is sent.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use tidegate::db::DbOptions;

use super::{Hook, later, receivers_here, signed, told};
use crate::support::{
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    origin::{Origin, Reply},
    server::TestServer,
};

/// The waits between tries, each a little longer than it can be with what spreads them.
const WAITS: [u64; 7] = [7, 73, 361, 2161, 8641, 25_921, 51_841];

on_both_engines![
    a_receiver_that_fails_gets_the_same_message_later,
    a_message_is_given_up_and_can_be_sent_again,
    a_receiver_that_hangs_holds_up_no_other,
];

/// A receiver whose status can be changed.
async fn receiver() -> (Origin, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(500));
    let shared = Arc::clone(&status);
    let origin = Origin::start(move |_| {
        Reply::status(shared.load(Ordering::SeqCst)).with("Content-Length", "2").then_body("ok")
    });
    (origin.await, status)
}

async fn a_receiver_that_fails_gets_the_same_message_later(database: TestDatabase) {
    let (receiver, status) = receiver().await;
    let server = TestServer::on(database, receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    ann.pin(&content(unique(), 10)).await;
    let failed = hook.newest(&ann, "pending", 1).await;
    assert_eq!(failed["reason"], "the receiver answered with status 500");
    assert_eq!(failed["statusCode"], 500);
    assert!(failed["nextTry"].as_str() > failed["triedAt"].as_str());

    status.store(204, Ordering::SeqCst);
    later(&server, Duration::from_secs(4));
    assert_eq!(receiver.asked().len(), 1, "it is not time yet");
    later(&server, Duration::from_secs(3));
    let asked = told(&receiver, 2).await;
    let delivered = hook.newest(&ann, "delivered", 2).await;
    assert_eq!((&delivered["reason"], &delivered["statusCode"]), (&json!(null), &json!(204)));
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    assert_eq!(asked[0].body, asked[1].body);
    assert_ne!(asked[0].header("webhook-timestamp"), asked[1].header("webhook-timestamp"));
    signed(&asked[0], &hook.secret, 0);
    signed(&asked[1], &hook.secret, 0);
}

async fn a_message_is_given_up_and_can_be_sent_again(database: TestDatabase) {
    let (receiver, status) = receiver().await;
    let server = TestServer::on(database, receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    for (tries, wait) in (1..).zip(WAITS) {
        hook.newest(&ann, "pending", tries).await;
        later(&server, Duration::from_secs(wait));
    }
    let failed = hook.newest(&ann, "failed", 8).await;
    assert_eq!(failed["reason"], "the receiver answered with status 500 (given up after 8 tries)");
    assert_eq!(failed["nextTry"], json!(null));

    status.store(200, Ordering::SeqCst);
    let again = hook.path(&format!("/deliveries/{}/redeliver", failed["id"].as_str().unwrap()));
    ann.send(Method::POST, &again, None).await.expect(202);
    hook.newest(&ann, "delivered", 1).await;
    let ids: HashSet<_> =
        receiver.asked().iter().map(|asked| asked.header("webhook-id").to_owned()).collect();
    assert_eq!((ids.len(), receiver.asked().len()), (1, 9));
}

async fn a_receiver_that_hangs_holds_up_no_other(database: TestDatabase) {
    let hanging = Origin::start(|_| Reply::status(200).with("Content-Length", "1").then_hang()).await;
    let silent = Origin::start(|_| Reply::nothing().then_hang()).await;
    let good = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, |config| {
        receivers_here(config);
        config.webhooks.at_once = 4;
        // Longer than this test takes.
        config.webhooks.timeout = Duration::from_secs(600);
    })
    .await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    for _ in 0..3 {
        Hook::create(&ann, &silent.url("/")).await;
    }
    for _ in 0..6 {
        ann.pin(&content(unique(), 10)).await;
    }
    told(&silent, 1).await;
    let hook = Hook::create(&bob, &good.url("/")).await;
    bob.pin(&content(unique(), 10)).await;
    hook.newest(&bob, "delivered", 1).await;
    // One account has a quarter of all places, and each receiver gets four messages at once.
    assert!((1..=4).contains(&silent.asked().len()), "{:?}", silent.lines());
    assert!(silent.open() <= 4);

    // An answer counts when its status is there.
    let slow = Hook::create(&bob, &hanging.url("/")).await;
    bob.send(Method::POST, &slow.path("/ping"), None).await.expect(202);
    slow.newest(&bob, "delivered", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_too_slow_is_told_again() {
    let silent = Origin::start(|_| Reply::nothing().then_hang()).await;
    let server = TestServer::with(|config| {
        receivers_here(config);
        config.webhooks.timeout = Duration::from_millis(50);
    })
    .await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &silent.url("/")).await;
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    let failed = hook.newest(&ann, "pending", 1).await;
    assert_eq!(
        (&failed["reason"], &failed["statusCode"]),
        (&json!("the receiver took too long"), &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_addresses_that_are_not_public() {
    let inside = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for url in [inside.url("/"), inside.url_as("localhost", "/"), inside.url_as("[::ffff:127.0.0.1]", "/")] {
        let hook = Hook::create(&ann, &url).await;
        ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
        let failed = hook.newest(&ann, "pending", 1).await;
        assert_eq!(failed["reason"], "the receiver lives at an address that is not public", "{url}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let inside = Origin::start(|_| Reply::ok("")).await;
    let target = inside.url("/");
    let outside = Origin::start(move |_| Reply::redirect(307, &target)).await;
    let server = TestServer::with(receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &outside.url("/")).await;
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    let failed = hook.newest(&ann, "pending", 1).await;
    assert_eq!(failed["reason"], "the receiver answered with status 307");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_send_each_message_once() {
    const PINS: usize = 40;
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let database = TestDatabase::postgres().await;
    let DbOptions::Postgres { url, .. } = database.options.clone() else { unreachable!() };
    let beside = TestDatabase { options: DbOptions::postgres(url), folder: tempfile::tempdir().unwrap() };
    let one = TestServer::on(database, receivers_here).await;
    let other = TestServer::on(beside, receivers_here).await;
    let ann = one.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    for _ in 0..PINS {
        ann.pin(&content(unique(), 10)).await;
        one.app.webhooks.ring();
        other.app.webhooks.ring();
    }
    eventually("all are delivered", async || {
        let log = ann.ask(&hook.path("/deliveries?limit=100")).await.json();
        let items = log["items"].as_array().unwrap();
        items.len() == PINS && items.iter().all(|item| item["status"] == "delivered" && item["tries"] == 1)
    })
    .await;
    let ids: HashSet<_> =
        receiver.asked().iter().map(|asked| asked.header("webhook-id").to_owned()).collect();
    assert_eq!((ids.len(), receiver.asked().len()), (PINS, PINS));
}

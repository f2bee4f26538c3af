//! What is told, to whom, and how it is signed.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tidegate::db::jobs::JobStatus;

use super::{Hook, later, receivers_here, signed, told};
use crate::{
    pull,
    support::{
        content::{cid_v0, content, unique},
        dag::missing,
        databases::{TestDatabase, on_both_engines},
        eventually,
        origin::{Origin, Reply},
        server::TestServer,
    },
};

on_both_engines![
    a_pin_and_its_end_are_told_and_signed,
    a_request_that_fails_for_good_is_told_once,
    what_was_not_asked_for_is_not_told,
    for_a_day_messages_are_signed_with_the_old_secret_too,
    a_log_is_read_page_by_page_and_forgotten_after_a_while,
];

async fn a_pin_and_its_end_are_told_and_signed(database: TestDatabase) {
    let receiver = Origin::start(|_| Reply::ok("thanks")).await;
    let server = TestServer::on(database, receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/told?token=x")).await;

    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    let asked = told(&receiver, 1).await.remove(0);
    assert_eq!(asked.target, "/told?token=x");
    let job = ann.ask("/pinning/pinJobs").await.json()["Jobs"][0]["Id"].clone();
    let data = json!({
        "jobId": job, "status": "pinned", "cid": cid, "name": "file.bin", "size": 1000, "source": "pin_file",
    });
    let now = server.clock.now();
    let expected = json!({"type": "pin.pinned", "timestamp": now.to_string(), "data": data});
    assert_eq!(signed(&asked, &hook.secret, 0), expected);
    assert_eq!(asked.header("webhook-timestamp"), now.as_seconds().to_string());

    let delivery = hook.newest(&ann, "delivered", 1).await;
    assert_eq!((&delivery["id"], &delivery["statusCode"]), (&json!(asked.header("webhook-id")), &json!(200)));
    assert_eq!((&delivery["payload"], &delivery["nextTry"]), (&expected, &json!(null)));

    ann.unpin(&cid).await.expect(200);
    let removed = signed(&told(&receiver, 2).await[1], &hook.secret, 0);
    assert_eq!((&removed["type"], &removed["data"]), (&json!("pin.removed"), &data));

    // Content that is here and public is pinned while it is asked for.
    let bob = server.person("bob").await;
    bob.pin(&bytes).await;
    let wanted = json!({"cid": cid, "name": "from psa"});
    ann.send(Method::POST, "/psa/pins", Some(wanted)).await.expect(202);
    let pinned = signed(&told(&receiver, 3).await[2], &hook.secret, 0);
    assert_eq!((&pinned["type"], &pinned["data"]["source"]), (&json!("pin.pinned"), &json!("psa")));
}

async fn a_request_that_fails_for_good_is_told_once(database: TestDatabase) {
    let (receiver, gateway) = (Origin::start(|_| Reply::ok("")).await, Origin::start(|_| missing()).await);
    let server = TestServer::on(database, |config| {
        pull::asking(&[&gateway])(config);
        receivers_here(config);
    })
    .await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    let cid = cid_v0(&content(unique(), 10));
    let id = pull::ask_for(&server, &ann, &cid).await;
    pull::tried(&server, &ann, &id, 1).await;
    assert!(hook.log(&ann).await.is_empty(), "it may still come");
    pull::later(&server, Duration::from_secs(25 * 60 * 60));
    assert_eq!(pull::ended(&server, &ann, &id).await.status, JobStatus::Failed);
    later(&server, Duration::ZERO);
    let failed = signed(&told(&receiver, 1).await[0], &hook.secret, 0);
    assert_eq!((&failed["type"], &failed["data"]["status"]), (&json!("pin.failed"), &json!("failed")));
    assert_eq!(failed["data"]["jobId"], id.0);
    let reason = failed["data"]["reason"].as_str().unwrap();
    assert!(reason.ends_with("(given up after 2 tries)"), "{reason}");
    assert!(!receiver.asked()[0].body.windows(9).any(|part| part == b"127.0.0.1"));
    assert_eq!(hook.log(&ann).await.len(), 1);
}

async fn what_was_not_asked_for_is_not_told(database: TestDatabase) {
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, receivers_here).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let removals = Hook::create_for(&ann, &receiver.url("/removals"), &["pin.removed"]).await;
    let paused = Hook::create(&ann, &receiver.url("/paused")).await;
    let pause = json!({"active": false});
    ann.send(Method::PATCH, &paused.path(""), Some(pause)).await.expect(200);
    bob.pin(&content(unique(), 10)).await;
    let bytes = content(unique(), 10);
    let cid = ann.pin(&bytes).await;
    // The same once more renews the pin: nothing was removed.
    ann.pin(&bytes).await;
    ann.unpin(&cid).await.expect(200);
    told(&receiver, 1).await;
    removals.newest(&ann, "delivered", 1).await;
    assert_eq!(receiver.lines(), ["POST /removals"]);
    assert_eq!((removals.log(&ann).await.len(), paused.log(&ann).await.len()), (1, 0));
}

async fn for_a_day_messages_are_signed_with_the_old_secret_too(database: TestDatabase) {
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    let shown = ann.ask(&hook.path("/secret")).await.expect(200);
    assert_eq!(shown.json(), json!({"secret": hook.secret, "previousUntil": null}));
    assert_eq!(shown.header("cache-control"), "no-store");

    let rotated = ann.send(Method::POST, &hook.path("/secret/rotate"), None).await.expect(200).json();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, hook.secret);
    assert!(rotated["previousUntil"].is_string());
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    let ping = told(&receiver, 1).await.remove(0);
    let message = signed(&ping, new, 0);
    assert_eq!((&message["type"], &message["data"]["webhookId"]), (&json!("ping"), &json!(hook.id)));
    signed(&ping, &hook.secret, 1);

    server.clock.advance(Duration::from_secs(24 * 60 * 60));
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    let ping = told(&receiver, 2).await.remove(1);
    signed(&ping, new, 0);
    assert_eq!(ping.header("webhook-signature").split(' ').count(), 1);
    let shown = ann.ask(&hook.path("/secret")).await.expect(200).json();
    assert_eq!(shown, json!({"secret": new, "previousUntil": null}));
}

async fn a_log_is_read_page_by_page_and_forgotten_after_a_while(database: TestDatabase) {
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/")).await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        let ping = ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202).json();
        sent.insert(0, ping["id"].clone());
    }
    told(&receiver, 5).await;
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann.ask(&hook.path(&format!("/deliveries?limit=2{cursor}"))).await.expect(200).json();
        listed.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, sent);
    later(&server, Duration::from_secs(31 * 24 * 60 * 60));
    eventually("the log is empty", async || hook.log(&ann).await.is_empty()).await;
}

//! Killed between a result and its message: the message is sent by the next process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tempfile::tempdir;

use super::{Hook, signed, told};
use crate::support::{
    content::{content, unique},
    origin::{Origin, Reply},
    person::Person,
    process::{Process, register_in},
    server::client,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_had_to_tell_the_next_one_tells() {
    let open = Arc::new(AtomicBool::new(false));
    let receiver = Origin::start({
        let open = Arc::clone(&open);
        move |_| if open.load(Ordering::SeqCst) { Reply::ok("") } else { Reply::nothing().then_hang() }
    })
    .await;
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let here = [("TIDEGATE_WEBHOOKS_ALLOW_NON_PUBLIC_IP", "true"), ("TIDEGATE_LOG_LEVEL", "debug")];

    let process = Process::start(&data, &here).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let hook = Hook::create(&ann, &receiver.url("/?token=do-not-log-this")).await;
    let cid = ann.pin(&content(unique(), 10)).await;
    // It has been taken, but not answered: for the server it is as if it had never been sent.
    told(&receiver, 1).await;
    let log = std::fs::read_to_string(&process.log).unwrap();
    process.kill().await;
    for secret in [hook.secret.as_str(), "do-not-log-this"] {
        assert!(!log.contains(secret), "{secret}");
    }

    open.store(true, Ordering::SeqCst);
    let process = Process::start(&data, &here).await;
    let asked = told(&receiver, 2).await;
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    let message = signed(&asked[1], &hook.secret, 0);
    assert_eq!((&message["type"], &message["data"]["cid"]), (&json!("pin.pinned"), &json!(cid)));
    let ann = Person::at(&process.url, &client(), &registered).await;
    hook.newest(&ann, "delivered", 1).await;
    assert_eq!(hook.log(&ann).await.len(), 1);
    assert!(process.stop().await);
}

//! Making, changing and removing webhooks.

use reqwest::Method;
use serde_json::json;

use super::{Hook, receivers_here};
use crate::support::{
    databases::{TestDatabase, on_both_engines},
    origin::{Origin, Reply},
    server::TestServer,
};

on_both_engines![a_webhook_is_made_changed_and_removed, an_account_has_so_many_and_no_more];

async fn a_webhook_is_made_changed_and_removed(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let hook = Hook::create_for(&ann, "https://a.example/told", &["pin.failed", "pin.failed"]).await;
    let shown = ann.ask(&hook.path("")).await.expect(200).json();
    let now = server.clock.now().to_string();
    let expected = json!({
        "id": hook.id, "url": "https://a.example/told", "events": ["pin.failed"], "active": true,
        "createdAt": now, "updatedAt": now,
    });
    assert_eq!(shown, expected);
    let list = ann.ask("/api/v1/webhooks").await.expect(200).json();
    assert_eq!(list, json!({"items": [expected], "next": null}));

    let change = json!({"events": ["pin.pinned"], "active": false});
    let changed = ann.send(Method::PATCH, &hook.path(""), Some(change)).await.expect(200).json();
    assert_eq!(changed["url"], "https://a.example/told");
    assert_eq!((&changed["events"], &changed["active"]), (&json!(["pin.pinned"]), &json!(false)));
    let ping = ann.send(Method::POST, &hook.path("/ping"), None).await.expect(409).json();
    assert_eq!(ping["error"]["code"], "conflict");

    // Others do not have it.
    for (method, path) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::GET, "/secret"),
        (Method::POST, "/secret/rotate"),
        (Method::POST, "/ping"),
        (Method::GET, "/deliveries"),
        (Method::POST, "/deliveries/msg_1/redeliver"),
    ] {
        let answer = bob.send(method, &hook.path(path), None).await.expect(404).json();
        assert_eq!(answer["error"]["code"], "not_found", "{path}");
    }
    assert_eq!(bob.ask("/api/v1/webhooks").await.json(), json!({"items": [], "next": null}));

    ann.send(Method::DELETE, &hook.path(""), None).await.expect(204);
    ann.ask(&hook.path("")).await.expect(404);
    ann.send(Method::DELETE, &hook.path(""), None).await.expect(404);
    server.get("/api/v1/webhooks").await.expect(401);
}

async fn an_account_has_so_many_and_no_more(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let first = Hook::create(&ann, "https://a.example/").await;
    for _ in 1..20 {
        Hook::create(&ann, "https://a.example/").await;
    }
    let body = json!({"url": "https://a.example/", "events": ["pin.pinned"]});
    let refused = ann.send(Method::POST, "/api/v1/webhooks", Some(body.clone())).await.expect(409).json();
    assert_eq!(refused["error"]["message"], "An account may have 20 webhooks");
    ann.send(Method::DELETE, &first.path(""), None).await.expect(204);
    ann.send(Method::POST, "/api/v1/webhooks", Some(body)).await.expect(201);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let events = json!(["pin.pinned"]);
    let long = format!("https://a.example/{}", "x".repeat(2048));
    for (body, about) in [
        (json!({}), "Url is"),
        (json!({"url": "ftp://a.example/", "events": events}), "Url is"),
        (json!({"url": "/told", "events": events}), "Url is"),
        (json!({"url": long, "events": events}), "Url is"),
        (json!({"url": "https://a.example/"}), "Events is"),
        (json!({"url": "https://a.example/", "events": []}), "Events is"),
        (json!({"url": "https://a.example/", "events": ["pin.stolen"]}), "Events is"),
        (json!({"url": "https://a.example/", "events": events, "secret": "mine"}), "unknown field"),
        (json!([]), "not the JSON"),
    ] {
        let refused = ann.send(Method::POST, "/api/v1/webhooks", Some(body.clone())).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "bad_request");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(about), "{body}: {message}");
    }
    let hook = Hook::create(&ann, "https://a.example/").await;
    for path in ["/deliveries?limit=0", "/deliveries?limit=101", "/deliveries?cursor=%00"] {
        ann.ask(&hook.path(path)).await.expect(400);
    }
    for path in ["/api/v1/webhooks/%00", "/api/v1/webhooks/none", "/api/v1/webhooks/callbacks"] {
        ann.ask(path).await.expect(404);
    }
    let redeliver = |id: &str| hook.path(&format!("/deliveries/{id}/redeliver"));
    for id in ["none", "%00"] {
        ann.send(Method::POST, &redeliver(id), None).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_while_a_webhook_is_paused_is_sent_afterwards() {
    let receiver = Origin::start(|asked| match asked.target.as_str() {
        "/new" => Reply::ok(""),
        _ => Reply::status(500).with("Content-Length", "0"),
    })
    .await;
    let server = TestServer::with(receivers_here).await;
    let ann = server.person("ann").await;
    let hook = Hook::create(&ann, &receiver.url("/old")).await;
    ann.send(Method::POST, &hook.path("/ping"), None).await.expect(202);
    hook.newest(&ann, "pending", 1).await;
    let change = json!({"active": false});
    ann.send(Method::PATCH, &hook.path(""), Some(change)).await.expect(200);
    super::later(&server, std::time::Duration::from_secs(60));
    let change = json!({"active": true, "url": receiver.url("/new")});
    ann.send(Method::PATCH, &hook.path(""), Some(change)).await.expect(200);
    hook.newest(&ann, "delivered", 2).await;
    assert_eq!(receiver.lines(), ["POST /old", "POST /new"]);
}

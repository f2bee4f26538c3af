//! `/api/v1/keys`: making, seeing, changing and revoking keys.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::TestServer,
};

on_both_engines![a_key_is_made_seen_changed_and_revoked, a_change_counts_at_once_for_tokens_too];

async fn a_key_is_made_seen_changed_and_revoked(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    server.clock.advance(Duration::from_secs(1));
    let asked = json!({"name": "ci", "scopes": ["pin", "read"], "expiresAt": "2023-11-15T00:00:00Z", "maxUses": 3, "namePrefix": "ci-"});
    let made = ann.send(Method::POST, "/api/v1/keys", Some(asked)).await.expect(201).json();
    let (id, api_key) = (made["id"].as_str().unwrap(), made["apiKey"].as_str().unwrap());
    let prefix = made["prefix"].as_str().unwrap();
    assert!(prefix.len() == 8 && api_key.rsplit('.').next().unwrap().starts_with(prefix));
    let path = format!("/api/v1/keys/{id}");
    let shown = ann.ask(&path).await.expect(200).json();
    let expected = json!({
        "id": id, "name": "ci", "prefix": prefix, "scopes": ["read", "pin"], "createdAt": "2023-11-14T22:13:21.123Z",
        "expiresAt": "2023-11-15T00:00:00.000Z", "revokedAt": null, "lastUsedAt": null, "maxUses": 3, "uses": 0,
        "namePrefix": "ci-", "replacedBy": null,
    });
    assert_eq!(shown, expected);
    let listed = ann.ask("/api/v1/keys").await.expect(200).json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|key| key["name"].clone()).collect();
    assert_eq!((names, &listed["next"]), (vec![json!("default"), json!("ci")], &Value::Null));
    assert!(!listed.to_string().contains(api_key));

    let change = json!({"scopes": ["unpin"], "expiresAt": null, "maxUses": null});
    let changed = ann.send(Method::PATCH, &path, Some(change)).await.expect(200).json();
    let kept = json!({"scopes": ["unpin"], "expiresAt": null, "maxUses": null, "namePrefix": "ci-"});
    for (field, value) in kept.as_object().unwrap() {
        assert_eq!(changed[field], *value, "{field}");
    }
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(code(&bob.send(method, &path, None).await, 404), "not_found");
    }
    ann.send(Method::DELETE, &path, None).await.expect(204);
    assert_eq!(code(&ann.send(Method::DELETE, &path, None).await, 404), "not_found");
    assert!(ann.ask(&path).await.json()["revokedAt"].is_string());
    assert_eq!(ann.ask("/api/v1/keys").await.json()["items"].as_array().unwrap().len(), 1);
}

async fn a_change_counts_at_once_for_tokens_too(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (id, press) = make(&server, &ann, json!({"name": "press"})).await;
    press.pin(&content(unique(), 10)).await;
    let path = format!("/api/v1/keys/{id}");
    ann.send(Method::PATCH, &path, Some(json!({"scopes": ["read"]}))).await.expect(200);
    let bytes = content(unique(), 10);
    let upload = async || press.upload(press.form(&cid_v0(&bytes)).file("a", &bytes)).await;
    upload().await.refusal(403);
    press.ask("/pinning/pinList").await.expect(200);

    let soon = server.clock.now().plus(Duration::from_secs(60)).to_string();
    ann.send(Method::PATCH, &path, Some(json!({"scopes": ["pin"], "expiresAt": soon}))).await.expect(200);
    upload().await.expect(200);
    server.clock.advance(Duration::from_secs(60));
    upload().await.refusal(401);
    // An end in the past may stay while something else is changed.
    ann.send(Method::PATCH, &path, Some(json!({"maxUses": 7}))).await.expect(200);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let past = server.clock.now().to_string();
    for (body, words) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "scope": ["read"]}), "scope"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["write"]}), "scopes"),
        (json!({"name": "x", "expiresAt": "soon"}), "expiresAt"),
        (json!({"name": "x", "expiresAt": past}), "future"),
        (json!({"name": "x", "maxUses": 0}), "once or more"),
        (json!({"name": "x", "maxUses": -1}), "JSON"),
        (json!({"name": "x", "namePrefix": ""}), "beginning of names"),
        (json!({"name": "x", "namePrefix": "a\u{0}"}), "beginning of names"),
        (json!([]), "name"),
        (json!("x"), "JSON"),
    ] {
        let refused = ann.send(Method::POST, "/api/v1/keys", Some(body.clone())).await;
        assert_eq!(code(&refused, 400), "bad_request", "{body}");
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{body}: {message}");
    }
    let taken = ann.send(Method::POST, "/api/v1/keys", Some(json!({"name": "default"}))).await;
    assert_eq!(code(&taken, 409), "conflict");
    assert_eq!(code(&ann.ask("/api/v1/keys/%00").await, 404), "not_found");

    let (id, reader) =
        make(&server, &ann, json!({"name": "reader", "scopes": ["read", "pin", "unpin"]})).await;
    for (method, path) in [
        (Method::GET, "/api/v1/keys".to_owned()),
        (Method::POST, "/api/v1/keys".to_owned()),
        (Method::GET, format!("/api/v1/keys/{id}")),
        (Method::PATCH, format!("/api/v1/keys/{id}")),
        (Method::DELETE, format!("/api/v1/keys/{id}")),
    ] {
        let refused = reader.send(method, &path, Some(json!({"name": "x"}))).await;
        assert_eq!(code(&refused, 403), "forbidden");
        assert!(refused.text().contains("\\\"admin\\\""), "{refused:?}");
    }
    let renamed = ann.send(Method::PATCH, &format!("/api/v1/keys/{id}"), Some(json!({"name": "x"}))).await;
    assert_eq!(code(&renamed, 400), "bad_request");
}

/// Makes a key over the API: its id, and the person who holds it.
pub async fn make(server: &TestServer, person: &Person, body: Value) -> (String, Person) {
    let made = person.send(Method::POST, "/api/v1/keys", Some(body)).await.expect(201).json();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), person.holding(server, &text("apiKey")).await)
}

/// The code of an error in this API's shape, which must have this status.
#[track_caller]
pub fn code(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    let [code, message] = ["code", "message"].map(|key| body["error"][key].as_str().unwrap().to_owned());
    assert_eq!(body, json!({"error": {"code": code, "message": message}}));
    code
}

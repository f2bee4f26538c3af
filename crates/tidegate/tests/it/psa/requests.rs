//! Adding, looking at, replacing and removing one request.

use bytesize::ByteSize;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ids, reason};
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![
    a_request_is_seen_as_it_was_made_until_it_is_removed,
    what_is_here_is_pinned_at_once_and_what_is_not_waits,
    the_same_content_again_is_another_request,
    replacing_is_all_or_nothing,
];

async fn a_request_is_seen_as_it_was_made_until_it_is_removed(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let cid = cid_v0(&content(unique(), 10));
    let pin = json!({
        "cid": cid,
        "name": "Ein Name, \"so\"",
        "origins": ["/ip4/203.0.113.1/udp/4001/quic-v1/p2p/12D3KooWA", "/dns4/x.example.org/tcp/1/p2p/Qm"],
        "meta": {"app_id": "99", "": "empty"},
    });
    let added = add(&ann, pin.clone()).await;
    let id = added["requestid"].as_str().unwrap().to_owned();
    let delegate = added["delegates"][0].as_str().unwrap().to_owned();
    assert!(delegate.starts_with(&format!("/ip4/127.0.0.1/tcp/{}/http/p2p/12D3KooW", server.address.port())));
    let expected = json!({
        "requestid": id,
        "status": "queued",
        "created": "2023-11-14T22:13:20.123Z",
        "pin": pin,
        "delegates": [delegate],
        "info": {"next_try": "2023-11-14T22:13:20.123Z"},
    });
    assert_eq!(added, expected);
    let path = format!("/psa/pins/{id}");
    assert_eq!(ann.ask(&path).await.expect(200).json(), expected);

    let bob = server.person("bob").await;
    for method in [Method::GET, Method::DELETE, Method::POST] {
        let body = (method == Method::POST).then(|| json!({"cid": cid}));
        let refused = bob.send(method, &path, body).await;
        assert_eq!(reason(&refused, 404), "NOT_FOUND");
    }
    let removed = ann.send(Method::DELETE, &path, None).await.expect(202);
    assert!(removed.body.is_empty());
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(reason(&ann.send(method, &path, None).await, 404), "NOT_FOUND");
    }
    assert_eq!(ann.ask("/psa/pins?status=queued").await.json()["count"], 0);
}

async fn what_is_here_is_pinned_at_once_and_what_is_not_waits(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    // Public content is pinned for others too, and stays when the first holder goes.
    assert_eq!(add(&bob, json!({"cid": cid})).await["status"], "pinned");
    assert_eq!(server.used_bytes(bob.account).await, 1000);
    ann.unpin(&cid).await.expect(200);
    server.app.pins.collect().await.unwrap();
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
    // An upload is a request too.
    let list = ann.ask("/psa/pins").await.expect(200).json();
    assert_eq!(list["count"], 0, "it was unpinned");
    let cid = ann.pin(&content(unique(), 10)).await;
    let list = ann.ask("/psa/pins").await.expect(200).json();
    assert_eq!((&list["count"], &list["results"][0]["pin"]["cid"]), (&json!(1), &json!(cid)));
    let path = format!("/psa/pins/{}", list["results"][0]["requestid"].as_str().unwrap());
    ann.send(Method::DELETE, &path, None).await.expect(202);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    assert_eq!(ann.ask("/pinning/pinList").await.json()["Count"], 0);
}

async fn the_same_content_again_is_another_request(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let cid = cid_v0(&content(unique(), 10));
    let (one, two) = (add(&ann, json!({"cid": cid})).await, add(&ann, json!({"cid": cid})).await);
    assert_ne!(one["requestid"], two["requestid"]);
    assert_ne!(one["created"], two["created"], "though the clock stands still");
    let list = ann.ask(&format!("/psa/pins?cid={cid}")).await.json();
    assert_eq!(ids(&list), [two["requestid"].as_str().unwrap(), one["requestid"].as_str().unwrap()]);
}

async fn replacing_is_all_or_nothing(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    let old = add(&ann, json!({"cid": cid, "name": "old"})).await;
    ann.send(Method::DELETE, &format!("/psa/pins/{}", uploaded(&ann).await), None).await.expect(202);
    let path = format!("/psa/pins/{}", old["requestid"].as_str().unwrap());

    for body in [json!({"cid": "hello"}), json!({}), json!([])] {
        let refused = ann.send(Method::POST, &path, Some(body)).await;
        assert_eq!(reason(&refused, 400), "BAD_REQUEST");
    }
    assert_eq!(ann.ask(&path).await.expect(200).json(), old);
    // The same content under a new name needs nothing from elsewhere.
    let new =
        ann.send(Method::POST, &path, Some(json!({"cid": cid, "name": "new"}))).await.expect(202).json();
    assert_eq!((&new["status"], &new["pin"]["name"]), (&json!("pinned"), &json!("new")));
    assert_ne!(new["requestid"], old["requestid"]);
    assert_eq!(reason(&ann.ask(&path).await, 404), "NOT_FOUND");
    assert_eq!(server.used_bytes(ann.account).await, 1000);
    // Other content takes its place.
    let path = format!("/psa/pins/{}", new["requestid"].as_str().unwrap());
    let other = cid_v0(&content(unique(), 10));
    let queued = ann.send(Method::POST, &path, Some(json!({"cid": other}))).await.expect(202).json();
    assert_eq!(queued["status"], "queued");
    assert_eq!(server.used_bytes(ann.account).await, 0);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    assert_eq!(reason(&ann.send(Method::POST, &path, Some(json!({"cid": other}))).await, 404), "NOT_FOUND");
}

#[tokio::test]
async fn private_content_does_not_open_to_whoever_knows_its_cid() {
    let server = TestServer::with(without_workers).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 10);
    let cid = cid_v0(&bytes);
    let form = ann.form(&cid).text("visibility", "private");
    ann.upload(form.file("a", &bytes)).await.expect(200);

    assert_eq!(add(&bob, json!({"cid": cid})).await["status"], "queued");
    // Nor by what its owner does with it, as long as they do not say so.
    let hers = add(&ann, json!({"cid": cid})).await;
    assert_eq!(hers["status"], "pinned");
    ann.send(Method::DELETE, &format!("/psa/pins/{}", uploaded(&ann).await), None).await.expect(202);
    let path = format!("/psa/pins/{}", hers["requestid"].as_str().unwrap());
    let replaced = ann.send(Method::POST, &path, Some(json!({"cid": cid}))).await.expect(202).json();
    assert_eq!(replaced["status"], "pinned");
    ann.upload(ann.form(&cid).file("a", &bytes)).await.expect(200);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    assert_eq!(add(&bob, json!({"cid": cid})).await["status"], "queued");
}

#[tokio::test]
async fn over_the_quota_nothing_more_is_pinned_and_all_else_works() {
    let server = TestServer::with(|config| config.limits.account_quota = ByteSize(1000)).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    ann.pin(&content(unique(), 900)).await;
    let cid = bob.pin(&content(unique(), 200)).await;
    let refused = ann.send(Method::POST, "/psa/pins", Some(json!({"cid": cid}))).await;
    assert_eq!(reason(&refused, 409), "INSUFFICIENT_FUNDS");
    assert_eq!(ann.ask("/psa/pins").await.expect(200).json()["count"], 1);
    ann.send(Method::DELETE, &format!("/psa/pins/{}", uploaded(&ann).await), None).await.expect(202);
    assert_eq!(add(&ann, json!({"cid": cid})).await["status"], "pinned");
}

#[tokio::test]
async fn refusals_have_the_shape_of_the_specification() {
    let server = TestServer::with(without_workers).await;
    let ann = server.person("ann").await;
    for path in ["/psa/pins", "/psa/pins/x", "/psa/nothing"] {
        assert_eq!(reason(&server.get(path).await, 401), "UNAUTHORIZED");
        for key in ["Bearer x.y.z", "Basic YQ==", &format!("Bearer {}", ann.token)] {
            assert_eq!(reason(&server.get_with(path, &[("authorization", key)]).await, 401), "UNAUTHORIZED");
        }
    }
    assert_eq!(reason(&ann.ask("/psa/nothing").await, 404), "NOT_FOUND");
    assert_eq!(reason(&ann.ask("/psa/pins/a%00b").await, 404), "NOT_FOUND");
    assert_eq!(reason(&ann.send(Method::PUT, "/psa/pins", None).await, 405), "METHOD_NOT_ALLOWED");
    assert_eq!(reason(&ann.send(Method::POST, "/psa/pins", None).await, 400), "BAD_REQUEST");
    let long = json!({"cid": cid_v0(&content(1, 1)), "meta": {"a": "x".repeat(300_000)}});
    assert_eq!(reason(&ann.send(Method::POST, "/psa/pins", Some(long)).await, 413), "PAYLOAD_TOO_LARGE");
    for query in
        ["limit=0", "limit=1001", "status=done", "cid=hello", "before=x", "after=x", "meta=x", "match=x"]
    {
        assert_eq!(reason(&ann.ask(&format!("/psa/pins?{query}")).await, 400), "BAD_REQUEST", "{query}");
    }
}

async fn add(person: &Person, pin: Value) -> Value {
    person.send(Method::POST, "/psa/pins", Some(pin)).await.expect(202).json()
}

/// The id of the oldest request: that of an upload, here.
async fn uploaded(person: &Person) -> String {
    let list = person.ask("/psa/pins?status=pinned&limit=1000").await.expect(200).json();
    ids(&list).pop().unwrap()
}

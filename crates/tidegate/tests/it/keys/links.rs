//! Links that take uploads without a key.

use std::time::Duration;

use bytes::Bytes;
use bytesize::ByteSize;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tidegate_content::Profile;

use super::managing::{code, make};
use crate::support::{
    answer::Answer,
    content::{cid_of, cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    form::{Form, content_type},
    person::Person,
    process::{Process, register_in},
    server::{TestServer, client},
};

on_both_engines![
    a_link_takes_one_file_and_tells_its_cid,
    uploads_at_once_share_the_uses_of_a_link,
    a_link_is_as_good_as_its_key,
    links_are_listed_shown_and_removed,
];

async fn a_link_takes_one_file_and_tells_its_cid(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let made = link(&ann, json!({})).await;
    assert_eq!((&made["uses"], &made["used"]), (&json!(1), &json!(0)));
    assert_eq!(made["expiresAt"], "2023-11-14T23:13:20.123Z");
    let url = url(&made);
    assert!(url.starts_with(&server.url("/upload/")), "{url}");

    let bytes = content(unique(), 1_500_000);
    let pinned = put(&server, &url, &bytes).await.expect(201);
    assert_eq!(pinned.header("access-control-allow-origin"), "*");
    let cid = cid_of(Profile::UNIXFS_V1_2025, &bytes).to_string();
    let expected =
        json!({"cid": cid, "size": 1_500_000, "name": null, "pinnedAt": "2023-11-14T22:13:20.123Z"});
    assert_eq!(pinned.json(), expected);
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
    assert_eq!(server.used_bytes(ann.account).await, 1_500_000);
    assert_eq!(ann.ask("/pinning/pinJobs").await.json()["Count"], 1);
    assert_eq!(code(&put(&server, &url, &bytes).await, 410), "gone");

    // As a form, under the name of the file; as it was asked for, under the name that the link says.
    let form = |name: &str| Form::new().text("greeting", "hello").file(name, &bytes).close();
    let again = self::url(&link(&ann, json!({"profile": "unixfs-v0-2015", "visibility": "private"})).await);
    let pinned = post(&server, &again, form("tide.bin")).await.expect(201).json();
    assert_eq!((&pinned["cid"], &pinned["name"]), (&json!(cid_v0(&bytes)), &json!("tide.bin")));
    let hidden = content(unique(), 10);
    let named = link(&ann, json!({"name": "Tide", "visibility": "private"})).await;
    let form = Form::new().file("tide.bin", &hidden).close();
    let pinned = post(&server, &self::url(&named), form).await.expect(201).json();
    assert_eq!(pinned["name"], "Tide");
    server.get(&format!("/ipfs/{}", pinned["cid"].as_str().unwrap())).await.expect(404);
}

async fn uploads_at_once_share_the_uses_of_a_link(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (one, three) = (link(&ann, json!({})).await, link(&ann, json!({"uses": 3})).await);
    for (link, uses) in [(&one, 1), (&three, 3)] {
        let url = url(link);
        let uploads = (0..8).map(|_| put(&server, &url, content(unique(), 100)));
        let answers = join_all(uploads).await;
        let taken = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| answer.status == 410).count();
        assert_eq!((taken, refused), (uses, 8 - uses));
    }
    assert_eq!(server.pins(ann.account).await.len(), 4);
    assert_eq!((server.cars().len(), server.staged()), (4, 0));
    let shown = ann.ask(&path(&three)).await.expect(200).json();
    assert_eq!(shown["used"], 3);
}

async fn a_link_is_as_good_as_its_key(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let terms = json!({"name": "press", "scopes": ["pin"], "maxUses": 2, "namePrefix": "p-", "expiresAt": "2023-11-14T22:30:00Z"});
    let (key, press) = make(&server, &ann, terms).await;
    let refused = press.send(Method::POST, "/api/v1/upload-links", Some(json!({"name": "x"}))).await;
    assert_eq!(code(&refused, 403), "forbidden");
    let made = link(&press, json!({"uses": 10})).await;
    assert_eq!(made["expiresAt"], "2023-11-14T22:30:00.000Z");
    let form = |name: &str| Form::new().file(name, &content(unique(), 10)).close();
    assert_eq!(code(&post(&server, &url(&made), form("x")).await, 403), "forbidden");
    post(&server, &url(&made), form("p-1")).await.expect(201);
    post(&server, &url(&made), form("p-2")).await.expect(201);
    assert_eq!(code(&post(&server, &url(&made), form("p-3")).await, 410), "gone");

    let change = json!({"maxUses": null});
    ann.send(Method::PATCH, &format!("/api/v1/keys/{key}"), Some(change)).await.expect(200);
    post(&server, &url(&made), form("p-3")).await.expect(201);
    let change = json!({"scopes": ["read"]});
    ann.send(Method::PATCH, &format!("/api/v1/keys/{key}"), Some(change)).await.expect(200);
    assert_eq!(code(&post(&server, &url(&made), form("p-4")).await, 410), "gone");
    let change = json!({"scopes": ["pin"]});
    ann.send(Method::PATCH, &format!("/api/v1/keys/{key}"), Some(change)).await.expect(200);
    post(&server, &url(&made), form("p-4")).await.expect(201);
    ann.send(Method::DELETE, &format!("/api/v1/keys/{key}"), None).await.expect(204);
    assert_eq!(code(&post(&server, &url(&made), form("p-5")).await, 410), "gone");

    let own = link(&ann, json!({"expiresIn": 5})).await;
    server.clock.advance(Duration::from_secs(5));
    assert_eq!(code(&put(&server, &url(&own), &content(unique(), 10)).await, 410), "gone");
    assert_eq!(server.pins(ann.account).await.len(), 4);
    assert_eq!(server.staged(), 0);
}

async fn links_are_listed_shown_and_removed(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (_, press) = make(&server, &ann, json!({"name": "press", "scopes": ["pin"]})).await;
    let mut made = Vec::new();
    for (person, name) in [(&ann, "first"), (&press, "second"), (&ann, "third")] {
        made.push(link(person, json!({"name": name})).await);
        server.clock.advance(Duration::from_secs(1));
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|link| link["name"].as_str().unwrap().to_owned()).collect()
    };
    let page = ann.ask("/api/v1/upload-links?limit=2").await.expect(200).json();
    assert_eq!(names(&page), ["third", "second"]);
    assert!(!page.to_string().contains("/upload/"));
    let cursor = page["next"].as_str().unwrap();
    let rest = ann.ask(&format!("/api/v1/upload-links?limit=2&cursor={cursor}")).await.json();
    assert_eq!((names(&rest), &rest["next"]), (vec!["first".to_owned()], &Value::Null));
    // A key without `admin` sees its own.
    assert_eq!(names(&press.ask("/api/v1/upload-links").await.json()), ["second"]);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(code(&press.send(method, &path(&made[0]), None).await, 404), "not_found");
    }
    press.ask(&path(&made[1])).await.expect(200);
    ann.send(Method::DELETE, &path(&made[1]), None).await.expect(204);
    assert_eq!(code(&ann.ask(&path(&made[1])).await, 404), "not_found");
    assert_eq!(code(&put(&server, &url(&made[1]), &content(unique(), 10)).await, 404), "not_found");

    // What has ended long ago is kept no longer.
    server.clock.advance(Duration::from_secs(8 * 24 * 3600));
    link(&ann, json!({"name": "late"})).await;
    assert_eq!(names(&ann.ask("/api/v1/upload-links").await.json()), ["late"]);
}

#[tokio::test]
async fn only_the_content_that_was_named_is_taken() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 300_000);
    for cid in [cid_v0(&bytes), cid_of(Profile::V1_RAW_256K_174, &bytes).to_string()] {
        let url = url(&link(&ann, json!({"cid": cid})).await);
        let other = put(&server, &url, &content(unique(), 300_000)).await;
        assert_eq!(code(&other, 400), "bad_request");
        assert_eq!(server.staged(), 0);
        // The wrong one has used up nothing.
        let pinned = put(&server, &url, &bytes).await.expect(201).json();
        assert_eq!(pinned["cid"], cid);
    }
}

#[tokio::test]
async fn an_upload_by_link_has_bounds() {
    let server = TestServer::with(|config| config.limits.account_quota = ByteSize(2000)).await;
    let ann = server.person("ann").await;
    let small = link(&ann, json!({"maxSize": 1000, "uses": 10})).await;
    let (fits, over) = (content(unique(), 1000), content(unique(), 1001));
    assert_eq!(code(&put(&server, &url(&small), &over).await, 413), "too_large");
    let form = Form::new().file("a", &over).close();
    assert_eq!(code(&post(&server, &url(&small), form).await, 413), "too_large");
    // Without a length, as a stream.
    let pieces = over.chunks(100).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
    let streamed = Answer::of(server.client.put(url(&small)).body(stream)).await;
    assert_eq!(code(&streamed, 413), "too_large");
    // A length that cannot be is refused before anything is sent.
    let mut wire = server.connect().await;
    let path = url(&small).replace(&server.url(""), "");
    wire.send(format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n"
    ))
    .await;
    assert_eq!(wire.answer().await.status, 413);
    server.is_left_empty().await;

    put(&server, &url(&small), &fits).await.expect(201);
    let full = put(&server, &url(&link(&ann, json!({})).await), &content(unique(), 1001)).await;
    assert_eq!(code(&full, 413), "too_large");
    for bad in [Form::new().text("x", "y"), Form::new().file("a", b"1").file("b", b"2")] {
        assert_eq!(code(&post(&server, &url(&small), bad.close()).await, 400), "bad_request");
    }
    assert_eq!(ann.ask(&self::path(&small)).await.json()["used"], 1);
    assert_eq!(server.pins(ann.account).await.len(), 1);
}

#[tokio::test]
async fn what_is_no_link_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for token in ["x".to_owned(), "A".repeat(43), "%00".repeat(43)] {
        let refused = put(&server, &server.url(&format!("/upload/{token}")), b"x").await;
        assert_eq!(code(&refused, 404), "not_found");
    }
    assert_eq!(code(&server.get(&format!("/upload/{}", "A".repeat(43))).await, 405), "method_not_allowed");
    for body in [
        json!({"expiresIn": 0}),
        json!({"expiresIn": 7 * 24 * 3600 + 1}),
        json!({"uses": 0}),
        json!({"maxsize": 10}),
        json!({"cid": "hello"}),
        json!({"cid": "bafkqaaa"}),
        json!({"profile": "other"}),
        json!({"visibility": "secret"}),
        json!({"name": "a\u{0}"}),
    ] {
        let refused = ann.send(Method::POST, "/api/v1/upload-links", Some(body.clone())).await;
        assert_eq!(code(&refused, 400), "bad_request", "{body}");
    }
    let (_, reader) =
        make(&server, &ann, json!({"name": "reader", "scopes": ["read", "unpin", "admin"]})).await;
    let refused = reader.send(Method::POST, "/api/v1/upload-links", Some(json!({}))).await;
    assert_eq!(code(&refused, 403), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_a_link_is_used_has_no_pin_and_a_use_or_both() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start(&data, &[]).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let made = link(&ann, json!({"uses": 1000})).await;
    let uploading: Vec<_> = (0..4)
        .map(|_| {
            let (url, client) = (url(&made), client());
            tokio::spawn(async move {
                let mut taken = 0;
                loop {
                    match client.put(&url).body(content(unique(), 50_000)).send().await {
                        Ok(answer) => taken += u64::from(answer.status() == 201),
                        Err(_) => return taken,
                    }
                }
            })
        })
        .collect();
    crate::support::eventually("some uploads are taken", async || {
        ann.ask(&path(&made)).await.json()["used"].as_u64().unwrap() > 5
    })
    .await;
    let log = process.log.clone();
    process.kill().await;
    // The address of a link is as good as a key, so it is not logged.
    let (log, token) = (std::fs::read_to_string(log).unwrap(), url(&made));
    assert!(log.contains("/upload/…") && !log.contains(token.rsplit('/').next().unwrap()));
    let mut acknowledged = 0;
    for uploader in uploading {
        acknowledged += uploader.await.unwrap();
    }
    let process = Process::start(&data, &[]).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let used = ann.ask(&path(&made)).await.json()["used"].as_u64().unwrap();
    assert_eq!(ann.ask("/pinning/pinList").await.json()["Count"], used);
    assert!(acknowledged <= used, "{acknowledged} were acknowledged, {used} are there");
    assert_eq!(std::fs::read_dir(data.join("staging")).unwrap().count(), 0);
}

async fn link(person: &Person, body: Value) -> Value {
    person.send(Method::POST, "/api/v1/upload-links", Some(body)).await.expect(201).json()
}

fn url(link: &Value) -> String {
    link["url"].as_str().unwrap().to_owned()
}

fn path(link: &Value) -> String {
    format!("/api/v1/upload-links/{}", link["id"].as_str().unwrap())
}

async fn put(server: &TestServer, url: &str, bytes: impl AsRef<[u8]>) -> Answer {
    Answer::of(server.client.put(url).body(bytes.as_ref().to_vec())).await
}

async fn post(server: &TestServer, url: &str, form: Bytes) -> Answer {
    Answer::of(server.client.post(url).header("Content-Type", content_type()).body(form)).await
}

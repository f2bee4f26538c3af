//! Keys that end, that are good for so many things, or for certain names.

use std::time::Duration;

use bytesize::ByteSize;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tidegate::db::keys::{ApiKey, KeyTerms};

use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![
    a_key_and_its_tokens_end_when_it_expires,
    of_many_uploads_at_once_a_key_pays_for_as_many_as_it_may,
    each_thing_that_is_pinned_or_removed_is_a_use,
    a_key_for_certain_names_touches_no_others,
    when_a_key_was_last_used_is_noted_once_a_minute,
];

async fn a_key_and_its_tokens_end_when_it_expires(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let expires_at = server.clock.now().plus(Duration::from_secs(600));
    let brief = ann.with_key(&server, KeyTerms { expires_at: Some(expires_at), ..KeyTerms::default() }).await;
    server.clock.advance(Duration::from_millis(599_000));
    brief.ask("/ping").await.expect(200);
    brief.pin(&content(unique(), 10)).await;

    server.clock.advance(Duration::from_secs(1));
    brief.ask("/ping").await.refusal(401);
    brief.ask("/psa/pins").await.expect(401);
    let bytes = content(unique(), 10);
    brief.upload(brief.form(&cid_v0(&bytes)).file("a", &bytes)).await.refusal(401);
    ann.ask("/ping").await.expect(200);
    // Its name is free again, though nobody revoked it.
    let name = key_of(&server, &brief).await.name;
    server.app.accounts.add_api_key(ann.account, &name, KeyTerms::default()).await.unwrap();
}

async fn of_many_uploads_at_once_a_key_pays_for_as_many_as_it_may(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let metered = metered(&server, &ann, 5).await;
    let uploads = (0..32).map(|_| {
        let bytes = content(unique(), 100);
        metered.upload(metered.form(&cid_v0(&bytes)).file("a", &bytes))
    });
    let answers = join_all(uploads).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((taken.len(), refused.len()), (5, 27));
    for answer in refused {
        assert_eq!(answer.refusal(403), "The API key has been used as often as it may be");
    }
    assert_eq!(server.pins(ann.account).await.len(), 5);
    assert_eq!((server.cars().len(), server.staged()), (5, 0));
    assert_eq!(key_of(&server, &metered).await.uses, 5);
    // Whoever comes later learns it before sending anything.
    let mut wire = server.connect().await;
    wire.begin_upload(&metered.token, "Expect: 100-continue\r\nContent-Length: 1000000\r\n").await;
    wire.answer().await.refusal(403);
    ann.pin(&content(unique(), 10)).await;
}

async fn each_thing_that_is_pinned_or_removed_is_a_use(database: TestDatabase) {
    let server = TestServer::on(database, |config| {
        without_workers(config);
        config.limits.account_quota = ByteSize(100);
    })
    .await;
    let ann = server.person("ann").await;
    let metered = metered(&server, &ann, 6).await;
    let bytes = content(unique(), 60);
    let cid = metered.pin(&bytes).await;
    metered.pin(&bytes).await;
    let other = cid_v0(&content(unique(), 10));
    let added = metered.send(Method::POST, "/psa/pins", Some(json!({"cid": other}))).await.expect(202);
    let path = format!("/psa/pins/{}", added.json()["requestid"].as_str().unwrap());
    assert_eq!(key_of(&server, &metered).await.uses, 3);

    // What is refused for another reason, and what is only looked at, costs nothing.
    let more = content(unique(), 60);
    metered.upload(metered.form(&cid_v0(&more)).file("a", &more)).await.refusal(413);
    metered.unpin(&cid_v0(&more)).await.refusal(404);
    metered.send(Method::DELETE, "/psa/pins/x", None).await.expect(404);
    metered.ask("/psa/pins").await.expect(200);
    assert_eq!(key_of(&server, &metered).await.uses, 3);

    metered.unpin(&cid).await.expect(200);
    metered.send(Method::POST, &path, Some(json!({"cid": cid}))).await.expect(202);
    let replaced = ann.ask("/psa/pins?status=queued").await.json()["results"][0]["requestid"].clone();
    let path = format!("/psa/pins/{}", replaced.as_str().unwrap());
    metered.send(Method::DELETE, &path, None).await.expect(202);
    assert_eq!(key_of(&server, &metered).await.uses, 6);
    metered.send(Method::POST, "/psa/pins", Some(json!({"cid": other}))).await.expect(403);
    metered.unpin(&cid).await.refusal(403);
    assert_eq!(ann.ask("/pinning/pinJobs").await.json()["Count"], 0);
}

async fn a_key_for_certain_names_touches_no_others(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let terms = KeyTerms { name_prefix: Some("press/".to_owned()), ..KeyTerms::default() };
    let press = ann.with_key(&server, terms).await;
    let (named, bytes) = (|name: &str| json!({ "name": name }).to_string(), content(unique(), 10));
    let cid = cid_v0(&bytes);
    let upload = async |person: &Person, name: &str| {
        let form = person.form(&cid).text("decooMetadata", &named(name)).file("a", &bytes);
        person.upload(form).await
    };
    let words = "This API key pins and removes only what has a name that begins with \"press/\"";
    assert_eq!(upload(&press, "other").await.refusal(403), words);
    assert_eq!((server.cars().len(), server.staged()), (0, 0));

    // What others have called otherwise is not renamed, not removed, but seen.
    upload(&ann, "ours").await.expect(200);
    assert_eq!(upload(&press, "press/ours").await.refusal(403), words);
    assert_eq!(press.unpin(&cid).await.refusal(403), words);
    assert_eq!(press.ask("/pinning/pinList").await.json()["Pins"][0]["Metadata"]["name"], "ours");
    let request = async |person: &Person, name: &str| {
        let body = json!({"cid": cid, "name": name});
        person.send(Method::POST, "/psa/pins", Some(body)).await
    };
    request(&press, "mine").await.expect(403);
    let theirs = request(&ann, "theirs").await.expect(202).json();
    let mine = request(&press, "press/1").await.expect(202).json();
    let path = |pin: &serde_json::Value| format!("/psa/pins/{}", pin["requestid"].as_str().unwrap());
    press.send(Method::DELETE, &path(&theirs), None).await.expect(403);
    let body = json!({"cid": cid, "name": "press/2"});
    press.send(Method::POST, &path(&theirs), Some(body.clone())).await.expect(403);
    let mine = press.send(Method::POST, &path(&mine), Some(body)).await.expect(202).json();
    assert_eq!(server.pins(ann.account).await.len(), 3);

    // By the CID, only what has the right name goes.
    request(&press, "press/3").await.expect(202);
    press.unpin(&cid).await.expect(200);
    press.ask(&path(&mine)).await.expect(404);
    let names: Vec<_> = server.pins(ann.account).await.into_iter().map(|pin| pin.pin.name.unwrap()).collect();
    assert_eq!(names, ["theirs", "ours"]);
    assert_eq!(server.used_bytes(ann.account).await, 10);
}

async fn when_a_key_was_last_used_is_noted_once_a_minute(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let used = async || key_of(&server, &ann).await.last_used_at;
    let first = server.clock.now();
    eventually("the first use is noted", async || used().await == Some(first)).await;
    server.clock.advance(Duration::from_secs(59));
    for _ in 0..20 {
        ann.ask("/ping").await.expect(200);
    }
    server.clock.advance(Duration::from_secs(1));
    let second = server.clock.now();
    ann.ask("/ping").await.expect(200);
    eventually("a use a minute later is noted", async || {
        let noted = used().await;
        assert!(noted == Some(first) || noted == Some(second), "{noted:?}");
        noted == Some(second)
    })
    .await;
}

async fn metered(server: &TestServer, person: &Person, uses: u64) -> Person {
    person.with_key(server, KeyTerms { max_uses: Some(uses), ..KeyTerms::default() }).await
}

/// The row of the key that the person holds.
async fn key_of(server: &TestServer, person: &Person) -> ApiKey {
    let suffix = person.api_key.rsplit('.').next().unwrap();
    let keys = server.app.accounts.list_api_keys(person.account).await.unwrap();
    let mut keys = keys.into_iter().map(|key| server.app.accounts.shown(key).unwrap());
    keys.find(|key| suffix.starts_with(&key.prefix)).unwrap().key
}

//! Requests that come to the Cloud and need an Endpoint.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tidegate::db::jobs::JobId;

use super::{cloud, counts, endpoint, endpoint_with, in_step};
use crate::support::{
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    person::Person,
    proxy::Line,
};

on_both_engines![
    a_request_is_given_to_an_endpoint_and_taken_back,
    a_request_waits_for_an_endpoint,
    a_request_whose_endpoint_stays_away_goes_to_another,
];

/// Asks the Cloud for a CID; the id of the request.
async fn ask_for(person: &Person, cid: &str) -> String {
    let body = json!({"cid": cid, "name": "wanted", "meta": {"app": "tides"}});
    let asked = person.send(Method::POST, "/psa/pins", Some(body)).await.expect(202).json();
    asked["requestid"].as_str().unwrap().to_owned()
}

async fn status(person: &Person, id: &str) -> Value {
    person.ask(&format!("/psa/pins/{id}")).await.expect(200).json()
}

async fn is_pinned(person: &Person, id: &str) {
    eventually("it is pinned", async || status(person, id).await["status"] == "pinned").await;
}

async fn a_request_is_given_to_an_endpoint_and_taken_back(database: TestDatabase) {
    let cloud = cloud(TestDatabase::sqlite().await).await;
    let (endpoint, _line) = endpoint(&cloud, database).await;
    let (ann, bob) = (cloud.person("ann").await, cloud.person("bob").await);
    let cid = ann.moved_to(&endpoint.url("")).pin(&content(unique(), 1000)).await;
    in_step(&cloud, &[&endpoint]).await;

    let id = ask_for(&bob, &cid).await;
    is_pinned(&bob, &id).await;
    let shown = status(&bob, &id).await;
    assert_eq!(shown["pin"], json!({"cid": cid, "name": "wanted", "meta": {"app": "tides"}}));
    let found = bob.ask("/psa/pins?meta=%7B%22app%22%3A%22tides%22%7D").await.expect(200).json();
    assert_eq!((&found["count"], &found["results"][0]["requestid"]), (&json!(1), &json!(id)));
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!(endpoint.pins(bob.account).await.len(), 1);
    assert_eq!((counts(&bob).await, cloud.used_bytes(bob.account).await), ((1, 1), 1000));

    // Replaced: both or neither, and the old one goes at the Endpoint too.
    let body = Some(json!({"cid": cid, "name": "other"}));
    let replaced = bob.send(Method::POST, &format!("/psa/pins/{id}"), body).await.expect(202).json();
    let new = replaced["requestid"].as_str().unwrap().to_owned();
    is_pinned(&bob, &new).await;
    in_step(&cloud, &[&endpoint]).await;
    let there = endpoint.pins(bob.account).await;
    assert_eq!((there.len(), there[0].pin.name.as_deref()), (1, Some("other")));
    assert_eq!((counts(&bob).await, cloud.used_bytes(bob.account).await), ((1, 1), 1000));

    bob.send(Method::DELETE, &format!("/psa/pins/{new}"), None).await.expect(202);
    in_step(&cloud, &[&endpoint]).await;
    assert!(endpoint.pins(bob.account).await.is_empty());
    assert_eq!((counts(&bob).await, cloud.used_bytes(bob.account).await), ((0, 0), 0));
    endpoint.get(&format!("/ipfs/{cid}")).await.expect(200);
}

async fn a_request_waits_for_an_endpoint(database: TestDatabase) {
    let cloud = cloud(database).await;
    let bob = cloud.person("bob").await;
    let id = ask_for(&bob, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH").await;
    eventually("its owner is told why", async || {
        let shown = status(&bob, &id).await;
        let reason = shown["info"]["reason"].as_str().unwrap_or_default().to_owned();
        shown["status"] == "queued" && reason.contains("no Endpoint is there")
    })
    .await;
    let (endpoint, _line) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    cloud.clock.advance(Duration::from_secs(3));
    let ann = cloud.person("ann").await;
    let empty = ann.moved_to(&endpoint.url("")).pin(&bytes::Bytes::new()).await;
    assert_eq!(empty, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
    // Its first try may have come before the content: the second does not.
    eventually("it is pinned", async || {
        endpoint.clock.advance(Duration::from_secs(60));
        status(&bob, &id).await["status"] == "pinned"
    })
    .await;
    assert!(status(&bob, &id).await["info"]["reason"].is_null());
}

async fn a_request_whose_endpoint_stays_away_goes_to_another(database: TestDatabase) {
    let cloud = cloud(database).await;
    // The first one takes requests and does not get to them.
    let (slow, slow_line) =
        endpoint_with(&cloud, TestDatabase::sqlite().await, |config| config.pull.at_once = 0).await;
    let (ann, bob) = (cloud.person("ann").await, cloud.person("bob").await);
    let bytes = content(unique(), 1000);
    let cid = ann.moved_to(&slow.url("")).pin(&bytes).await;
    let id = ask_for(&bob, &cid).await;
    let job = JobId(id.clone());
    eventually("the first one has it", async || {
        let (account, job) = (bob.account, job.clone());
        let find = slow
            .app
            .db
            .read(move |s| Box::pin(async move { tidegate::db::jobs::find_job(s, account, &job).await }));
        find.await.unwrap().is_some()
    })
    .await;
    in_step(&cloud, &[&slow]).await;
    slow_line.set(Line::Cut);

    let (other, _line) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    ann.moved_to(&other.url("")).pin(&bytes).await;
    cloud.clock.advance(Duration::from_secs(10 * 60 + 1));
    is_pinned(&bob, &id).await;
    assert_eq!(other.pins(bob.account).await.len(), 1);

    // The first one comes back, hears that it is too late, and forgets the request.
    slow_line.set(Line::Open);
    in_step(&cloud, &[&slow, &other]).await;
    let (account, job) = (bob.account, JobId(id.clone()));
    let find = slow
        .app
        .db
        .read(move |s| Box::pin(async move { tidegate::db::jobs::find_job(s, account, &job).await }));
    assert_eq!(find.await.unwrap(), None);
    assert_eq!(status(&bob, &id).await["status"], "pinned");
    assert_eq!((counts(&bob).await, cloud.used_bytes(bob.account).await), ((1, 1), 1000));
}

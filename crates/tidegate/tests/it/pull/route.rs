//! `POST /pinning/pinByHash` as clients see it.

use serde_json::{Value, json};
use tidegate::db::jobs::JobId;

use super::{ask, find_job};
use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    person::Person,
    server::TestServer,
};

async fn post(server: &TestServer, person: &Person, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.client.post(server.url("/pinning/pinByHash"));
    Answer::of(request.header("UserAccessToken", &person.token).body(body)).await
}

#[tokio::test]
async fn every_call_makes_a_job() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    let ids: Vec<Value> = [ask(&server, &ann, &cid).await, ask(&server, &ann, &cid).await]
        .iter()
        .map(|answer| answer.json()["JobId"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_name_is_read_in_every_spelling() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    for (metadata, name) in [
        (json!({"name": "Tide"}), Some("Tide")),
        (json!("{\"name\": \"Tide\"}"), Some("Tide")),
        (json!(null), None),
        (json!({}), None),
    ] {
        let body = json!({"hashToPin": cid, "secret": ann.sign(&cid), "decooMetadata": metadata, "more": 1});
        let answer = post(&server, &ann, body.to_string()).await.expect(200).json();
        let job = find_job(&server, &ann, &JobId(answer["JobId"].as_str().unwrap().to_owned())).await;
        assert_eq!(job.job.name.as_deref(), name);
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_with_a_reason() {
    let server = TestServer::start().await;
    let (ann, ben) = (server.person("ann").await, server.person("ben").await);
    let cid = cid_v0(&content(unique(), 10));
    let body = |cid: &str, secret: &str| json!({"hashToPin": cid, "secret": secret});
    for (body, status, words) in [
        (body("nonsense", "x").to_string(), 400, "hashToPin: not a CID"),
        (body(&cid, "x").to_string(), 400, "do not belong together"),
        (body(&cid, &ben.sign(&cid)).to_string(), 400, "do not belong together"),
        (json!({"hashToPin": cid}).to_string(), 400, "missing field `secret`"),
        (
            json!({"hashToPin": cid, "secret": ann.sign(&cid), "decooMetadata": 7}).to_string(),
            400,
            "decooMetadata",
        ),
        ("{".to_owned(), 400, "not the JSON"),
        (String::new(), 400, "not the JSON"),
        (" ".repeat(70_000), 413, "longer than 65536 bytes"),
    ] {
        let message = post(&server, &ann, body).await.refusal(status);
        assert!(message.contains(words), "{message}");
    }
    // DAG-JSON, and SHA3: nobody could tell whether it is all there.
    for cid in [
        "baguqeerasords4njcts6vs7qvdjfcvgnume4hqohf65zsfguprqphs3icwea",
        "bafkrmiamvz3vvvypbmuxpnxs2vqiqbu6ihpb2vkxcyzpl3y5vxnkvxyxta",
    ] {
        ask(&server, &ann, cid).await.expect(400);
    }
    let request = server.client.post(server.url("/pinning/pinByHash")).json(&body(&cid, &ann.sign(&cid)));
    assert_eq!(Answer::of(request).await.refusal(401), "Invalid token");
    server.get("/pinning/pinByHash").await.refusal(405);
}

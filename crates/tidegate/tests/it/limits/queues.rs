//! Requests that wait: so many of an account, and in turns.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![so_many_requests_of_an_account_may_wait];

async fn so_many_requests_of_an_account_may_wait(database: TestDatabase) {
    let server = TestServer::on(database, |config| {
        without_workers(config);
        config.limits.account_queued = 2;
    })
    .await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let first = add(&ann).await.expect(202).json();
    let hash = cid_v0(&content(unique(), 10));
    by_hash(&server, &ann, &hash).await.expect(200);

    let refused = add(&ann).await;
    let words = "2 requests of this account wait already; try again when some of them are done";
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({"error": {"reason": "TOO_MANY_REQUESTS", "details": words}}));
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(by_hash(&server, &ann, &hash).await.refusal(429), words);
    let pinata = ann.send(Method::POST, "/pinata/pinning/pinByHash", Some(json!({"hashToPin": hash}))).await;
    assert_eq!((pinata.status, &pinata.json()["error"]["reason"]), (429, &json!("RATE_LIMITED")));
    assert_eq!(ann.ask("/pinning/pinJobs").await.json()["Count"], 2);

    // Others may, and so may this account where nothing has to wait, or something is given up for it.
    add(&bob).await.expect(202);
    let cid = ann.pin(&content(unique(), 10)).await;
    let here = ann.send(Method::POST, "/psa/pins", Some(json!({"cid": cid}))).await.expect(202).json();
    assert_eq!(here["status"], "pinned");
    let path = format!("/psa/pins/{}", first["requestid"].as_str().unwrap());
    ann.send(Method::POST, &path, Some(new_pin())).await.expect(202);
    add(&ann).await.expect(429);
    ann.unpin(&hash).await.expect(200);
    add(&ann).await.expect(202);
}

fn new_pin() -> Value {
    json!({"cid": cid_v0(&content(unique(), 10))})
}

async fn add(person: &Person) -> Answer {
    person.send(Method::POST, "/psa/pins", Some(new_pin())).await
}

async fn by_hash(server: &TestServer, person: &Person, cid: &str) -> Answer {
    let body = json!({"hashToPin": cid, "secret": person.sign(cid)});
    let request =
        server.client.post(server.url("/pinning/pinByHash")).header("UserAccessToken", &person.token);
    Answer::of(request.json(&body)).await
}

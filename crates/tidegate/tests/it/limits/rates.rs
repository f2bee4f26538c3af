//! Requests a minute: of a key, of an address, and of keys that are not good.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::behind_a_proxy;
use crate::support::{
    answer::Answer,
    content::{content, unique},
    person::Person,
    server::TestServer,
};

const WORDS: &str = "You ask too often; try again after a while";

#[tokio::test]
async fn a_key_may_come_so_often_and_then_waits() {
    let server = TestServer::with(|config| config.limits.requests_per_key = 6).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    // The access token at registration was the first.
    for left in (1..5).rev() {
        let answer = ann.ask("/ping").await.expect(200);
        let told = ["limit", "remaining", "reset"]
            .map(|name| answer.header(&format!("ratelimit-{name}")).to_owned());
        assert_eq!(told, ["6".to_owned(), left.to_string(), ((6 - left) * 10).to_string()]);
    }
    // Its tokens are the same key.
    ann.pin(&content(unique(), 10)).await;
    let refused = ann.ask("/ping").await;
    assert_eq!(refused.refusal(429), WORDS);
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!((refused.header("ratelimit-remaining"), refused.header("ratelimit-reset")), ("0", "60"));
    ann.upload(ann.form("x")).await.refusal(429);
    bob.ask("/ping").await.expect(200);

    // Each surface says it in its own shape.
    let details = json!({"error": {"reason": "TOO_MANY_REQUESTS", "details": WORDS}});
    assert_eq!(limited(&ann.ask("/psa/pins").await), details);
    let details = json!({"error": {"reason": "RATE_LIMITED", "details": WORDS}});
    assert_eq!(limited(&ann.ask("/data/pinList").await), details);
    let details = json!({"error": {"code": "too_many_requests", "message": WORDS}});
    assert_eq!(limited(&ann.ask("/api/v1/account").await), details);

    server.clock.advance(Duration::from_millis(9_999));
    ann.ask("/ping").await.refusal(429);
    server.clock.advance(Duration::from_millis(1));
    ann.ask("/ping").await.expect(200);
    ann.ask("/ping").await.refusal(429);
}

#[tokio::test]
async fn an_address_may_come_so_often_whoever_it_says_it_is() {
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.limits.requests_per_address = 3;
    })
    .await;
    let ann = server.person("ann").await;
    let ping = async |address: &str| from(&server, &ann, address, "/ping").await;
    for _ in 0..3 {
        ping("203.0.113.1").await.expect(200);
    }
    let refused = ping("203.0.113.1").await;
    assert_eq!((refused.refusal(429).as_str(), refused.header("retry-after")), (WORDS, "20"));
    ping("203.0.113.2").await.expect(200);
    // A network of IPv6 is one address.
    for host in ["1", "2", "3"] {
        ping(&format!("2001:db8:1:1::{host}")).await.expect(200);
    }
    ping("2001:db8:1:1::4").await.refusal(429);
    ping("2001:db8:1:2::1").await.expect(200);

    // Without a key, too; in the Provider's shape, with a link; but not for what is public, or for operators.
    let bare = async |path: &str| server.get_with(path, &[("x-forwarded-for", "203.0.113.1")]).await;
    assert_eq!(limited(&bare("/psa/pins").await)["error"]["reason"], "TOO_MANY_REQUESTS");
    let nonce = bare("/api/services/nonce?userAddress=0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf").await;
    assert_eq!(limited(&nonce), json!({"error": "You ask too often; try again after a while."}));
    let link = server.client.put(server.url(&format!("/upload/{}", "A".repeat(43))));
    let link = Answer::of(link.header("x-forwarded-for", "203.0.113.1").body("x")).await;
    assert_eq!(limited(&link)["error"]["code"], "too_many_requests");
    assert_ne!(bare("/api/services/download").await.status, 429);
    for _ in 0..10 {
        bare("/ipfs/bafkqaaa").await.expect(200);
        bare("/livez").await.expect(200);
    }
    server.clock.advance(Duration::from_secs(20));
    ping("203.0.113.1").await.expect(200);
    ping("203.0.113.1").await.refusal(429);
}

#[tokio::test]
async fn whoever_tries_keys_has_to_stop() {
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.limits.failures_per_address = 4;
    })
    .await;
    let ann = server.person("ann").await;
    let headers = |key: &'static str| [("x-forwarded-for", "203.0.113.1"), ("authorization", key)];
    server.get_with("/ping", &headers("Bearer x")).await.refusal(401);
    server.get_with("/psa/pins", &headers("Bearer x.y.z")).await.expect(401);
    server.get_with("/api/v1/account", &headers("Bearer y")).await.expect(401);
    let link = server.client.put(server.url(&format!("/upload/{}", "A".repeat(43))));
    Answer::of(link.header("x-forwarded-for", "203.0.113.1").body("x")).await.expect(404);
    // A good key does not help, since nobody is asked which one it is.
    for _ in 0..2 {
        let refused = from(&server, &ann, "203.0.113.1", "/ping").await;
        assert_eq!((refused.refusal(429).as_str(), refused.header("retry-after")), (WORDS, "15"));
    }
    // Who shows nothing has tried nothing; and others are others.
    server.get_with("/ping", &[("x-forwarded-for", "203.0.113.1")]).await.refusal(401);
    from(&server, &ann, "203.0.113.2", "/ping").await.expect(200);
    server.clock.advance(Duration::from_secs(15));
    for _ in 0..10 {
        from(&server, &ann, "203.0.113.1", "/ping").await.expect(200);
    }
}

#[tokio::test]
async fn nobody_on_this_machine_meets_a_limit_that_is_not_for_keys() {
    let server = TestServer::with(|config| {
        config.limits.requests_per_address = 1;
        config.limits.failures_per_address = 1;
    })
    .await;
    let ann = server.person("ann").await;
    for _ in 0..5 {
        server.get_with("/ping", &[("authorization", "Bearer x")]).await.refusal(401);
        let answer = ann.ask("/ping").await.expect(200);
        assert_eq!(answer.header("ratelimit-limit"), "");
    }
}

/// The body of an answer that says so, and when to come again.
#[track_caller]
fn limited(answer: &Answer) -> Value {
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    answer.json()
}

async fn from(server: &TestServer, person: &Person, address: &str, path: &str) -> Answer {
    let request = server.client.request(Method::GET, server.url(path)).bearer_auth(&person.api_key);
    Answer::of(request.header("X-Forwarded-For", address)).await
}

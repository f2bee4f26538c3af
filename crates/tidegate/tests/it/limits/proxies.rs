//! What proxies say of a request counts where the operator trusts them, and nowhere else.

use serde_json::Value;

use super::behind_a_proxy;
use crate::support::{
    answer::Answer,
    person::Person,
    process::{Process, register_in},
    server::{TestServer, client},
};

#[tokio::test]
async fn a_caller_cannot_say_who_they_are() {
    let server = TestServer::with(|config| {
        config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        config.limits.requests_per_address = 1;
    })
    .await;
    let ann = server.person("ann").await;
    let spoofed = [
        ("x-forwarded-for", "203.0.113.1"),
        ("forwarded", "for=203.0.113.1;host=evil.example;proto=https"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
    ];
    for _ in 0..3 {
        // Callers on this machine are not counted; those that they say they are would be.
        let listed = list(&server, &ann, &spoofed).await.expect(200).json();
        assert_eq!(listed[0]["apiHost"], server.url(""));
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_who_calls_and_by_which_address() {
    let server = TestServer::with(|config| {
        behind_a_proxy(config);
        config.limits.requests_per_address = 2;
    })
    .await;
    let ann = server.person("ann").await;
    let by_proxy = [
        ("x-forwarded-for", "198.51.100.7, 203.0.113.1, 127.0.0.5"),
        ("x-forwarded-host", "pin.example.org"),
        ("x-forwarded-proto", "https"),
    ];
    let listed = list(&server, &ann, &by_proxy).await.expect(200).json();
    assert_eq!(listed[0]["apiHost"], "https://pin.example.org");
    let request = server.client.get(server.url("/psa/pins?status=queued")).bearer_auth(&ann.api_key);
    let forwarded = "for=203.0.113.1;proto=https;host=\"pin.example.org:8443\"";
    Answer::of(request.header("Forwarded", forwarded)).await.expect(200);
    // Both came from the same address, whatever it says of others.
    list(&server, &ann, &[("x-forwarded-for", "192.0.2.9, 203.0.113.1")]).await.refusal(429);
    list(&server, &ann, &[("x-forwarded-for", "192.0.2.9")]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_the_caller_and_the_visible_part_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start(&data, &[("TIDEGATE_SERVER_TRUSTED_PROXIES", "127.0.0.1, ::1")]).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let request = client().get(format!("{}/ping", process.url)).bearer_auth(&ann.api_key);
    Answer::of(request.header("X-Forwarded-For", "203.0.113.1")).await.expect(200);
    let mut line = Value::Null;
    crate::support::eventually("the request is logged", async || {
        let events = process.events();
        line = events.into_iter().find(|event| event["path"] == "/ping").unwrap_or_default();
        !line.is_null()
    })
    .await;
    let suffix = ann.api_key.rsplit('.').next().unwrap();
    assert_eq!(line["key"], suffix[..8]);
    assert_eq!(line["caller"], "203.0.113.1");
    let log = std::fs::read_to_string(&process.log).unwrap();
    assert!(!log.contains(suffix) && !log.contains(&ann.token));
}

async fn list(server: &TestServer, person: &Person, headers: &[(&str, &str)]) -> Answer {
    let mut request = server.client.get(server.url("/endpoint/list")).bearer_auth(&person.api_key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request).await
}

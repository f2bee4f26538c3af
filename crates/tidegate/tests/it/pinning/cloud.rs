//! Keys, tokens and the list of endpoints.

use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tidegate::{accounts::ACCESS_TOKEN_LIFETIME, db::keys::KeyTerms};

use crate::support::{
    answer::Answer,
    content::{content, unique},
    form::Form,
    server::TestServer,
};

#[tokio::test]
async fn a_good_key_may_ping_list_endpoints_and_get_a_token() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;

    let ping = ann.ask("/ping").await;
    assert_eq!((ping.status, ping.text()), (200, r#"{"Success":true}"#));
    assert_eq!(ping.header("content-type"), "application/json");

    let list = ann.ask("/endpoint/list").await.expect(200);
    let expected = json!([{"id": 1, "name": "tidegate", "apiHost": server.url("")}]);
    assert_eq!(list.json(), expected);

    let token = ann.ask("/oauth/accessToken").await.expect(200);
    assert_eq!(token.header("cache-control"), "no-store");
    let body = token.json();
    assert_eq!(body["Code"], 200);
    assert_eq!(body["Data"].as_str().unwrap().split('.').count(), 3, "a JWT");
}

#[tokio::test]
async fn the_list_tells_the_public_address_where_one_is_set() {
    let server = TestServer::with(|config| {
        config.server.public_url = Some("https://pins.example.org".to_owned());
        config.server.name = "Hong Kong".to_owned();
    })
    .await;
    let ann = server.person("ann").await;
    let list = ann.ask("/endpoint/list").await.expect(200);
    assert_eq!(list.text(), r#"[{"id":1,"name":"Hong Kong","apiHost":"https://pins.example.org"}]"#);
}

#[tokio::test]
async fn whoever_has_no_good_key_is_told_invalid_token() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let ci = server.app.accounts.add_api_key(ann.account, "ci", KeyTerms::default()).await.unwrap().1;
    server.app.accounts.revoke_api_key(ann.account, "ci").await.unwrap();
    let revoked = format!("Bearer {}", ci.expose_secret());
    let access_token = format!("Bearer {}", ann.token);
    let tampered = format!("Bearer {}x", ann.api_key);
    let nameless = ann.api_key.clone();
    for path in ["/ping", "/endpoint/list", "/oauth/accessToken"] {
        invalid_token(&server.get(path).await);
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer x.y.z",
            "Basic YW5uOng=",
            &nameless,
            &tampered,
            &revoked,
            &access_token,
        ] {
            let refused = server.get_with(path, &[("authorization", value)]).await;
            invalid_token(&refused);
        }
        let right = format!("bearer  {}", ann.api_key);
        server.get_with(path, &[("authorization", &right)]).await.expect(200);
    }
}

#[tokio::test]
async fn an_upload_needs_an_access_token_and_is_refused_before_its_body() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let upload = |headers: &[(&'static str, String)]| {
        let mut request = server.client.post(server.url("/pinning/pinFile"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request
    };
    // No form at all: the token is looked at first.
    invalid_token(&Answer::of(upload(&[])).await);
    for (name, value) in [
        ("useraccesstoken", ann.api_key.clone()),
        ("useraccesstoken", "x".to_owned()),
        ("useraccesstoken", String::new()),
        ("authorization", format!("Bearer {}", ann.token)),
        ("authorization", format!("Bearer {}", ann.api_key)),
    ] {
        invalid_token(&Answer::of(upload(&[(name, value)])).await);
    }
    server.app.accounts.revoke_api_key(ann.account, "default").await.unwrap();
    invalid_token(&Answer::of(upload(&[("useraccesstoken", ann.token.clone())])).await);
    server.is_left_empty().await;
}

#[tokio::test]
async fn access_tokens_last_two_hours_and_an_old_one_stays_good_beside_a_new_one() {
    let server = TestServer::start().await;
    let mut ann = server.person("ann").await;
    let first = ann.token.clone();
    server.clock.advance(Duration::from_secs(3600));
    let second = ann.fresh_token().await;
    ann.pin(&content(unique(), 10)).await;

    server.clock.advance(ACCESS_TOKEN_LIFETIME - Duration::from_secs(3600 + 1));
    ann.pin(&content(unique(), 10)).await;
    server.clock.advance(Duration::from_secs(1));
    invalid_token(&ann.upload(Form::new()).await);
    ann.token = second;
    ann.pin(&content(unique(), 10)).await;
    assert_ne!(first, ann.token);
    assert_eq!(ann.ask("/ping").await.status, 200, "the key itself does not end");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_shape() {
    let server = TestServer::start().await;
    let nothing = server.get("/pinning/nothing").await;
    assert_eq!(nothing.refusal(404), "There is nothing at /pinning/nothing");
    for (method, path, allowed) in [
        (Method::POST, "/ping", "GET,HEAD"),
        (Method::DELETE, "/endpoint/list", "GET,HEAD"),
        (Method::GET, "/pinning/pinFile", "POST"),
        (Method::PUT, "/pinning/pinFile", "POST"),
    ] {
        let refused = server.ask(method, path, &[]).await;
        refused.refusal(405);
        assert_eq!(refused.header("allow"), allowed);
    }
}

/// The one answer for every bad key or token (reference A1).
#[track_caller]
fn invalid_token(answer: &Answer) {
    assert_eq!((answer.status, answer.text()), (401, r#"{"Code":401,"Message":"Invalid token"}"#));
    assert_eq!(answer.header("content-type"), "application/json");
}

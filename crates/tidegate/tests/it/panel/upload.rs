//! Uploading from a page: who is given what for it.

use std::time::Duration;

use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tidegate::{
    accounts::PublicKey,
    clock::Timestamp,
    config::Role,
    db::{
        AccountId,
        keys::KeyTerms,
        scopes::{Scope, Scopes},
    },
};

use crate::support::{
    answer::Answer, browser::Browser, content::content, person::Person, server::TestServer,
};

const PAGE: &str = "/panel/upload";
const SESSION: &str = "/panel/upload/session";

/// Asks as the page does.
async fn session(browser: &mut Browser) -> Answer {
    browser.post(SESSION, &[]).await
}

/// Adds an API key that is good for `change` of everything.
async fn add_key(server: &TestServer, account: AccountId, name: &str, change: impl FnOnce(&mut KeyTerms)) {
    let mut terms = KeyTerms::default();
    change(&mut terms);
    server.app.accounts.add_api_key(account, name, terms).await.unwrap();
}

/// Somebody who has what the page was given.
fn holder(server: &TestServer, account: AccountId, given: &Value) -> Person {
    Person {
        account,
        api_key: String::new(),
        token: given["accessToken"].as_str().unwrap().to_owned(),
        rsa_private_key: given["privateKey"].as_str().unwrap().into(),
        url: server.url(""),
        client: server.client.clone(),
    }
}

#[tokio::test]
async fn a_page_pins_with_what_it_is_given() {
    let server = TestServer::start().await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    let given = session(&mut ann).await.expect(200);
    assert_eq!(given.header("cache-control"), "no-store");
    let given = given.json();
    let end = server.clock.now().plus(Duration::from_secs(2 * 60 * 60));
    assert_eq!(given["expiresAt"], Timestamp::from_seconds(end.as_seconds()).to_string());
    holder(&server, account, &given).pin(&content(1, 1000)).await;
    assert_eq!(server.pins(account).await.len(), 1);
}

#[tokio::test]
async fn only_a_page_of_ours_with_somebody_signed_in_is_given_anything() {
    let server = TestServer::start().await;
    let stranger = session(&mut Browser::at(&server)).await;
    assert_eq!((stranger.status, stranger.header("location")), (303, "/panel/login"));
    let (mut ann, _) = Browser::of(&server, "ann").await;
    ann.ask(Method::POST, SESSION, &[("sec-fetch-site", "cross-site")], Some(&[])).await.expect(403);
    ann.ask(Method::POST, SESSION, &[], Some(&[])).await.expect(403);
    ann.get(SESSION).await.expect(405);
}

#[tokio::test]
async fn the_token_is_as_good_as_a_key_that_is_bounded_for_no_program() {
    let server = TestServer::start().await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    let accounts = &server.app.accounts;
    accounts.revoke_api_key(account, "default").await.unwrap();
    add_key(&server, account, "reader", |terms| terms.scopes = Scopes::from_iter([Scope::Read])).await;
    add_key(&server, account, "press", |terms| terms.name_prefix = Some("press/".to_owned())).await;
    add_key(&server, account, "ten", |terms| terms.max_uses = Some(10)).await;
    let refused = session(&mut ann).await.expect(403).json();
    assert_eq!(refused["error"]["code"], "no_key");
    assert!(refused["error"]["message"].as_str().unwrap().starts_with("No API key of yours"), "{refused}");
    assert!(ann.page(PAGE).await.contains("href=\"/panel/api/jwt\">Make one</a>"));

    let soon = server.clock.now().plus(Duration::from_secs(600));
    add_key(&server, account, "short", |terms| terms.expires_at = Some(soon)).await;
    server.clock.advance(Duration::from_secs(1));
    add_key(&server, account, "long", |_| {}).await;
    let given = session(&mut ann).await.expect(200).json();
    assert_eq!(
        given["expiresAt"],
        Timestamp::from_seconds(soon.as_seconds()).to_string(),
        "the oldest one's"
    );
    let short = holder(&server, account, &given);
    accounts.revoke_api_key(account, "short").await.unwrap();
    let late = short.upload(short.form("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG")).await;
    assert_eq!(late.status, 401, "it ends with its key: {late:?}");
    session(&mut ann).await.expect(200);
}

#[tokio::test]
async fn who_has_brought_a_key_is_asked_for_the_other_half() {
    let server = TestServer::start().await;
    let (mut ann, account) = Browser::of(&server, "ann").await;
    assert!(!ann.page(PAGE).await.contains("Your private key"));
    let other = server.app.accounts.register("other@example.org", "correct horse".into()).await.unwrap();
    let key = PublicKey::parse(&other.rsa_public_key).unwrap();
    server.app.accounts.set_public_key(account, key, Duration::ZERO).await.unwrap();
    let given = session(&mut ann).await.expect(200).json();
    assert_eq!(given["privateKey"], Value::Null);
    assert!(ann.page(PAGE).await.contains("Your private key"));
}

#[tokio::test]
async fn on_a_cloud_the_page_sends_content_to_its_endpoints() {
    let cloud = TestServer::with(|config| config.server.role = Role::Cloud).await;
    let (mut ann, _) = Browser::of(&cloud, "ann").await;
    assert!(ann.page(PAGE).await.contains("None of this server's Endpoints is there"));
    assert!(!ann.page(PAGE).await.contains("upload.js"));

    let (token, _) = cloud.app.endpoints.invite("Hong Kong").await.unwrap();
    let portrait = json!({"url": "https://hk.example.org/pins", "version": "1", "freeBytes": 5});
    let secret = "0123456789abcdef0123456789abcdef";
    let body = json!({"token": token.expose_secret(), "secret": secret, "endpoint": portrait});
    Answer::of(cloud.client.post(cloud.url("/api/v1/endpoints")).json(&body)).await.expect(200);
    let page = ann.get(PAGE).await.expect(200);
    assert!(page.text().contains("<option value=\"https://hk.example.org/pins\">Hong Kong</option>"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("connect-src 'self' https://hk.example.org; "), "{policy}");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
}

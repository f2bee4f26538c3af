//! Keys in place of others, which stay good for a while.

use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tidegate::{
    accounts::{AccountError, AuthError, PublicKey, sign},
    db::keys::KeyTerms,
};

use super::managing::{code, make};
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    form::Form,
    person::Person,
    server::TestServer,
};

on_both_engines![
    a_replaced_api_key_is_good_until_it_ends,
    without_an_overlap_the_old_key_ends_at_once,
    of_many_who_replace_a_key_at_once_one_does,
    a_name_concerns_the_old_key_and_the_new_one,
    replaced_signing_keys_count_until_they_end,
    an_account_has_few_signing_keys_at_once,
];

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn a_replaced_api_key_is_good_until_it_ends(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let terms = json!({"name": "press", "scopes": ["read", "pin"], "maxUses": 1, "namePrefix": "press/"});
    let (id, old) = make(&server, &ann, terms).await;
    old.upload(named(&old)).await.expect(200);
    old.upload(named(&old)).await.refusal(403);

    let path = format!("/api/v1/keys/{id}/rotate");
    let made = ann.send(Method::POST, &path, Some(json!({"overlap": 3600}))).await.expect(201).json();
    assert_eq!(made["oldUntil"], json!(server.clock.now().plus(HOUR).to_string()));
    let expected = json!({"name": "press", "scopes": ["read", "pin"], "maxUses": 1, "namePrefix": "press/", "uses": 0, "expiresAt": null});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
    let shown = ann.ask(&format!("/api/v1/keys/{id}")).await.expect(200).json();
    assert_eq!((&shown["replacedBy"], &shown["expiresAt"]), (&made["id"], &made["oldUntil"]));
    let new = ann.holding(&server, made["apiKey"].as_str().unwrap()).await;
    new.upload(named(&new)).await.expect(200);

    server.clock.advance(HOUR - Duration::from_millis(1));
    old.ask("/pinning/pinList").await.expect(200);
    server.clock.advance(Duration::from_millis(1));
    old.ask("/pinning/pinList").await.refusal(401);
    new.ask("/pinning/pinList").await.expect(200);
    assert_eq!(code(&ann.send(Method::POST, &path, Some(json!({}))).await, 409), "conflict");
    let bob = server.person("bob").await;
    let path = format!("/api/v1/keys/{}/rotate", made["id"].as_str().unwrap());
    assert_eq!(code(&bob.send(Method::POST, &path, Some(json!({}))).await, 404), "not_found");
    assert_eq!(code(&new.send(Method::POST, &path, Some(json!({}))).await, 403), "forbidden");
    let month = json!({"overlap": 30 * 24 * 60 * 60 + 1});
    assert_eq!(code(&ann.send(Method::POST, &path, Some(month)).await, 400), "bad_request");
}

async fn without_an_overlap_the_old_key_ends_at_once(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, accounts) = (server.person("ann").await, &server.app.accounts);
    accounts.add_api_key(ann.account, "other", KeyTerms::default()).await.unwrap();
    let default = accounts.find_api_key_by_name(ann.account, "default").await.unwrap();
    let rotated = accounts.rotate_api_key(ann.account, &default.id, Duration::ZERO).await.unwrap();
    assert_eq!(rotated.old_until, None);
    assert_eq!(accounts.authenticate_api_key(&ann.api_key).await, Err(AuthError::Revoked));
    // What an account is shown as its key is the new one, though another is older.
    let shown = accounts.show(ann.account).await.unwrap().api_key.unwrap();
    let token = rotated.token.expose_secret();
    assert_eq!(shown.expose_secret(), token);
    assert!(accounts.authenticate_api_key(token).await.is_ok());
    let again = accounts.rotate_api_key(ann.account, &default.id, HOUR).await;
    assert_eq!(again.err(), Some(AccountError::NoSuchKey));
}

async fn of_many_who_replace_a_key_at_once_one_does(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, accounts) = (server.person("ann").await, &server.app.accounts);
    let default = accounts.find_api_key_by_name(ann.account, "default").await.unwrap();
    let rotate = || accounts.rotate_api_key(ann.account, &default.id, HOUR);
    let results = futures_util::future::join_all((0..4).map(|_| rotate())).await;
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    assert!(refused.into_iter().all(|result| result.err() == Some(AccountError::KeyReplaced)));
    assert_eq!(accounts.list_api_keys(ann.account).await.unwrap().len(), 2);
}

async fn a_name_concerns_the_old_key_and_the_new_one(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, accounts) = (server.person("ann").await, &server.app.accounts);
    let id = async || accounts.find_api_key_by_name(ann.account, "default").await.map(|key| key.id);
    for _ in 0..2 {
        accounts.rotate_api_key(ann.account, &id().await.unwrap(), HOUR).await.unwrap();
        server.clock.advance(Duration::from_secs(1));
    }
    let taken = accounts.add_api_key(ann.account, "default", KeyTerms::default()).await;
    assert_eq!(taken.err(), Some(AccountError::KeyNameTaken));
    accounts.revoke_api_key(ann.account, "default").await.unwrap();
    assert!(accounts.list_api_keys(ann.account).await.unwrap().iter().all(|key| key.revoked_at.is_some()));
    assert_eq!(accounts.authenticate_api_key(&ann.api_key).await, Err(AuthError::Revoked));
    assert_eq!(id().await, Err(AccountError::NoSuchKey));
}

async fn replaced_signing_keys_count_until_they_end(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, accounts) = (server.person("ann").await, &server.app.accounts);
    let counts = async |key: &SecretString| {
        let secret = sign(key, "bafybeihello").unwrap();
        accounts.verify_cid_signature(ann.account, "bafybeihello", &secret).await.unwrap()
    };
    let first = ann.rsa_private_key.clone();
    let second = accounts.rotate_signing_key(ann.account, HOUR).await.unwrap();
    assert_eq!(second.old_until, Some(server.clock.now().plus(HOUR)));
    assert!(counts(&first).await && counts(&second.private).await);
    let shown = accounts.show(ann.account).await.unwrap();
    assert_eq!(shown.rsa_public_key, second.public);
    assert_eq!(shown.rsa_private_key.unwrap().expose_secret(), second.private.expose_secret());

    // A key that is brought later does not let the first one count for longer.
    let bob = server.person("bob").await;
    let brought = accounts.show(bob.account).await.unwrap().rsa_public_key;
    let brought = PublicKey::parse(&brought).unwrap();
    accounts.set_public_key(ann.account, brought.clone(), HOUR * 2).await.unwrap();
    assert!(counts(&first).await && counts(&second.private).await && counts(&bob.rsa_private_key).await);
    let listed = accounts.signing_keys(ann.account).await.unwrap();
    let facts: Vec<_> = listed.iter().map(|key| (key.has_private, key.counts_until)).collect();
    let at = |hours: u32| Some(server.clock.now().plus(HOUR * hours));
    assert_eq!(facts, [(false, None), (true, at(2)), (true, at(1))]);
    assert_eq!(listed[0].public, brought.to_line());

    server.clock.advance(HOUR);
    assert!(!counts(&first).await && counts(&second.private).await);
    for (account, id, expected) in [
        (ann.account, listed[0].id, Err(AccountError::NoSuchKey)),
        (bob.account, listed[1].id, Err(AccountError::NoSuchKey)),
        (ann.account, listed[1].id, Ok(())),
        (ann.account, listed[1].id, Err(AccountError::NoSuchKey)),
    ] {
        assert_eq!(accounts.end_signing_key(account, id).await, expected);
    }
    assert!(!counts(&second.private).await && counts(&bob.rsa_private_key).await);
}

async fn an_account_has_few_signing_keys_at_once(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, accounts) = (server.person("ann").await, &server.app.accounts);
    for _ in 0..7 {
        accounts.rotate_signing_key(ann.account, HOUR).await.unwrap();
    }
    let one_more = accounts.rotate_signing_key(ann.account, HOUR).await;
    assert_eq!(one_more.err(), Some(AccountError::TooManySigningKeys));
    let too_long = accounts.rotate_signing_key(ann.account, HOUR * 24 * 31).await;
    assert_eq!(too_long.err(), Some(AccountError::BadOverlap));
    accounts.rotate_signing_key(ann.account, Duration::ZERO).await.unwrap();
    assert_eq!(accounts.signing_keys(ann.account).await.unwrap().len(), 1);
}

/// An upload with a name that the key "press" may use.
fn named(person: &Person) -> Form {
    let bytes = content(unique(), 10);
    person.form(&cid_v0(&bytes)).text("decooMetadata", r#"{"name": "press/a"}"#).file("a", &bytes)
}

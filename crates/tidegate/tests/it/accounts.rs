//! Stories of people with accounts, on both engines.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tidegate::accounts::{
    ACCESS_TOKEN_LIFETIME, AccountError, Accounts, AuthError, DEFAULT_KEY_NAME, PublicKey, Registered,
    ServerKey, sign,
};
use tidegate::clock::{Clock, Timestamp};
use tidegate::db::{AccountId, keys::KeyTerms};

use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    someone_registers_and_everything_they_got_works,
    an_email_address_registers_once_in_any_spelling,
    of_many_who_register_one_address_at_once_one_succeeds,
    a_refused_registration_leaves_nothing_behind,
    what_was_given_can_be_shown_again_after_a_restart,
    another_server_key_opens_nothing,
    revoking_a_key_ends_it_and_its_access_tokens,
    access_tokens_end_after_two_hours_and_overlap,
    an_api_key_is_no_access_token_and_the_other_way_round,
    a_tampered_token_is_nobody,
    a_key_of_another_database_is_nobody,
    keys_by_name_come_and_go,
    a_brought_key_replaces_the_one_that_was_given,
    a_password_opens_its_account_alone,
];

struct World {
    accounts: Accounts,
    clock: Clock,
    database: TestDatabase,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_123));
        let accounts = accounts(&database, &clock, "01").await;
        Self { accounts, clock, database }
    }

    async fn register(&self, email: &str) -> Registered {
        self.accounts.register(email, password()).await.unwrap()
    }
}

async fn accounts(database: &TestDatabase, clock: &Clock, key: &str) -> Accounts {
    let key = ServerKey::parse(&key.repeat(32).into()).unwrap();
    Accounts::new(Arc::new(database.open().await), clock.clone(), &key).unwrap()
}

fn password() -> SecretString {
    "correct horse".into()
}

async fn someone_registers_and_everything_they_got_works(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let caller = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await.unwrap();
    assert_eq!(caller.account, ann.account);

    let access = world.accounts.issue_access_token(&caller).unwrap();
    let (again, until) =
        world.accounts.authenticate_access_token(access.token.expose_secret()).await.unwrap();
    assert_eq!((again, until), (caller, access.expires_at));

    let secret = sign(&ann.rsa_private_key, "bafybeihello").unwrap();
    let verify =
        async |account, cid| world.accounts.verify_cid_signature(account, cid, &secret).await.unwrap();
    assert!(verify(ann.account, "bafybeihello").await);
    assert!(!verify(ann.account, "bafybeiother").await);
    let bob = world.register("bob@example.org").await;
    assert!(!verify(bob.account, "bafybeihello").await);
    assert!(!verify(AccountId(i64::MAX), "bafybeihello").await);
}

async fn an_email_address_registers_once_in_any_spelling(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let again = world.accounts.register(" Ann@EXAMPLE.org ", password()).await;
    assert_eq!(again.err(), Some(AccountError::EmailTaken));
    let found = world.accounts.find_by_email("ANN@example.org ").await.unwrap().unwrap();
    assert_eq!((found.id, found.email.as_str()), (ann.account, "ann@example.org"));
    assert_eq!(world.accounts.find_by_email("nobody@example.org").await, Ok(None));
    assert_eq!(world.accounts.find_by_email("not an address").await, Ok(None));
}

async fn of_many_who_register_one_address_at_once_one_succeeds(database: TestDatabase) {
    let world = World::new(database).await;
    let register = || world.accounts.register("ann@example.org", password());
    let results = futures_util::future::join_all((0..4).map(|_| register())).await;
    let (registered, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(registered.len(), 1);
    assert!(refused.into_iter().all(|result| result.err() == Some(AccountError::EmailTaken)));
}

async fn a_refused_registration_leaves_nothing_behind(database: TestDatabase) {
    let world = World::new(database).await;
    let refused = world.accounts.register("ann", password()).await;
    assert_eq!(refused.err(), Some(AccountError::BadEmail));
    let refused = world.accounts.register("ann@example.org", "short".into()).await;
    assert_eq!(refused.err(), Some(AccountError::BadPassword));
    assert_eq!(world.accounts.find_by_email("ann@example.org").await, Ok(None));
    world.register("ann@example.org").await;
}

async fn what_was_given_can_be_shown_again_after_a_restart(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    world.clock.advance(Duration::from_secs(1_000_000));
    let restarted = accounts(&world.database, &world.clock, "01").await;
    let shown = restarted.show(ann.account).await.unwrap();
    assert_eq!(shown.email, "ann@example.org");
    assert_eq!(shown.api_key.unwrap().expose_secret(), ann.api_key.expose_secret());
    assert_eq!(shown.rsa_private_key.unwrap().expose_secret(), ann.rsa_private_key.expose_secret());
    assert_eq!(shown.rsa_public_key, ann.rsa_public_key);
    assert_eq!(restarted.show(AccountId(i64::MAX)).await.err(), Some(AccountError::NoSuchAccount));
}

async fn another_server_key_opens_nothing(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let other = accounts(&world.database, &world.clock, "02").await;
    assert_eq!(other.show(ann.account).await.err(), Some(AccountError::WrongServerKey));
    let refused = other.authenticate_api_key(ann.api_key.expose_secret()).await;
    assert_eq!(refused, Err(AuthError::Invalid));
}

async fn revoking_a_key_ends_it_and_its_access_tokens(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let (_, laptop) = world.accounts.add_api_key(ann.account, "laptop", KeyTerms::default()).await.unwrap();
    let stolen = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await.unwrap();
    let stolen_access = world.accounts.issue_access_token(&stolen).unwrap();
    let kept = world.accounts.authenticate_api_key(laptop.expose_secret()).await.unwrap();
    let kept_access = world.accounts.issue_access_token(&kept).unwrap();

    world.accounts.revoke_api_key(ann.account, DEFAULT_KEY_NAME).await.unwrap();
    let api = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await;
    assert_eq!(api, Err(AuthError::Revoked));
    let access = world.accounts.authenticate_access_token(stolen_access.token.expose_secret()).await;
    assert_eq!(access, Err(AuthError::Revoked));
    let access = world.accounts.authenticate_access_token(kept_access.token.expose_secret()).await;
    assert_eq!(access.map(|(caller, _)| caller), Ok(kept));

    let shown = world.accounts.show(ann.account).await.unwrap();
    assert_eq!(shown.api_key.unwrap().expose_secret(), laptop.expose_secret());
    world.accounts.revoke_api_key(ann.account, "laptop").await.unwrap();
    assert!(world.accounts.show(ann.account).await.unwrap().api_key.is_none());
}

async fn access_tokens_end_after_two_hours_and_overlap(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let caller = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await.unwrap();
    let check = async |token: &SecretString| {
        world.accounts.authenticate_access_token(token.expose_secret()).await.map(|(caller, _)| caller)
    };
    let first = world.accounts.issue_access_token(&caller).unwrap().token;
    world.clock.advance(Duration::from_secs(3600));
    let second = world.accounts.issue_access_token(&caller).unwrap().token;
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert_eq!(check(&first).await, Ok(caller.clone()), "an earlier token stays good");

    world.clock.advance(ACCESS_TOKEN_LIFETIME - Duration::from_secs(3600));
    assert_eq!(check(&first).await, Err(AuthError::Expired));
    assert_eq!(check(&second).await, Ok(caller));
    assert!(world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await.is_ok());
}

async fn an_api_key_is_no_access_token_and_the_other_way_round(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let caller = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await.unwrap();
    let access = world.accounts.issue_access_token(&caller).unwrap().token;
    let as_access = world.accounts.authenticate_access_token(ann.api_key.expose_secret()).await;
    assert_eq!(as_access, Err(AuthError::Invalid));
    let as_api_key = world.accounts.authenticate_api_key(access.expose_secret()).await;
    assert_eq!(as_api_key, Err(AuthError::Invalid));
}

async fn a_tampered_token_is_nobody(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let key = ann.api_key.expose_secret();
    // The last character of each part carries bits that base64 ignores; all others must matter.
    for (index, byte) in key.bytes().enumerate().filter(|(index, _)| index % 7 == 0) {
        if byte == b'.' || key[index + 1..].starts_with('.') || index + 1 == key.len() {
            continue;
        }
        let other = if byte == b'A' { 'B' } else { 'A' };
        let tampered = format!("{}{other}{}", &key[..index], &key[index + 1..]);
        let refused = world.accounts.authenticate_api_key(&tampered).await;
        assert_eq!(refused, Err(AuthError::Invalid), "character {index}");
    }
    for bad in ["", ".", "..", "Bearer x", &key[1..], &key.to_lowercase()] {
        assert_eq!(world.accounts.authenticate_api_key(bad).await, Err(AuthError::Invalid));
        assert_eq!(world.accounts.authenticate_access_token(bad).await, Err(AuthError::Invalid));
    }
}

async fn a_key_of_another_database_is_nobody(database: TestDatabase) {
    // The same server key, but rows that this database never had: restored from an older backup, say.
    let elsewhere = World::new(TestDatabase::sqlite().await).await;
    let ann = elsewhere.register("ann@example.org").await;
    let world = World::new(database).await;
    world.register("bob@example.org").await;
    let refused = world.accounts.authenticate_api_key(ann.api_key.expose_secret()).await;
    assert_eq!(refused, Err(AuthError::Invalid));
}

async fn keys_by_name_come_and_go(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let add = async |name: &str| {
        let added = world.accounts.add_api_key(ann.account, name, KeyTerms::default()).await;
        added.map(|(_, token)| token)
    };
    let revoke = async |name: &str| world.accounts.revoke_api_key(ann.account, name).await;

    world.clock.advance(Duration::from_secs(1));
    let first = add("ci").await.unwrap();
    assert_eq!(add("ci").await.err(), Some(AccountError::KeyNameTaken));
    assert_eq!(add(DEFAULT_KEY_NAME).await.err(), Some(AccountError::KeyNameTaken));
    assert_eq!(revoke("cd").await, Err(AccountError::NoSuchKey));
    revoke("ci").await.unwrap();
    assert_eq!(revoke("ci").await, Err(AccountError::NoSuchKey));
    world.clock.advance(Duration::from_secs(1));
    let second = add("ci").await.unwrap();
    assert_eq!(world.accounts.authenticate_api_key(first.expose_secret()).await, Err(AuthError::Revoked));
    assert!(world.accounts.authenticate_api_key(second.expose_secret()).await.is_ok());

    let listed = world.accounts.list_api_keys(ann.account).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|key| (key.name.as_str(), key.revoked_at.is_some())).collect();
    assert_eq!(listed, [("default", false), ("ci", false), ("ci", true)]);

    for bad in ["", "a\nb", &"x".repeat(256)] {
        assert_eq!(add(bad).await.err(), Some(AccountError::BadKeyName));
    }
    for number in 2..100 {
        add(&format!("key {number}")).await.unwrap();
    }
    assert_eq!(add("one more").await.err(), Some(AccountError::TooManyKeys));
    let nobody = world.accounts.add_api_key(AccountId(i64::MAX), "x", KeyTerms::default()).await;
    assert_eq!(nobody.err(), Some(AccountError::NoSuchAccount));
}

async fn a_brought_key_replaces_the_one_that_was_given(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let bob = world.register("bob@example.org").await;
    let (given, brought) = (ann.rsa_private_key, bob.rsa_private_key);
    let verify = async |key: &SecretString| {
        let secret = sign(key, "bafybeihello").unwrap();
        world.accounts.verify_cid_signature(ann.account, "bafybeihello", &secret).await.unwrap()
    };
    assert!(verify(&given).await);
    assert!(!verify(&brought).await);

    let public = PublicKey::parse(&bob.rsa_public_key).unwrap();
    world.accounts.set_public_key(ann.account, public.clone(), Duration::ZERO).await.unwrap();
    assert!(!verify(&given).await);
    assert!(verify(&brought).await);
    let shown = world.accounts.show(ann.account).await.unwrap();
    assert_eq!(shown.rsa_public_key, bob.rsa_public_key);
    assert!(shown.rsa_private_key.is_none());

    let nobody = world.accounts.set_public_key(AccountId(i64::MAX), public, Duration::ZERO).await;
    assert_eq!(nobody, Err(AccountError::NoSuchAccount));
}

async fn a_password_opens_its_account_alone(database: TestDatabase) {
    let world = World::new(database).await;
    let ann = world.register("ann@example.org").await;
    let login = async |email: &str, password: &str| {
        world.accounts.authenticate_password(email, password.to_owned().into()).await
    };
    assert_eq!(login(" ANN@example.org", "correct horse").await, Ok(ann.account));
    for (email, password) in [
        ("ann@example.org", "correct horsf"),
        ("ann@example.org", ""),
        ("bob@example.org", "correct horse"),
        ("not an address", "correct horse"),
    ] {
        assert_eq!(login(email, password).await, Err(AuthError::WrongPassword), "{email} {password}");
    }
    world.accounts.set_password(ann.account, "battery staple".into()).await.unwrap();
    assert_eq!(login("ann@example.org", "correct horse").await, Err(AuthError::WrongPassword));
    assert_eq!(login("ann@example.org", "battery staple").await, Ok(ann.account));
    let nobody = world.accounts.set_password(AccountId(i64::MAX), password()).await;
    assert_eq!(nobody, Err(AccountError::NoSuchAccount));
}

//! Auth tokens: whom they are for, until when, and that a revoked one stays revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tidegate::access::{AuthTokens, IssueError, NonceRefusal, Nonces, TokenRefusal};
use tidegate::accounts::ServerKey;
use tidegate::clock::{Clock, Timestamp};
use tidegate::db::{AuthTokenId, Db, tokens};
use tidegate_ocean::{Address, Nonce};

use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    a_token_is_good_for_its_address_until_it_expires,
    a_revoked_token_stays_revoked_and_a_new_one_is_another,
    of_many_who_revoke_at_once_one_did_it,
    tampered_and_foreign_tokens_are_refused,
    expired_revocations_are_forgotten,
    a_nonce_gives_one_token_and_one_record,
    records_of_tokens_that_are_over_are_forgotten,
];

fn now() -> Timestamp {
    Timestamp::from_seconds(1_650_000_000)
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now().as_seconds() + seconds)
}

fn key(byte: &str) -> ServerKey {
    ServerKey::parse(&byte.repeat(32).into()).unwrap()
}

fn ann() -> Address {
    Address::repeat_byte(0xAA)
}

async fn open(database: &TestDatabase, clock: &Clock) -> (Arc<Db>, AuthTokens) {
    let db = Arc::new(database.open().await);
    let tokens = AuthTokens::open(Arc::clone(&db), clock.clone(), &key("01")).await.unwrap();
    (db, tokens)
}

/// A token for Ann, who asks each time with another nonce.
async fn issue(db: &Arc<Db>, tokens: &AuthTokens, expires_at: Timestamp) -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let nonce = Nonce::parse(&LAST.fetch_add(1, Ordering::Relaxed).to_string()).unwrap();
    // Tests beside this one take numbers, too, and have databases of their own.
    tokens.issue(&Nonces::new(Arc::clone(db)), (ann(), nonce), expires_at).await.unwrap()
}

async fn given(db: &Db) -> usize {
    let all = db.read(|s| Box::pin(tokens::given_tokens_before(s, None, AuthTokenId::LAST, 100)));
    all.await.unwrap().len()
}

async fn a_nonce_gives_one_token_and_one_record(database: TestDatabase) {
    let (db, tokens) = open(&database, &Clock::manual(now())).await;
    let nonces = Nonces::new(Arc::clone(&db));
    let nonce = Nonce::parse("7").unwrap();
    let asking: Vec<_> = (0..16)
        .map(|_| {
            let (tokens, nonces, nonce) = (tokens.clone(), nonces.clone(), nonce);
            tokio::spawn(async move { tokens.issue(&nonces, (ann(), nonce), later(60)).await })
        })
        .collect();
    let mut gotten = 0;
    for task in asking {
        match task.await.unwrap() {
            Ok(_) => gotten += 1,
            Err(refused) => assert!(matches!(refused, IssueError::Nonce(NonceRefusal::TooLow { .. }))),
        }
    }
    assert_eq!((gotten, given(&db).await), (1, 1));
}

async fn records_of_tokens_that_are_over_are_forgotten(database: TestDatabase) {
    let clock = Clock::manual(now());
    let (db, tokens) = open(&database, &clock).await;
    for seconds in [10, 1000] {
        issue(&db, &tokens, later(seconds)).await;
    }
    assert_eq!(given(&db).await, 2);
    clock.advance(Duration::from_secs(100));
    issue(&db, &tokens, later(1000)).await;
    assert_eq!(given(&db).await, 2);
}

async fn a_token_is_good_for_its_address_until_it_expires(database: TestDatabase) {
    let clock = Clock::manual(now());
    let (db, tokens) = open(&database, &clock).await;
    let token = issue(&db, &tokens, later(60)).await;
    let claims = tokens.verify(&token).await.unwrap();
    assert_eq!((claims.address, claims.expires_at), (ann(), later(60)));

    clock.advance(Duration::from_millis(59_999));
    assert!(tokens.verify(&token).await.is_ok());
    clock.advance(Duration::from_millis(1));
    assert_eq!(tokens.verify(&token).await, Err(TokenRefusal::Expired));
    assert_eq!(tokens.revoke(&token).await, Err(TokenRefusal::Expired));
}

async fn a_revoked_token_stays_revoked_and_a_new_one_is_another(database: TestDatabase) {
    let clock = Clock::manual(now());
    let (db, tokens) = open(&database, &clock).await;
    let token = issue(&db, &tokens, later(60)).await;
    let other = issue(&db, &tokens, later(60)).await;
    assert_ne!(token, other, "asking again gives another token");
    assert!(tokens.verify(&token).await.is_ok(), "also after it was found to be good");

    tokens.revoke(&token).await.unwrap();
    assert_eq!(tokens.verify(&token).await, Err(TokenRefusal::Revoked));
    assert_eq!(tokens.revoke(&token).await, Err(TokenRefusal::Revoked));
    assert!(tokens.verify(&other).await.is_ok());
    assert!(tokens.verify(&issue(&db, &tokens, later(60)).await).await.is_ok());
    drop(tokens);
    db.close().await;

    let (_, reopened) = open(&database, &clock).await;
    assert_eq!(reopened.verify(&token).await, Err(TokenRefusal::Revoked));
    assert!(reopened.verify(&other).await.is_ok());
}

async fn of_many_who_revoke_at_once_one_did_it(database: TestDatabase) {
    let (db, tokens) = open(&database, &Clock::manual(now())).await;
    let token = issue(&db, &tokens, later(60)).await;
    let revoking: Vec<_> = (0..32)
        .map(|_| {
            let (tokens, token) = (tokens.clone(), token.clone());
            tokio::spawn(async move { tokens.revoke(&token).await })
        })
        .collect();
    let mut done = 0;
    for task in revoking {
        match task.await.unwrap() {
            Ok(()) => done += 1,
            refused => assert_eq!(refused, Err(TokenRefusal::Revoked)),
        }
    }
    assert_eq!(done, 1);
}

async fn tampered_and_foreign_tokens_are_refused(database: TestDatabase) {
    let (db, tokens) = open(&database, &Clock::manual(now())).await;
    let token = issue(&db, &tokens, later(60)).await;
    let [head, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let expected = format!(r#"{{"exp":{},"address":"{}","jti":"#, later(60).as_seconds(), ann());
    assert!(claims.starts_with(&expected), "{claims}");

    let later_exp = claims.replace(&later(60).as_seconds().to_string(), "9999999999");
    let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    let foreign = AuthTokens::open(Arc::clone(&db), Clock::manual(now()), &key("02")).await.unwrap();
    for bad in [
        String::new(),
        "..".to_owned(),
        format!("{head}.{body}"),
        format!("{token}A"),
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(later_exp)),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        issue(&db, &foreign, later(60)).await,
        "x".repeat(1 << 20),
    ] {
        assert_eq!(tokens.verify(&bad).await, Err(TokenRefusal::Invalid), "{bad:.100}");
        assert_eq!(tokens.revoke(&bad).await, Err(TokenRefusal::Invalid), "{bad:.100}");
    }
    assert!(!format!("{tokens:?}").contains("coding"));
}

async fn expired_revocations_are_forgotten(database: TestDatabase) {
    let clock = Clock::manual(now());
    let (db, tokens) = open(&database, &clock).await;
    let kept =
        async || db.read(|s| Box::pin(tokens::revoked_tokens_after(s, None, 100))).await.unwrap().len();
    for seconds in [10, 20, 30] {
        tokens.revoke(&issue(&db, &tokens, later(seconds)).await).await.unwrap();
    }
    assert_eq!(kept().await, 3);
    clock.advance(Duration::from_secs(20));
    tokens.revoke(&issue(&db, &tokens, later(40)).await).await.unwrap();
    assert_eq!(kept().await, 2);
    clock.advance(Duration::from_secs(10));
    AuthTokens::open(Arc::clone(&db), clock.clone(), &key("01")).await.unwrap();
    assert_eq!(kept().await, 1);
}

//! API keys and verification keys as rows.

use tidegate::clock::Timestamp;
use tidegate::db::keys::{self, ApiKey, KeyTerms};
use tidegate::db::{AccountId, Db, accounts};

use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    a_name_is_free_again_once_its_key_is_revoked,
    the_newest_verification_key_comes_first_and_expired_ones_not_at_all,
    an_email_address_is_taken_once,
    accounts_are_listed_page_by_page,
];

async fn a_name_is_free_again_once_its_key_is_revoked(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    assert!(add(&db, "1", ann, 10).await);
    assert!(!add(&db, "2", ann, 20).await, "the name is in use");
    assert!(add(&db, "3", bob, 30).await, "but not by the other account");

    let revoke = async || {
        db.write(move |s| Box::pin(keys::revoke_api_key(s, ann, "name", Timestamp::from_millis(40))))
            .await
            .unwrap()
    };
    assert!(revoke().await);
    assert!(!revoke().await, "it is revoked already");
    assert!(add(&db, "4", ann, 50).await);

    let listed = db.read(move |s| Box::pin(keys::list_api_keys(s, ann))).await.unwrap();
    let expected = [("4", 50, None), ("1", 10, Some(40))];
    assert_eq!(
        listed,
        expected.map(|(id, created, revoked)| ApiKey {
            revoked_at: revoked.map(Timestamp::from_millis),
            ..api_key(id, ann, created)
        })
    );
    assert_eq!(db.read(move |s| Box::pin(keys::count_live_api_keys(s, ann))).await, Ok(1));
    let found = db.read(|s| Box::pin(keys::find_api_key(s, "3"))).await.unwrap();
    assert_eq!(found, Some(api_key("3", bob, 30)));
    assert_eq!(db.read(|s| Box::pin(keys::find_api_key(s, "2"))).await, Ok(None));
}

async fn the_newest_verification_key_comes_first_and_expired_ones_not_at_all(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let at = Timestamp::from_millis;
    let keys_at = async |millis| {
        let found =
            db.read(move |s| Box::pin(keys::verification_keys(s, account, at(millis)))).await.unwrap();
        found.into_iter().map(|key| (key.public_key, key.sealed_private_key)).collect::<Vec<_>>()
    };
    let (old, new) = ((vec![1, 0], Some(vec![0, 255])), (vec![2], None));
    db.write(move |s| Box::pin(keys::insert_verification_key(s, account, &[1, 0], Some(&[0, 255]), at(10))))
        .await
        .unwrap();
    db.write(move |s| {
        Box::pin(async move {
            keys::expire_verification_keys(s, account, at(100)).await?;
            keys::insert_verification_key(s, account, &[2], None, at(20)).await
        })
    })
    .await
    .unwrap();

    assert_eq!(keys_at(99).await, vec![new.clone(), old]);
    assert_eq!(keys_at(100).await, vec![new]);
    db.write(move |s| Box::pin(keys::expire_verification_keys(s, account, at(50)))).await.unwrap();
    assert_eq!(keys_at(50).await, vec![]);
    // Letting all keys end later must not bring one back.
    db.write(move |s| Box::pin(keys::expire_verification_keys(s, account, at(1000)))).await.unwrap();
    assert_eq!(keys_at(50).await, vec![]);
}

async fn an_email_address_is_taken_once(database: TestDatabase) {
    let db = database.open().await;
    let id = new_account(&db, "a@example.org").await;
    let again = db
        .write(|s| Box::pin(accounts::insert_account(s, "a@example.org", "other", Timestamp::from_millis(1))))
        .await
        .unwrap();
    assert_eq!(again, None);
    db.write(move |s| Box::pin(accounts::set_password_hash(s, id, "new hash"))).await.unwrap();
    let found =
        db.read(|s| Box::pin(accounts::find_account_by_email(s, "a@example.org"))).await.unwrap().unwrap();
    assert_eq!((found.id, found.password_hash.as_str(), found.quota_bytes), (id, "new hash", None));
    assert!(!format!("{found:?}").contains("hash"));
}

async fn accounts_are_listed_page_by_page(database: TestDatabase) {
    let db = database.open().await;
    for name in ["a", "b", "c"] {
        new_account(&db, &format!("{name}@example.org")).await;
    }
    let first = db.read(|s| Box::pin(accounts::accounts_after(s, AccountId(0), 2))).await.unwrap();
    let last = first[1].id;
    let rest = db.read(move |s| Box::pin(accounts::accounts_after(s, last, 2))).await.unwrap();
    let emails: Vec<_> = first.into_iter().chain(rest).map(|account| account.email).collect();
    assert_eq!(emails, ["a@example.org", "b@example.org", "c@example.org"]);
}

fn api_key(id: &str, account: AccountId, created: i64) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        account,
        name: "name".to_owned(),
        created_at: Timestamp::from_millis(created),
        revoked_at: None,
        terms: KeyTerms::default(),
        uses: 0,
        last_used_at: None,
        replaced_by: None,
    }
}

async fn add(db: &Db, id: &str, account: AccountId, created: i64) -> bool {
    let key = api_key(id, account, created);
    db.write(move |s| Box::pin(async move { keys::insert_api_key(s, &key).await })).await.unwrap()
}

//! What a transaction promises.

use std::sync::Arc;

use tidegate::clock::Timestamp;
use tidegate::db::{AccountId, DbError, accounts, settings};

use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    a_committed_write_is_there_after_reopening,
    a_refusal_undoes_its_own_changes_only,
    a_panic_is_an_error_and_the_next_write_works,
    a_swallowed_failure_still_fails_the_transaction,
    waiting_for_something_else_ends_the_body_and_nobody_else,
    a_read_cannot_write,
    many_writes_at_once_all_arrive,
    two_uploads_cannot_share_the_last_bytes_of_a_quota,
    quotas_neither_overflow_nor_go_below_zero,
    every_statement_fits_the_schema,
    a_closed_database_says_so,
    a_write_whose_caller_left_still_happens,
];

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    No,
    Db(DbError),
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

async fn a_committed_write_is_there_after_reopening(database: TestDatabase) {
    let db = database.open().await;
    db.write(|s| Box::pin(settings::put_setting(s, "node", "n1"))).await.unwrap();
    db.close().await;

    let db = database.open().await;
    let found = db.read(|s| Box::pin(settings::find_setting(s, "node"))).await.unwrap();
    assert_eq!(found.as_deref(), Some("n1"));
}

async fn a_refusal_undoes_its_own_changes_only(database: TestDatabase) {
    let db = Arc::new(database.open().await);
    let mut tasks = Vec::new();
    for number in 0..40 {
        let db = Arc::clone(&db);
        tasks.push(tokio::spawn(async move {
            db.try_write(move |s| {
                Box::pin(async move {
                    settings::put_setting(s, &format!("key {number}"), "x").await?;
                    if number % 2 == 0 { Err(Refusal::No) } else { Ok(number) }
                })
            })
            .await
        }));
    }
    for (number, task) in (0..).zip(tasks) {
        let expected = if number % 2 == 0 { Err(Refusal::No) } else { Ok(number) };
        assert_eq!(task.await.unwrap(), expected);
        let key = format!("key {number}");
        let found = db.read(move |s| Box::pin(async move { settings::find_setting(s, &key).await })).await;
        assert_eq!(found.unwrap().is_some(), number % 2 == 1);
    }
}

async fn a_panic_is_an_error_and_the_next_write_works(database: TestDatabase) {
    let db = database.open().await;
    let written: Result<(), DbError> = db
        .write(|s| {
            Box::pin(async move {
                settings::put_setting(s, "key", "from a panicking body").await?;
                panic!("on purpose")
            })
        })
        .await;
    assert_eq!(written, Err(DbError::BodyPanicked));
    let read: Result<(), DbError> = db.read(|_| panic!("on purpose, before the future exists")).await;
    assert_eq!(read, Err(DbError::BodyPanicked));

    db.write(|s| Box::pin(settings::put_setting(s, "other", "x"))).await.unwrap();
    let found = db.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found, None);
}

async fn a_swallowed_failure_still_fails_the_transaction(database: TestDatabase) {
    let db = database.open().await;
    let written = db
        .write(|s| {
            Box::pin(async move {
                settings::put_setting(s, "key", "x").await?;
                let failed = s.execute("INSERT INTO no_such_table VALUES (1)", &[]).await;
                assert!(failed.is_err());
                assert_eq!(settings::find_setting(s, "key").await, Err(failed.unwrap_err()));
                Ok(())
            })
        })
        .await;
    assert!(matches!(written, Err(DbError::Engine(_))), "{written:?}");
    let found = db.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found, None);
}

async fn waiting_for_something_else_ends_the_body_and_nobody_else(database: TestDatabase) {
    let db = database.open().await;
    let waited = db
        .write(|s| {
            Box::pin(async move {
                settings::put_setting(s, "key", "x").await?;
                std::future::pending::<Result<(), DbError>>().await
            })
        })
        .await;
    assert_eq!(waited, Err(DbError::BodyWaited));
    db.write(|s| Box::pin(settings::put_setting(s, "other", "x"))).await.unwrap();
    let found = db.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found, None);
    db.close().await;
}

async fn a_read_cannot_write(database: TestDatabase) {
    let db = database.open().await;
    let result = db.read(|s| Box::pin(settings::put_setting(s, "key", "x"))).await;
    assert!(matches!(result, Err(DbError::ReadOnly(_))), "{result:?}");
}

async fn many_writes_at_once_all_arrive(database: TestDatabase) {
    let db = Arc::new(database.open().await);
    let id = new_account(&db, "a@example.org").await;
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let db = Arc::clone(&db);
            tokio::spawn(async move { db.write(move |s| Box::pin(accounts::charge(s, id, 3, None))).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(true));
    }
    assert_eq!(used(&db, id).await, 1500);
}

async fn two_uploads_cannot_share_the_last_bytes_of_a_quota(database: TestDatabase) {
    let db = Arc::new(database.open().await);
    let id = new_account(&db, "a@example.org").await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let db = Arc::clone(&db);
            tokio::spawn(
                async move { db.write(move |s| Box::pin(accounts::charge(s, id, 30, Some(100)))).await },
            )
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += u32::from(task.await.unwrap().unwrap());
    }
    assert_eq!(allowed, 3);
    assert_eq!(used(&db, id).await, 90);
}

async fn quotas_neither_overflow_nor_go_below_zero(database: TestDatabase) {
    let db = database.open().await;
    let id = new_account(&db, "a@example.org").await;
    let charge =
        async |bytes, default| db.write(move |s| Box::pin(accounts::charge(s, id, bytes, default))).await;

    assert_eq!(charge(1, None).await, Ok(true));
    assert_eq!(charge(u64::MAX, None).await, Ok(false));
    assert_eq!(used(&db, id).await, 1);
    assert_eq!(charge(0, Some(0)).await, Ok(false), "over its quota already, so not even nothing");

    // An account's own quota comes before the default.
    db.write(move |s| Box::pin(accounts::set_quota(s, id, Some(5)))).await.unwrap();
    assert_eq!(charge(5, Some(1000)).await, Ok(false));
    assert_eq!(charge(4, Some(0)).await, Ok(true));

    db.write(move |s| Box::pin(accounts::refund(s, id, 3))).await.unwrap();
    assert_eq!(used(&db, id).await, 2);
    db.write(move |s| Box::pin(accounts::refund(s, id, u64::MAX))).await.unwrap();
    assert_eq!(used(&db, id).await, 0);
}

async fn every_statement_fits_the_schema(database: TestDatabase) {
    database.open().await.check_statements().await.unwrap();
}

async fn a_closed_database_says_so(database: TestDatabase) {
    let db = database.open().await;
    db.close().await;
    db.close().await;
    let written = db.write(|s| Box::pin(settings::put_setting(s, "key", "x"))).await;
    assert_eq!(written, Err(DbError::Closed));
    let read = db.read(|s| Box::pin(settings::find_setting(s, "key"))).await;
    assert_eq!(read, Err(DbError::Closed));
}

async fn a_write_whose_caller_left_still_happens(database: TestDatabase) {
    let db = database.open().await;
    let mut writing = Box::pin(db.write(|s| Box::pin(settings::put_setting(s, "key", "x"))));
    // One poll hands it over; then the caller is gone.
    let _ = futures_util::poll!(&mut writing);
    drop(writing);
    db.close().await;

    let db = database.open().await;
    let found = db.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found.as_deref(), Some("x"));
}

pub async fn new_account(db: &tidegate::db::Db, email: &str) -> AccountId {
    let email = email.to_owned();
    db.write(move |s| {
        Box::pin(async move { accounts::insert_account(s, &email, "hash", Timestamp::from_seconds(1)).await })
    })
    .await
    .unwrap()
    .unwrap()
}

async fn used(db: &tidegate::db::Db, id: AccountId) -> u64 {
    db.read(move |s| Box::pin(accounts::find_account(s, id))).await.unwrap().unwrap().used_bytes
}

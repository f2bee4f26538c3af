//! SQLite's group commit: neighbours share a sync, and its failure.

use std::sync::mpsc;

use futures_util::future::LocalBoxFuture;
use tidegate::clock::Timestamp;
use tidegate::db::keys::{self, ApiKey, KeyTerms};
use tidegate::db::{AccountId, Db, DbError, settings};

use crate::support::databases::TestDatabase;

#[tokio::test]
async fn a_commit_that_fails_fails_every_write_of_its_batch() {
    let database = TestDatabase::sqlite().await;
    let db = database.open().await;
    let (mut first, go) = held_write(&db);
    let mut wrong = Box::pin(db.write(|s| {
        Box::pin(async move {
            // The check of the foreign key waits for COMMIT, which is the only way to make that fail on purpose.
            s.execute("PRAGMA defer_foreign_keys = ON", &[]).await?;
            keys::insert_api_key(s, &orphan()).await
        })
    }));
    let mut last = Box::pin(db.write(|s| Box::pin(settings::put_setting(s, "last", "x"))));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut wrong).is_pending());
    assert!(futures_util::poll!(&mut last).is_pending());
    go.send(()).unwrap();

    let failure = wrong.await.unwrap_err();
    assert!(matches!(failure, DbError::Engine(_)), "{failure:?}");
    assert_eq!(first.await, Err(failure.clone()));
    assert_eq!(last.await, Err(failure));
    assert_eq!(find(&db, "first").await, None);
    assert_eq!(find(&db, "last").await, None);

    db.write(|s| Box::pin(settings::put_setting(s, "after", "x"))).await.unwrap();
    assert_eq!(find(&db, "after").await.as_deref(), Some("x"));
}

#[tokio::test]
async fn closing_waits_for_what_is_queued() {
    let database = TestDatabase::sqlite().await;
    let db = database.open().await;
    let (mut first, go) = held_write(&db);
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut queued = Box::pin(db.write(|s| Box::pin(settings::put_setting(s, "queued", "x"))));
    assert!(futures_util::poll!(&mut queued).is_pending());
    let mut closing = Box::pin(db.close());
    assert!(futures_util::poll!(&mut closing).is_pending());
    go.send(()).unwrap();
    closing.await;
    assert_eq!((first.await, queued.await), (Ok(()), Ok(())));
    assert_eq!(find(&database.open().await, "queued").await.as_deref(), Some("x"));
}

/// A write that keeps the writer's thread busy until it is told to go on.
fn held_write(db: &Db) -> (LocalBoxFuture<'_, Result<(), DbError>>, mpsc::Sender<()>) {
    let (go, held) = mpsc::channel::<()>();
    let write = db.write(move |s| {
        Box::pin(async move {
            settings::put_setting(s, "first", "x").await?;
            held.recv().unwrap();
            Ok(())
        })
    });
    (Box::pin(write), go)
}

fn orphan() -> ApiKey {
    ApiKey {
        id: "orphan".to_owned(),
        account: AccountId(i64::MAX),
        name: "name".to_owned(),
        created_at: Timestamp::from_millis(1),
        revoked_at: None,
        terms: KeyTerms::default(),
        uses: 0,
        last_used_at: None,
        replaced_by: None,
    }
}

async fn find(db: &Db, key: &'static str) -> Option<String> {
    db.read(move |s| Box::pin(settings::find_setting(s, key))).await.unwrap()
}

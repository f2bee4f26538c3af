//! Opening, migrating, and refusing to.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use secrecy::ExposeSecret as _;
use tidegate::db::{Db, DbError, DbOptions, settings};

use crate::support::databases::{TestDatabase, on_both_engines};
use crate::support::postgres::run_in;

on_both_engines![
    two_processes_that_start_at_once_agree,
    a_second_process_writes_while_the_first_is_open,
    a_database_of_a_newer_version_is_refused,
    a_changed_migration_is_refused,
];

async fn two_processes_that_start_at_once_agree(database: TestDatabase) {
    // So many that, without the lock, two of them would very likely migrate at once.
    let opening: Vec<_> = (0..24)
        .map(|number| {
            let options = database.options.clone();
            tokio::spawn(async move {
                let db = Db::open(options).await.unwrap();
                let mine = number.to_string();
                let node = db
                    .write(move |s| Box::pin(async move { settings::setting_or(s, "node", &mine).await }))
                    .await
                    .unwrap();
                db.close().await;
                node
            })
        })
        .collect();
    let mut nodes = Vec::new();
    for opened in opening {
        nodes.push(opened.await.unwrap());
    }
    assert!(nodes.iter().all(|node| *node == nodes[0]), "{nodes:?}");
}

async fn a_second_process_writes_while_the_first_is_open(database: TestDatabase) {
    let server = database.open().await;
    let tool = database.open().await;
    tool.write(|s| Box::pin(settings::put_setting(s, "key", "from the tool"))).await.unwrap();
    let found = server.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found.as_deref(), Some("from the tool"));
    server.write(|s| Box::pin(settings::put_setting(s, "key", "from the server"))).await.unwrap();
    let found = tool.read(|s| Box::pin(settings::find_setting(s, "key"))).await.unwrap();
    assert_eq!(found.as_deref(), Some("from the server"));
}

async fn a_database_of_a_newer_version_is_refused(database: TestDatabase) {
    database.open().await.close().await;
    run_behind(
        &database,
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (9999, 'from_the_future', '2030-01-01T00:00:00Z', '1')",
    )
    .await;
    let refused = Db::open(database.options.clone()).await.unwrap_err();
    assert!(matches!(refused, DbError::Downgrade { found: 9999, .. }), "{refused:?}");
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

async fn a_changed_migration_is_refused(database: TestDatabase) {
    database.open().await.close().await;
    run_behind(&database, "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1").await;
    let refused = Db::open(database.options.clone()).await.unwrap_err();
    assert!(matches!(refused, DbError::Migration(_)), "{refused:?}");
}

#[tokio::test]
async fn a_sqlite_file_is_readable_by_its_owner_alone() {
    let database = TestDatabase::sqlite().await;
    let db = database.open().await;
    db.write(|s| Box::pin(settings::put_setting(s, "key", "x"))).await.unwrap();
    let mut modes: Vec<(String, u32)> = std::fs::read_dir(database.folder.path())
        .unwrap()
        .map(Result::unwrap)
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect();
    modes.sort();
    assert!(modes.len() >= 3, "{modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}

#[tokio::test]
async fn a_closed_sqlite_database_has_nothing_left_in_its_log() {
    let database = TestDatabase::sqlite().await;
    let db = database.open().await;
    db.write(|s| Box::pin(settings::put_setting(s, "key", "x"))).await.unwrap();
    let wal = database.folder.path().join("tidegate.db-wal");
    assert!(wal.metadata().unwrap().size() > 0);
    db.close().await;
    assert!(wal.metadata().map_or(0, |metadata| metadata.size()) == 0);
}

#[tokio::test]
async fn a_full_sqlite_database_is_recognised_and_takes_nothing_by_halves() {
    let database = TestDatabase::sqlite().await;
    let db = database.open().await;
    db.write(|s| Box::pin(settings::put_setting(s, "before", "x"))).await.unwrap();
    // As good as a full disk: no page may be added. The writer's connection is the one that hears it.
    db.write(|s| Box::pin(async move { s.query("PRAGMA max_page_count = 1", &[]).await.map(drop) }))
        .await
        .unwrap();
    let filled = db
        .write(|s| {
            Box::pin(async move {
                let long = "x".repeat(100_000);
                settings::put_setting(s, "small", "x").await?;
                settings::put_setting(s, "large", &long).await
            })
        })
        .await;
    assert!(filled.as_ref().is_err_and(DbError::is_full), "{filled:?}");

    let found = db
        .read(|s| {
            Box::pin(async move {
                let small = settings::find_setting(s, "small").await?;
                Ok((small, settings::find_setting(s, "before").await?))
            })
        })
        .await
        .unwrap();
    assert_eq!(found, (None, Some("x".to_owned())));

    // With room again, the same connection goes on.
    db.write(|s| Box::pin(async move { s.query("PRAGMA max_page_count = 100000", &[]).await.map(drop) }))
        .await
        .unwrap();
    db.write(|s| Box::pin(settings::put_setting(s, "after", "x"))).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let refused = Db::open(DbOptions::sqlite("/does/not/exist/tidegate.db")).await.unwrap_err();
    assert!(
        matches!(&refused, DbError::Unreachable(text) if text.contains("/does/not/exist")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_bad_postgres_url_is_refused_without_repeating_the_password() {
    let url = "postgresql://someone:hunter2@host:no-port/db";
    let refused = Db::open(DbOptions::postgres(url)).await.unwrap_err();
    assert!(matches!(refused, DbError::Settings(_)), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}

async fn run_behind(database: &TestDatabase, sql: &str) {
    match &database.options {
        DbOptions::Sqlite { path, .. } => {
            rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
        }
        DbOptions::Postgres { url, .. } => run_in(url.expose_secret(), sql).await,
    }
}

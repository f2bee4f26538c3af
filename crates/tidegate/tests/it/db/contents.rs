//! Archives, their blocks, and those on their way in.

use tidegate::clock::Timestamp;
use tidegate::db::contents::{self, Content, ContentKind, NewContent, Totals};
use tidegate::db::pins::{self, Visibility};
use tidegate::db::{ContentId, Db};

use super::pins::{new_pin, pin};
use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    an_archive_is_recorded_once,
    the_same_archive_recorded_at_once_has_one_row,
    a_private_archives_blocks_are_not_offered_to_strangers,
    very_many_blocks_go_in_whatever_their_numbers,
    announcements_are_kept_per_node_until_taken_back,
    removing_an_archives_record_keeps_the_pins,
    archives_are_listed_page_by_page,
];

async fn an_archive_is_recorded_once(database: TestDatabase) {
    let db = database.open().await;
    for kind in [ContentKind::File, ContentKind::Directory, ContentKind::Other] {
        let new = NewContent { root: format!("{kind:?}"), kind, ..archive("") };
        let id = record(&db, &new, &[1, 2]).await.unwrap();
        assert_eq!(record(&db, &new, &[1, 2]).await, None);
        let found = find(&db, &new.root).await;
        assert_eq!(found, Some(Content { id, content: new, created_at: Timestamp::from_millis(5) }));
    }
    assert_eq!(find(&db, "elsewhere").await, None);
}

async fn the_same_archive_recorded_at_once_has_one_row(database: TestDatabase) {
    let db = std::sync::Arc::new(database.open().await);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let db = std::sync::Arc::clone(&db);
            tokio::spawn(async move { record(&db, &archive("root"), &[1, 2, 3]).await })
        })
        .collect();
    let mut recorded = 0;
    for task in tasks {
        recorded += u32::from(task.await.unwrap().is_some());
    }
    assert_eq!(recorded, 1);
}

async fn a_private_archives_blocks_are_not_offered_to_strangers(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    record(&db, &archive("sold"), &[7, 8]).await;
    record(&db, &archive("free"), &[8, 9]).await;
    record(&db, &archive("forgotten"), &[7, 8, 9]).await;
    let mut sold = new_pin(ann, "sold");
    sold.visibility = Visibility::Private;
    pin(&db, sold, 1).await;
    pin(&db, new_pin(bob, "free"), 1).await;

    assert_eq!(holders(&db, 7).await, Vec::<String>::new());
    assert_eq!(holders(&db, 8).await, vec!["free"]);
    assert!(!is_public(&db, "sold").await);
    assert!(is_public(&db, "free").await);
    assert!(!is_public(&db, "forgotten").await);

    // One public pin is enough, whoever else keeps it private.
    pin(&db, new_pin(bob, "sold"), 1).await;
    assert!(is_public(&db, "sold").await);
    assert_eq!(holders(&db, 8).await, vec!["sold", "free"]);
}

async fn very_many_blocks_go_in_whatever_their_numbers(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let mut prefixes: Vec<i64> =
        (0..60_000).map(|n: i64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())).collect();
    prefixes.extend([i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX, i64::MAX, (1 << 53) + 1]);
    record(&db, &archive("root"), &prefixes).await;
    record(&db, &archive("no blocks"), &[]).await;
    pin(&db, new_pin(account, "root"), 1).await;
    for prefix in [prefixes[1], prefixes[59_999], i64::MIN, -1, 0, i64::MAX, (1 << 53) + 1] {
        assert_eq!(holders(&db, prefix).await, vec!["root"], "{prefix}");
    }
    assert_eq!(holders(&db, (1 << 53) + 2).await, Vec::<String>::new());
    assert_eq!(count_blocks(&db).await, 60_000 + 6, "0 and the largest number were there twice");
}

async fn announcements_are_kept_per_node_until_taken_back(database: TestDatabase) {
    let db = database.open().await;
    for (root, node, millis) in [("r2", "n1", 20), ("r1", "n1", 10), ("r3", "n2", 5), ("r2", "n1", 30)] {
        db.write(move |s| {
            Box::pin(contents::announce_incoming(s, root, node, Timestamp::from_millis(millis)))
        })
        .await
        .unwrap();
    }
    assert_eq!(incoming(&db, "n1").await, vec!["r1", "r2"]);
    db.write(|s| Box::pin(contents::forget_incoming(s, "r1"))).await.unwrap();
    db.write(|s| Box::pin(contents::forget_incoming(s, "never announced"))).await.unwrap();
    assert_eq!(incoming(&db, "n1").await, vec!["r2"]);
    assert_eq!(incoming(&db, "n2").await, vec!["r3"]);
}

async fn removing_an_archives_record_keeps_the_pins(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    record(&db, &archive("root"), &[1, 2]).await;
    record(&db, &archive("other"), &[2, 3]).await;
    pin(&db, new_pin(account, "root"), 1).await;
    let before = totals(&db).await;
    assert_eq!(before, Totals { accounts: 1, pins: 1, contents: 2, size: 20, car_bytes: 44, blocks: 6 });

    for root in ["root", "other"] {
        assert!(db.write(move |s| Box::pin(contents::remove_content(s, root))).await.unwrap());
    }
    assert_eq!(totals(&db).await, Totals { accounts: 1, pins: 1, ..Totals::default() });
    assert_eq!(count_blocks(&db).await, 0);
    assert!(is_public(&db, "root").await);

    record(&db, &archive("root"), &[1, 2]).await;
    assert_eq!(holders(&db, 1).await, vec!["root"]);
}

async fn archives_are_listed_page_by_page(database: TestDatabase) {
    let db = database.open().await;
    for number in 0..7 {
        record(&db, &archive(&format!("r{number}")), &[]).await;
    }
    let (mut seen, mut after) = (Vec::new(), ContentId(0));
    loop {
        let page = db.read(move |s| Box::pin(contents::contents_after(s, after, 3))).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = last.id;
        seen.extend(page.into_iter().map(|content| content.content.root));
    }
    assert_eq!(seen, vec!["r0", "r1", "r2", "r3", "r4", "r5", "r6"]);
}

fn archive(root: &str) -> NewContent {
    NewContent { root: root.to_owned(), kind: ContentKind::File, size: 10, car_bytes: 22, block_count: 3 }
}

async fn record(db: &Db, new: &NewContent, prefixes: &[i64]) -> Option<ContentId> {
    let (new, prefixes) = (new.clone(), prefixes.to_vec());
    db.write(move |s| {
        Box::pin(async move {
            let id = contents::insert_content(s, &new, Timestamp::from_millis(5)).await?;
            if let Some(id) = id {
                contents::insert_blocks(s, id, &prefixes).await?;
            }
            Ok(id)
        })
    })
    .await
    .unwrap()
}

async fn find(db: &Db, root: &str) -> Option<Content> {
    let root = root.to_owned();
    db.read(move |s| Box::pin(async move { contents::find_content(s, &root).await })).await.unwrap()
}

async fn holders(db: &Db, prefix: i64) -> Vec<String> {
    db.read(move |s| Box::pin(contents::public_roots_with_block(s, prefix))).await.unwrap()
}

async fn is_public(db: &Db, root: &'static str) -> bool {
    db.read(move |s| Box::pin(pins::is_public(s, root))).await.unwrap()
}

async fn incoming(db: &Db, node: &'static str) -> Vec<String> {
    db.read(move |s| Box::pin(contents::incoming_of(s, node))).await.unwrap()
}

async fn totals(db: &Db) -> Totals {
    db.read(|s| Box::pin(contents::totals(s))).await.unwrap()
}

async fn count_blocks(db: &Db) -> u64 {
    db.read(|s| Box::pin(async move { s.query_one("SELECT count(*) FROM blocks", &[]).await?.get(0) }))
        .await
        .unwrap()
}

//! Pins and their lists.

use tidegate::clock::Timestamp;
use tidegate::db::pins::{self, NewPin, Pin, PinQuery, PinSource, Visibility};
use tidegate::db::{AccountId, Db, PinId};

use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    pinning_the_same_again_updates_the_one_entry,
    of_many_who_pin_at_once_one_is_new,
    lists_are_by_date_with_both_ends_included,
    accounts_do_not_see_each_others_pins,
    a_deleted_pin_is_gone_and_its_id_is_not_reused,
    strange_names_come_back_as_they_were,
];

async fn pinning_the_same_again_updates_the_one_entry(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let first = pin(&db, new_pin(account, "root"), 1000).await;
    assert!(first.is_new());

    let mut again = new_pin(account, "root");
    again.name = None;
    again.meta = r#"{"a":"b"}"#.to_owned();
    again.visibility = Visibility::Private;
    again.cid = "QmOther".to_owned();
    let second = pin(&db, again.clone(), 2000).await;
    assert!(!second.is_new());
    assert_eq!(second.id, first.id);
    assert_eq!(second.pin, again);
    assert_eq!(second.created_at, Timestamp::from_millis(1000));
    assert_eq!(second.pinned_at, Timestamp::from_millis(2000));
    assert_eq!(list(&db, everything(account)).await, (vec![second.clone()], 1));

    let id = second.id;
    let found = db.read(move |s| Box::pin(pins::find_pin(s, account, id))).await.unwrap();
    assert_eq!(found, Some(second));
}

async fn of_many_who_pin_at_once_one_is_new(database: TestDatabase) {
    let db = std::sync::Arc::new(database.open().await);
    let account = new_account(&db, "a@example.org").await;
    let tasks: Vec<_> = (0..20)
        .map(|millis| {
            let db = std::sync::Arc::clone(&db);
            tokio::spawn(async move { pin(&db, new_pin(account, "root"), millis).await })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += u32::from(task.await.unwrap().is_new());
    }
    assert_eq!(new, 1);
}

async fn lists_are_by_date_with_both_ends_included(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    // Two of them in the same millisecond: their order is that of their ids, and no page loses one.
    for (root, millis) in [("r1", 1000), ("r2", 2000), ("r3", 2000), ("r4", 3000)] {
        pin(&db, new_pin(account, root), millis).await;
    }
    let roots = async |query| {
        let (pins, count) = list(&db, query).await;
        (pins.into_iter().map(|pin| pin.pin.root).collect::<Vec<_>>(), count)
    };
    let all = everything(account);
    assert_eq!(roots(all).await, (words(&["r4", "r3", "r2", "r1"]), 4));
    let oldest = PinQuery { newest_first: false, ..all };
    assert_eq!(roots(oldest).await, (words(&["r1", "r2", "r3", "r4"]), 4));
    let page = PinQuery { offset: 1, limit: 2, ..all };
    assert_eq!(roots(page).await, (words(&["r3", "r2"]), 4));
    let span = PinQuery { from: Timestamp::from_millis(1000), until: Timestamp::from_millis(2000), ..all };
    assert_eq!(roots(span).await, (words(&["r3", "r2", "r1"]), 3));
    let beyond = PinQuery { offset: u64::MAX, ..all };
    assert_eq!(roots(beyond).await, (vec![], 4));
}

async fn accounts_do_not_see_each_others_pins(database: TestDatabase) {
    let db = database.open().await;
    let mine = new_account(&db, "a@example.org").await;
    let other = new_account(&db, "b@example.org").await;
    let pinned = pin(&db, new_pin(mine, "root"), 1).await.id;
    assert!(pin(&db, new_pin(other, "root"), 1).await.is_new());
    assert_eq!(list(&db, everything(mine)).await.1, 1);

    assert_eq!(db.read(move |s| Box::pin(pins::find_pin(s, other, pinned))).await.unwrap(), None);
    assert_eq!(db.write(move |s| Box::pin(pins::delete_pin(s, other, pinned))).await.unwrap(), None);
    assert!(db.read(move |s| Box::pin(pins::find_pin(s, mine, pinned))).await.unwrap().is_some());
}

async fn a_deleted_pin_is_gone_and_its_id_is_not_reused(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let pinned = pin(&db, new_pin(account, "root"), 1).await;
    let pins_of_root = || db.read(|s| Box::pin(pins::count_pins_of_root(s, "root")));
    assert_eq!(pins_of_root().await, Ok(1));

    let id = pinned.id;
    let deleted = db.write(move |s| Box::pin(pins::delete_pin(s, account, id))).await.unwrap();
    assert_eq!(deleted, Some(pinned));
    assert_eq!(pins_of_root().await, Ok(0));
    let again = pin(&db, new_pin(account, "root"), 1).await;
    assert!(again.is_new());
    assert!(again.id > PinId(id.0));
}

async fn strange_names_come_back_as_they_were(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    for name in ["", " ", "%_'\"\\;--", "ü 🦀 \u{202e}", &"n".repeat(1000)] {
        let mut new = new_pin(account, "root");
        new.name = Some(name.to_owned());
        assert_eq!(pin(&db, new.clone(), 1).await.pin, new);
        assert_eq!(list(&db, everything(account)).await.0[0].pin, new);
    }
}

pub fn new_pin(account: AccountId, root: &str) -> NewPin {
    NewPin {
        account,
        root: root.to_owned(),
        cid: format!("Qm{root}"),
        name: Some("a name".to_owned()),
        meta: "{}".to_owned(),
        visibility: Visibility::Public,
        source: PinSource::PinFile,
        size: 7,
    }
}

pub async fn pin(db: &Db, pin: NewPin, millis: i64) -> Pin {
    db.write(move |s| {
        Box::pin(async move { pins::upsert_pin(s, &pin, Timestamp::from_millis(millis)).await })
    })
    .await
    .unwrap()
}

fn everything(account: AccountId) -> PinQuery {
    PinQuery {
        account,
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        newest_first: true,
        offset: 0,
        limit: 1000,
    }
}

async fn list(db: &Db, query: PinQuery) -> (Vec<Pin>, u64) {
    db.read(move |s| {
        Box::pin(async move { Ok((pins::list_pins(s, &query).await?, pins::count_pins(s, &query).await?)) })
    })
    .await
    .unwrap()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

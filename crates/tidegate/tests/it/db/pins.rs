//! Pins and their lists.

use tidegate::clock::Timestamp;
use tidegate::db::pins::{
    self, NewPin, Pin, PinQuery, PinSource, Visibility,
    pages::{PinOrder, PinPage, PinPlace, page_of_pins},
};
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
    every_order_goes_through_all_pins_page_by_page,
    a_part_of_a_name_finds_all_that_have_it,
    a_place_stays_when_its_pin_goes,
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

async fn every_order_goes_through_all_pins_page_by_page(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let other = new_account(&db, "b@example.org").await;
    // Ties in everything that lists are sorted by.
    for (root, name, size, millis) in [
        ("r1", Some("b"), 5, 2000),
        ("r2", Some("B"), 9, 1000),
        ("r3", None, 5, 2000),
        ("r4", Some("ä"), 1, 3000),
        ("r5", Some("a"), 5, 1000),
    ] {
        let name = name.map(str::to_owned);
        pin(&db, NewPin { name: name.clone(), size, ..new_pin(account, root) }, millis).await;
        pin(&db, NewPin { name, size, ..new_pin(other, root) }, millis).await;
    }
    for (order, expected) in [
        (PinOrder::Newest, ["r4", "r3", "r1", "r5", "r2"]),
        (PinOrder::Oldest, ["r2", "r5", "r1", "r3", "r4"]),
        (PinOrder::Largest, ["r2", "r5", "r3", "r1", "r4"]),
        // One without a name stands where its CID belongs, "Qmr3".
        (PinOrder::Name, ["r5", "r1", "r2", "r3", "r4"]),
    ] {
        for limit in 1..=6 {
            assert_eq!(pages(&db, account, order, "", limit).await, words(&expected), "{order:?} by {limit}");
        }
    }
}

async fn a_part_of_a_name_finds_all_that_have_it(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    for (root, name) in [
        ("r1", Some("Summer/Beach 1.jpg")),
        ("r2", Some("beach.mov")),
        ("r3", Some("100% of it_all!")),
        ("r4", None),
        ("r5", Some("Öl")),
    ] {
        pin(&db, NewPin { name: name.map(str::to_owned), ..new_pin(account, root) }, 1).await;
    }
    for (part, expected) in [
        ("beach", &["r2", "r1"][..]),
        ("BEACH ", &["r1"]),
        (".jpg", &["r1"]),
        ("%", &["r3"]),
        ("t_a", &["r3"]),
        ("_", &["r3"]),
        ("!", &["r3"]),
        ("%!", &[]),
        ("qmr", &["r4"]),
        ("Öl", &["r5"]),
        ("'", &[]),
    ] {
        for limit in [1, 3] {
            assert_eq!(pages(&db, account, PinOrder::Newest, part, limit).await, words(expected), "{part}");
        }
    }
    // It is found by the name that it has now.
    let renamed = NewPin { name: Some("dune.mov".to_owned()), ..new_pin(account, "r2") };
    pin(&db, renamed, 2).await;
    assert_eq!(pages(&db, account, PinOrder::Newest, "beach", 3).await, ["r1"]);
    assert_eq!(pages(&db, account, PinOrder::Newest, "dune", 3).await, ["r2"]);
}

async fn a_place_stays_when_its_pin_goes(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    for (root, millis) in [("r1", 1000), ("r2", 2000), ("r3", 3000)] {
        pin(&db, new_pin(account, root), millis).await;
    }
    let second = &page(&db, account, PinOrder::Newest, "", None, 2).await[1];
    let place = second.place(PinOrder::Newest);
    let id = second.id;
    db.write(move |s| Box::pin(pins::delete_pin(s, account, id))).await.unwrap();
    let rest = page(&db, account, PinOrder::Newest, "", Some(place.clone()), 2).await;
    assert_eq!(rest.iter().map(|pin| pin.pin.root.as_str()).collect::<Vec<_>>(), ["r1"]);

    // What is no place is the beginning.
    let nowhere = PinPlace { key: "nowhere".to_owned(), ..place };
    assert_eq!(page(&db, account, PinOrder::Newest, "", Some(nowhere), 9).await.len(), 2);
}

/// The roots of all pages, each of which begins where the one before has ended.
async fn pages(db: &Db, account: AccountId, order: PinOrder, name: &str, limit: u32) -> Vec<String> {
    let (mut roots, mut after) = (Vec::new(), None);
    loop {
        let found = page(db, account, order, name, after, limit).await;
        let sorted_by = if name.is_empty() { order } else { PinOrder::Name };
        after = found.last().map(|last| last.place(sorted_by));
        roots.extend(found.into_iter().map(|pin| pin.pin.root));
        if after.is_none() {
            return roots;
        }
    }
}

async fn page(
    db: &Db,
    account: AccountId,
    order: PinOrder,
    name: &str,
    after: Option<PinPlace>,
    limit: u32,
) -> Vec<Pin> {
    let page = PinPage { account, order, name: name.to_owned(), after, limit };
    db.read(move |s| Box::pin(async move { page_of_pins(s, &page).await })).await.unwrap()
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

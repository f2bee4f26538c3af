//! Figures of days, and accounts as administrators see them, as rows.

use tidegate::clock::{Day, Timestamp};
use tidegate::db::roster::{self, Entry};
use tidegate::db::usage::{self, Held, ServerDay, TrafficDay};
use tidegate::db::{AccountId, Db, accounts, password_links};

use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

on_both_engines![
    a_day_is_noted_once_and_the_one_before_a_span_tells_how_it_begins,
    what_is_forgotten_is_not_what_later_days_stand_on,
    accounts_that_changed_are_told_from_those_that_did_not,
    traffic_of_a_day_adds_up,
    accounts_are_searched_and_listed_page_by_page,
    of_two_administrators_one_is_left,
    a_password_link_is_one_for_an_account,
];

async fn put(db: &Db, account: AccountId, day: i64, bytes: u64) {
    let held = Held { bytes, pins: bytes / 10 };
    db.write(move |s| Box::pin(usage::put_account_day(s, account, Day::from_number(day), held)))
        .await
        .unwrap();
}

/// Days and bytes.
async fn days(db: &Db, account: AccountId, first: i64) -> Vec<(i64, u64)> {
    let rows = db.read(move |s| Box::pin(usage::account_days(s, account, Day::from_number(first)))).await;
    rows.unwrap().into_iter().map(|(day, held)| (day.number(), held.bytes)).collect()
}

async fn a_day_is_noted_once_and_the_one_before_a_span_tells_how_it_begins(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    for (day, bytes) in [(10, 100), (12, 120), (12, 125), (15, 150)] {
        put(&db, ann, day, bytes).await;
    }
    put(&db, bob, 11, 999).await;
    assert_eq!(days(&db, ann, 0).await, [(10, 100), (12, 125), (15, 150)]);
    assert_eq!(days(&db, ann, 14).await, [(12, 125), (15, 150)]);
    assert_eq!(days(&db, ann, 15).await, [(15, 150)]);
    assert_eq!(days(&db, ann, 99).await, [(15, 150)]);
    assert_eq!(days(&db, bob, 0).await, [(11, 999)]);
}

async fn what_is_forgotten_is_not_what_later_days_stand_on(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    for day in [1, 5, 9, 20] {
        put(&db, ann, day, 100).await;
        let server = ServerDay {
            day: Day::from_number(day),
            noted_at: Timestamp::from_millis(day),
            accounts: 2,
            pins: 3,
            contents: 4,
            bytes: 5,
        };
        db.write(move |s| Box::pin(async move { usage::put_server_day(s, &server).await })).await.unwrap();
    }
    put(&db, bob, 2, 200).await;
    let mut forgotten = Vec::new();
    while forgotten.last() != Some(&0) {
        forgotten
            .push(db.write(|s| Box::pin(usage::forget_before(s, Day::from_number(10), 1))).await.unwrap());
    }
    assert_eq!(forgotten, [1, 1, 0]);
    assert_eq!(days(&db, ann, 0).await, [(9, 100), (20, 100)]);
    assert_eq!(days(&db, bob, 0).await, [(2, 200)], "nothing later says what Bob has");
    let server = db.read(|s| Box::pin(usage::server_days(s, Day::from_number(0)))).await.unwrap();
    assert_eq!(server.iter().map(|day| day.day.number()).collect::<Vec<_>>(), [20]);
    let latest = db.read(|s| Box::pin(usage::latest_server_day(s))).await.unwrap();
    assert_eq!(latest.as_ref(), server.first());
}

async fn accounts_that_changed_are_told_from_those_that_did_not(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    db.write(move |s| Box::pin(accounts::charge_anyway(s, bob, 70))).await.unwrap();
    put(&db, ann, 1, 0).await;
    put(&db, bob, 1, 60).await;
    let look = async |after: AccountId, limit| {
        db.read(move |s| Box::pin(usage::look(s, after, limit))).await.unwrap()
    };
    let all = look(AccountId(0), 10).await;
    assert_eq!(all.iter().map(|look| look.account).collect::<Vec<_>>(), [ann, bob]);
    assert_eq!((all[0].now, all[0].noted), (Held::default(), Some(Held::default())));
    assert_eq!(all[1].now, Held { bytes: 70, pins: 0 });
    assert_eq!(all[1].noted, Some(Held { bytes: 60, pins: 6 }));
    assert_eq!(look(ann, 1).await, all[1..]);
    let now = db.read(move |s| Box::pin(usage::held_now(s, bob))).await.unwrap();
    assert_eq!(now, Some(all[1].now));
    assert_eq!(db.read(|s| Box::pin(usage::held_now(s, AccountId(99)))).await, Ok(None));
}

async fn traffic_of_a_day_adds_up(database: TestDatabase) {
    let db = database.open().await;
    for (day, surface, requests) in [(1, "gateway", 2), (2, "gateway", 3), (2, "api", 1), (2, "gateway", 4)] {
        let more = TrafficDay {
            day: Day::from_number(day),
            surface: surface.to_owned(),
            requests,
            sent: requests * 1000,
        };
        db.write(move |s| Box::pin(async move { usage::add_traffic(s, &more).await })).await.unwrap();
    }
    let of_second = db.read(|s| Box::pin(usage::traffic_days(s, Day::from_number(2)))).await.unwrap();
    let shown: Vec<_> = of_second.iter().map(|row| (row.surface.as_str(), row.requests, row.sent)).collect();
    assert_eq!(shown, [("api", 1, 1000), ("gateway", 7, 7000)]);
}

async fn list(db: &Db, search: &'static str, before: AccountId, limit: u32) -> Vec<Entry> {
    db.read(move |s| Box::pin(roster::list_accounts(s, search, before, limit))).await.unwrap()
}

async fn accounts_are_searched_and_listed_page_by_page(database: TestDatabase) {
    let db = database.open().await;
    for name in ["ann", "bob", "a_n", "anna"] {
        new_account(&db, &format!("{name}@example.org")).await;
    }
    let all = AccountId(i64::MAX);
    let names = |entries: &[Entry]| {
        let names = entries.iter().map(|entry| entry.email.split('@').next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    let first = list(&db, "", all, 3).await;
    assert_eq!(names(&first), ["anna", "a_n", "bob"]);
    assert_eq!(names(&list(&db, "", first[2].id, 3).await), ["ann"]);
    assert_eq!(names(&list(&db, "ann", all, 3).await), ["anna", "ann"]);
    assert_eq!(names(&list(&db, "a_n", all, 3).await), ["a_n"], "it stands for itself");
    assert_eq!(names(&list(&db, "%", all, 3).await), [""; 0]);
    let entry = &first[2];
    assert_eq!((entry.is_admin, entry.disabled_at, entry.seen_at(), entry.pins), (false, None, None, 0));
}

async fn of_two_administrators_one_is_left(database: TestDatabase) {
    let db = database.open().await;
    let (ann, bob) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    for id in [ann, bob] {
        db.write(move |s| Box::pin(accounts::set_admin(s, id, true))).await.unwrap();
    }
    let now = Timestamp::from_millis(7);
    let unmake = |id| db.write(move |s| Box::pin(roster::unmake_admin(s, id)));
    let disable = |id| db.write(move |s| Box::pin(roster::disable(s, id, now)));
    // Each takes the office from the other, at once, in all the ways there are.
    let (one, two) = tokio::join!(unmake(ann), disable(bob));
    assert!(one.unwrap() != two.unwrap(), "one of them is left who can sign in");
    let left = list(&db, "", AccountId(i64::MAX), 9).await;
    let left: Vec<_> = left.iter().filter(|entry| entry.is_admin && entry.disabled_at.is_none()).collect();
    assert_eq!(left.len(), 1);
    let last = left[0].id;
    assert!(!unmake(last).await.unwrap() && !disable(last).await.unwrap());
    assert!(!disable(AccountId(99)).await.unwrap());
}

async fn a_password_link_is_one_for_an_account(database: TestDatabase) {
    let db = database.open().await;
    let ann = new_account(&db, "a@example.org").await;
    let at = Timestamp::from_millis;
    for (token, until) in [([1; 32], 10), ([2; 32], 20)] {
        db.write(move |s| Box::pin(async move { password_links::put_link(s, ann, &token, at(until)).await }))
            .await
            .unwrap();
    }
    let take = async |token: [u8; 32], now| {
        db.write(move |s| Box::pin(async move { password_links::take_link(s, &token, at(now)).await }))
            .await
            .unwrap()
    };
    assert_eq!(take([1; 32], 5).await, None, "there is a newer one");
    assert_eq!(take([2; 32], 20).await, None, "it is over");
    assert_eq!(take([2; 32], 19).await, Some(ann));
    assert_eq!(take([2; 32], 19).await, None, "it is used");
}

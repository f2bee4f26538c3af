//! Usage over time, as it is noted and as it is shown.

use std::time::Duration;

use tidegate::db::usage::Held;

use crate::support::{
    browser::Browser,
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    person::Person,
    server::TestServer,
};

on_both_engines![what_an_account_had_is_known_day_by_day, what_was_answered_is_counted_by_day_and_surface];

const DAY: Duration = Duration::from_secs(86_400);

async fn what_an_account_had_is_known_day_by_day(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let mut ann = Person::register(&server, "ann").await;
    let usage = &server.app.usage;
    let first = ann.pin(&content(unique(), 1000)).await;
    usage.note().await.unwrap();
    server.clock.advance(DAY);
    ann.token = ann.fresh_token().await;
    ann.pin(&content(unique(), 500)).await;
    usage.note().await.unwrap();
    usage.note().await.unwrap();
    server.clock.advance(DAY * 2);
    ann.unpin(&first).await.expect(200);

    let held = |bytes, pins| Held { bytes, pins };
    let days = usage.of_account(ann.account, 5).await.unwrap().unwrap();
    let values: Vec<_> = days.iter().map(|(_, held)| *held).collect();
    assert_eq!(values, [held(0, 0), held(1000, 1), held(1500, 2), held(1500, 2), held(500, 1)]);
    assert_eq!(days[4].0, server.clock.now().day());
    assert_eq!(usage.of_account(ann.account, 2).await.unwrap().unwrap(), days[3..]);
    assert_eq!(usage.of_account(tidegate::db::AccountId(99), 5).await, Ok(None));

    usage.note().await.unwrap();
    let of_server: Vec<_> =
        usage.of_server(4).await.unwrap().into_iter().map(|(_, held)| held.pins).collect();
    assert_eq!(of_server, [1, 2, 2, 1]);
    let latest = usage.latest().await.unwrap().unwrap();
    assert_eq!((latest.accounts, latest.pins, latest.noted_at), (1, 1, server.clock.now()));
}

async fn what_was_answered_is_counted_by_day_and_surface(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = Person::register(&server, "ann").await;
    let cid = ann.pin(&content(unique(), 1000)).await;
    let of_gateway = async |days| {
        let rows = server.app.usage.of_surfaces(days).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.surface == "gateway");
        rows.map(|row| (row.requests, row.sent)).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        server.get(&format!("/ipfs/{cid}")).await.expect(200);
    }
    // A request is counted when its last byte is sent, which its client may see first.
    eventually("they are counted", async || of_gateway(1).await == [(3, 3000)]).await;
    server.app.usage.note().await.unwrap();
    assert_eq!(of_gateway(1).await, [(3, 3000)], "what is written down is not counted twice");
    server.clock.advance(DAY);
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
    eventually("it is counted", async || of_gateway(2).await == [(3, 3000), (1, 1000)]).await;
    assert_eq!(of_gateway(1).await, [(1, 1000)]);
}

#[tokio::test]
async fn what_was_answered_last_is_kept_when_the_server_stops() {
    let mut server = TestServer::start().await;
    server.get("/livez").await.expect(200);
    server.begin_stop();
    server.stopped().await;
    let rows = server.app.usage.of_surfaces(1).await.unwrap();
    let (counted, written) =
        (server.app.usage.traffic().look(), rows.iter().map(|row| row.requests).sum::<u64>());
    assert_eq!((counted.len(), written), (0, 1), "{rows:?}");
}

#[tokio::test]
async fn charts_are_for_eyes_ears_and_administrators() {
    let server = TestServer::start().await;
    let (mut member, id) = Browser::of(&server, "ann").await;
    let (mut admin, _) = Browser::of_admin(&server, "bob").await;
    server.app.accounts.set_quota(id, Some(4 << 20)).await.unwrap();
    let page = member.page("/panel/usage?days=30").await;
    assert_eq!(page.matches("<svg ").count(), 2, "{page}");
    assert!(
        page.contains("of 4.0 MiB") && page.contains("role=\"img\"") && page.contains("As a table"),
        "{page}"
    );
    let today = server.clock.now().day();
    assert!(page.contains(&format!("<th scope=\"row\">{today}</th>")), "{page}");
    assert_eq!(page.matches("<th scope=\"row\">").count(), 60, "30 days in each of two tables");
    assert!(!page.contains("The whole server") && !page.contains("style="), "{page}");

    let page = admin.page("/panel/usage").await;
    assert_eq!(page.matches("<svg ").count(), 6, "{page}");
    assert!(page.contains("The whole server") && page.contains("Requests a day"), "{page}");
    assert_eq!(member.get("/panel/usage?days=1000000").await.status, 422);
    assert_eq!(member.get("/panel/usage?days=x").await.status, 422);
}

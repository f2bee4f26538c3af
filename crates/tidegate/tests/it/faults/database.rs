//! A database that is away or takes no changes.

use secrecy::ExposeSecret as _;
use tidegate::db::DbOptions;

use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    postgres::run_in,
    server::TestServer,
};

on_both_engines![while_the_database_is_away_all_doors_say_try_again];

async fn while_the_database_is_away_all_doors_say_try_again(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = ann.pin(&bytes).await;
    server.app.close().await;
    for path in ["/ping", "/endpoint/list", "/oauth/accessToken"] {
        ann.ask(path).await.refusal(503);
    }
    ann.upload(ann.form(&cid).file("a", &bytes)).await.refusal(503);
    for query in ["", "?format=raw", "?format=car"] {
        let answer = server.get(&format!("/ipfs/{cid}{query}")).await.expect(503);
        assert_eq!(answer.text(), "The server cannot do this now; try again later\n");
        assert!(!answer.header("cache-control").contains("immutable"));
    }
    assert_eq!(server.staged(), 0);
    // A bad key is still just that: it is told by its signature.
    server.get("/ping").await.refusal(401);
}

/// As when the operator has failed over to a standby.
#[tokio::test]
async fn a_database_that_takes_no_changes_refuses_uploads_and_serves_on() {
    let database = TestDatabase::postgres().await;
    let DbOptions::Postgres { url, .. } = database.options.clone() else {
        unreachable!("it was just made as one")
    };
    let url = url.expose_secret().to_owned();
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let kept = content(unique(), 1000);
    let cid = ann.pin(&kept).await;

    set_read_only(&url, true).await;
    let bytes = content(unique(), 1000);
    let form = || ann.form(&cid_v0(&bytes)).file("a", &bytes);
    eventually("connections are new ones", async || ann.ask("/ping").await.status == 200).await;
    ann.upload(form()).await.refusal(503);
    let served = server.get(&format!("/ipfs/{cid}")).await.expect(200);
    assert_eq!(served.body, kept);
    assert_eq!((server.cars().len(), server.staged()), (1, 0));

    set_read_only(&url, false).await;
    eventually("uploads work again", async || ann.upload(form()).await.status == 200).await;
    assert_eq!(server.cars().len(), 2);
}

/// For new connections; the server's old ones are cut. Said from another database, which takes changes all the time.
async fn set_read_only(url: &str, read_only: bool) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let elsewhere = format!("{server}/postgres");
    for statement in [
        format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"),
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    ] {
        run_in(&elsewhere, &statement).await;
    }
}

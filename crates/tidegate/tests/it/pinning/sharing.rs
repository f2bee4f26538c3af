//! The same content again: by the same person, by another, and by many at once.

use std::time::Duration;

use crate::support::{
    content::{Item, cid_v0, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    form::Form,
    server::TestServer,
};

on_both_engines![
    pinning_again_renews_the_one_pin,
    content_of_two_people_is_stored_once_and_counted_twice,
    of_many_identical_uploads_at_once_all_succeed,
    many_different_uploads_at_once_all_succeed,
];

async fn pinning_again_renews_the_one_pin(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let v0 = cid_v0(&bytes);
    let v1 = tidegate_content::content_key(&tidegate_content::parse_cid(&v0).unwrap()).to_string();
    ann.upload(ann.form(&v0).file("first", &bytes)).await.expect(200);
    server.clock.advance(Duration::from_secs(60));
    let again = ann.upload(ann.form(&v1).file("second", &bytes)).await.expect(200).json();
    assert_eq!(again["PinDate"], "2023-11-14T22:14:20.123Z");
    assert_eq!(again["PinHash"], v1);

    let pins = server.pins(ann.account).await;
    assert_eq!(pins.len(), 1);
    let kept = (&*pins[0].pin.cid, pins[0].pin.name.as_deref(), pins[0].pinned_at.to_string());
    assert_eq!(kept, (&*v1, Some("second"), "2023-11-14T22:14:20.123Z".to_owned()));
    assert_eq!(pins[0].created_at.to_string(), "2023-11-14T22:13:20.123Z");
    assert_eq!(server.used_bytes(ann.account).await, 1000, "counted once");
    assert_eq!(server.cars().len(), 1);
    assert_eq!(server.staged(), 0);
}

async fn content_of_two_people_is_stored_once_and_counted_twice(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 300_000);
    let cid = ann.pin(&bytes).await;
    assert_eq!(bob.pin(&bytes).await, cid);
    assert_eq!(server.cars().len(), 1);
    let totals = server.totals().await;
    assert_eq!((totals.pins, totals.contents), (2, 1));
    for account in [ann.account, bob.account] {
        assert_eq!(server.used_bytes(account).await, 300_000);
    }
}

async fn of_many_identical_uploads_at_once_all_succeed(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bytes = content(unique(), 300_000);
    let cid = cid_v0(&bytes);
    let uploads = (0..32).map(|number| {
        let person = if number % 2 == 0 { &ann } else { &bob };
        let form = person.form(&cid).file("a", &bytes);
        async move { person.upload(form).await }
    });
    for answer in futures_util::future::join_all(uploads).await {
        assert_eq!(answer.expect(200).json()["PinHash"], cid);
    }
    assert_eq!(server.cars().len(), 1);
    assert_eq!(server.staged(), 0);
    let totals = server.totals().await;
    assert_eq!((totals.pins, totals.contents), (2, 1));
    assert_eq!(server.used_bytes(ann.account).await, 300_000);
    let served = server.get(&format!("/ipfs/{cid}")).await.expect(200);
    assert!(served.body == bytes);
}

async fn many_different_uploads_at_once_all_succeed(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let contents: Vec<_> = (0..32).map(|_| content(unique(), 20_000)).collect();
    let uploads = contents.iter().map(|bytes| ann.pin(bytes));
    let cids = futures_util::future::join_all(uploads).await;
    for (cid, bytes) in cids.iter().zip(&contents) {
        assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
    }
    assert_eq!(server.used_bytes(ann.account).await, 32 * 20_000);
    assert_eq!(server.pins(ann.account).await.len(), 32);
}

#[tokio::test]
async fn two_files_of_the_same_content_are_stored_once_in_their_folder() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 262_144);
    let items = [file("one", bytes.clone()), file("two", bytes.clone()), Item::Folder("empty".to_owned())];
    let cid = folder_cid(tidegate_content::Profile::UNIXFS_V0_2015, &items).to_string();
    let form = Form::new().items(&items).text("cid", &cid).text("secret", &ann.sign(&cid));
    let answer = ann.upload(form).await.expect(200);
    assert_eq!(answer.json()["PinSize"], 2 * 262_144);
    let totals = server.totals().await;
    assert_eq!(totals.blocks, 3, "the file, the empty folder, the folder");
    assert!(totals.car_bytes < 270_000);
    for name in ["one", "two"] {
        assert!(server.get(&format!("/ipfs/{cid}/{name}")).await.expect(200).body == bytes);
    }
}

//! How full the disk is, as a page.

use crate::support::{
    browser::Browser,
    content::{content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::TestServer,
};

on_both_engines![the_disk_is_told_in_words];

const PATH: &str = "/panel/admin/storage";

async fn the_disk_is_told_in_words(database: TestDatabase) {
    let server = TestServer::on(database, |config| config.store.size = bytesize::ByteSize::kib(8)).await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let cid = bob.pin(&content(unique(), 1000)).await;
    server.app.usage.note().await.unwrap();
    let page = admin.page(PATH).await;
    for words in ["free</p>", "of 8.0 KiB (store.size)", "Contents: 1. Pins: 1. Accounts: 2.", "Never"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("Nothing more can be stored"), "{page}");

    bob.unpin(&cid).await.expect(200);
    let use_of_disk = server.app.pins.disk_use().await.unwrap();
    assert_eq!((use_of_disk.waiting, use_of_disk.more_waiting), (1, false));
    assert!(use_of_disk.waiting_bytes >= 1000 && use_of_disk.database > 0, "{use_of_disk:?}");
    assert!(admin.page(PATH).await.contains("nobody has pinned any more: 1."));

    let audit = server.app.pins.audit(|_| {}, |_| {}).await.unwrap();
    server.app.pins.remember_audit(&audit).await.unwrap();
    let page = admin.page(PATH).await;
    assert!(page.contains("All good") && page.contains("Files: 1, with"), "{page}");
}

//! A store that takes so many bytes and no more.

use bytesize::ByteSize;

use crate::support::{
    content::{cid_v0, content, unique},
    eventually,
    server::TestServer,
};

#[tokio::test]
async fn a_full_store_refuses_uploads_and_serves_what_it_has() {
    let server = TestServer::with(|config| config.store.size = ByteSize(1_000_000)).await;
    let ann = server.person("ann").await;
    let first = content(unique(), 600_000);
    let cid = ann.pin(&first).await;
    let second = content(unique(), 600_000);
    let form = || ann.form(&cid_v0(&second)).file("a", &second);
    ann.upload(form()).await.refusal(507);
    eventually("nothing stays staged", async || server.staged() == 0).await;
    // The bytes of the refused upload are free again.
    ann.pin(&content(unique(), 300_000)).await;
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == first);
    ann.upload(form()).await.refusal(507);
}

#[tokio::test]
async fn unpinned_content_makes_room_before_its_time_the_longest_unpinned_first() {
    let server = TestServer::with(|config| config.store.size = ByteSize(1_000_000)).await;
    let ann = server.person("ann").await;
    let mut cids = Vec::new();
    for _ in 0..3 {
        cids.push(ann.pin(&content(unique(), 300_000)).await);
    }
    for cid in [&cids[1], &cids[0]] {
        server.clock.advance(std::time::Duration::from_secs(1));
        ann.unpin(cid).await.expect(200);
    }
    assert_eq!(server.cars().len(), 3, "their time is not over");
    ann.pin(&content(unique(), 300_000)).await;
    let names: Vec<String> = server.cars().iter().map(|car| car.display().to_string()).collect();
    let root =
        |cid: &String| tidegate_content::content_key(&tidegate_content::parse_cid(cid).unwrap()).to_string();
    assert_eq!(names.len(), 3, "no more than needed was removed");
    assert!(!names.iter().any(|name| name.contains(&root(&cids[1]))));
    assert!(names.iter().any(|name| name.contains(&root(&cids[0]))));
}

#[tokio::test]
async fn what_an_earlier_run_stored_counts() {
    let mut server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.pin(&content(unique(), 600_000)).await;
    server.begin_stop();
    server.stopped().await;
    server.app.close().await;
    let mut config = server.app.config.clone();
    let (data, app) = server.into_parts();
    drop(app);
    config.store.size = ByteSize(1_000_000);
    let app = tidegate::app::App::open(config, tidegate::clock::Clock::system()).await.unwrap();
    let mut upload = app.pins.begin(tidegate_content::Profile::UNIXFS_V0_2015).unwrap();
    upload.open_file("a").await.unwrap();
    let refused = upload.write(content(unique(), 600_000)).await;
    assert!(matches!(refused, Err(tidegate::pins::PinError::StoreFull)), "{refused:?}");
    drop(data);
}

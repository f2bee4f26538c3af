//! Content that is here already, as a whole or in part, and content that is here but private.

use std::collections::HashSet;

use tidegate::db::{
    jobs::JobStatus,
    pins::{self, Visibility},
};
use tidegate_content::Profile;

use super::{ask_for, asking, pinned, tried};
use crate::support::{
    content::{cid_of, content, file, folder_cid, unique},
    dag::{Dag, Question},
    databases::{TestDatabase, on_both_engines},
    origin::Origin,
    person::Person,
    server::TestServer,
};

on_both_engines![what_is_here_is_pinned_without_asking_anybody, what_is_private_is_not_given_away];

async fn what_is_here_is_pinned_without_asking_anybody(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, ben) = (server.person("ann").await, server.person("ben").await);
    let bytes = content(unique(), 700_000);
    let cid = ann.pin(&bytes).await;
    let id = ask_for(&server, &ben, &cid).await;
    pinned(&server, &ben, &id).await;
    assert_eq!(server.used_bytes(ben.account).await, 700_000);
    // Ann has it twice, by two doors, and pays once.
    let id = ask_for(&server, &ann, &cid).await;
    pinned(&server, &ann, &id).await;
    assert_eq!((server.pins(ann.account).await.len(), server.used_bytes(ann.account).await), (2, 700_000));
    assert_eq!(server.cars().len(), 1);
}

async fn what_is_private_is_not_given_away(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, ben) = (server.person("ann").await, server.person("ben").await);
    let bytes = content(unique(), 300_000);
    let cid = ann.pin(&bytes).await;
    hide(&server, &ann).await;
    let id = ask_for(&server, &ben, &cid).await;
    let job = tried(&server, &ben, &id, 1).await;
    assert_eq!(job.status, JobStatus::Queued);
    assert!(job.reason.unwrap().contains("was not found"));
    assert!(server.pins(ben.account).await.is_empty());
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    // Its owner may have it once more.
    let id = ask_for(&server, &ann, &cid).await;
    pinned(&server, &ann, &id).await;
}

#[tokio::test]
async fn what_is_private_here_and_public_elsewhere_comes_from_there() {
    let dag = Dag::file(300_000);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let (ann, ben) = (server.person("ann").await, server.person("ben").await);
    let cid = dag.root.to_string();
    let id = ask_for(&server, &ann, &cid).await;
    pinned(&server, &ann, &id).await;
    hide(&server, &ann).await;
    let before = gateway.asked().len();
    let id = ask_for(&server, &ben, &cid).await;
    pinned(&server, &ben, &id).await;
    assert!(gateway.asked().len() > before);
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == dag.content);
    assert_eq!(server.cars().len(), 1);
}

#[tokio::test]
async fn a_file_of_a_folder_that_is_here_needs_nobody() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 600_000);
    let items = [file("a/b", bytes.clone()), file("c", "x")];
    let folder = folder_cid(Profile::UNIXFS_V0_2015, &items);
    ann.pin_folder(&folder.to_string(), &items).await.expect(200);
    let inside = cid_of(Profile::UNIXFS_V0_2015, &bytes).to_string();
    let id = ask_for(&server, &ann, &inside).await;
    pinned(&server, &ann, &id).await;
    assert_eq!(server.cars().len(), 2);
    assert!(server.get(&format!("/ipfs/{inside}")).await.expect(200).body == bytes);
}

#[tokio::test]
async fn of_a_new_version_only_what_is_new_is_fetched() {
    let kept: Vec<_> = (0..6).map(|at| file(&format!("file-{at}"), content(unique(), 100_000))).collect();
    let old = Dag::folder(&kept);
    let new = Dag::folder(&[&kept[..], &[file("new", content(unique(), 100_000))]].concat());
    let gateway = Origin::start({
        let (old, new) = (old.clone(), new.clone());
        move |asked| {
            let has_old = old.serve(asked);
            if matches!(Question::of(asked), Question::Archive(cid) if cid == new.root)
                || Question::block(asked).is_some_and(|cid| new.blocks.contains_key(&cid))
            {
                new.serve(asked)
            } else {
                has_old
            }
        }
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &old.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    let before = gateway.asked().len();
    let id = ask_for(&server, &ann, &new.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    let fetched: HashSet<_> = gateway.asked()[before..].iter().filter_map(Question::block).collect();
    let expected: HashSet<_> =
        new.order.iter().filter(|cid| !old.blocks.contains_key(*cid)).copied().collect();
    assert_eq!(fetched, expected);
}

/// Makes the person's only pin private.
async fn hide(server: &TestServer, person: &Person) {
    let mut pin = server.pins(person.account).await.remove(0).pin;
    pin.visibility = Visibility::Private;
    let now = server.clock.now();
    let write = server.app.db.write(move |s| Box::pin(async move { pins::upsert_pin(s, &pin, now).await }));
    write.await.unwrap();
    // A yes is remembered for a second.
    crate::support::eventually("it is hidden", async || {
        let root = server.pins(person.account).await[0].pin.root.clone();
        server.get(&format!("/ipfs/{root}")).await.status == 404
    })
    .await;
}

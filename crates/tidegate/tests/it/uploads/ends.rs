//! How uploads end: as pins, or with a reason.

use bytes::Bytes;
use serde_json::json;
use tidegate_content::Profile;

use super::protocol::files;
use crate::support::{
    content::{cid_v0, content, file, folder_cid, unique},
    dag::Dag,
    databases::{TestDatabase, on_both_engines},
    eventually,
    server::TestServer,
    tarball::tar,
    tus::{Tus, code},
};

on_both_engines![an_upload_can_wait_for_its_claim, other_content_ends_an_upload];

async fn an_upload_can_wait_for_its_claim(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (tus, bytes) = (Tus::of(&server, &ann), content(unique(), 300_000));
    let path = tus.begin(bytes.len(), &[("filename", "first name")]).await;
    let cid = cid_v0(&bytes);
    let claim = json!({"cid": cid, "secret": ann.sign(&cid), "name": "second name", "visibility": "private"});
    tus.patch(&path, 0, bytes.slice(..200_000)).await.expect(204);
    assert_eq!(code(tus.pin(&path, &claim).await, 409), "incomplete");
    tus.patch(&path, 200_000, bytes.slice(200_000..)).await.expect(204);
    assert_eq!(tus.show(&path).await["state"], "waiting");

    // A slip of the pen costs no upload.
    let forged = json!({"cid": cid, "secret": ann.sign("another text")});
    assert_eq!(code(tus.pin(&path, &forged).await, 400), "mismatch");
    assert_eq!(code(tus.pin(&path, &json!({"cid": cid})).await, 400), "bad_request");
    let endless = json!({"cid": "x".repeat(1 << 20)});
    assert_eq!(code(tus.pin(&path, &endless).await, 413), "too_large");
    let pinned = tus.pin(&path, &claim).await.expect(200).json();
    assert_eq!((&pinned["cid"], &pinned["visibility"]), (&json!(cid), &json!("private")));
    assert_eq!(tus.pin(&path, &claim).await.expect(200).json(), pinned);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    let pins = server.pins(ann.account).await;
    assert_eq!((pins.len(), pins[0].pin.name.as_deref()), (1, Some("second name")));
}

async fn other_content_ends_an_upload(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let cid = cid_v0(&Bytes::from_static(b"what was promised"));
    let path = tus.begin(5, &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    assert_eq!(code(tus.patch(&path, 0, "other").await, 400), "mismatch");
    assert_eq!(code(tus.patch(&path, 5, "").await, 410), "failed");
    tus.head(&path).await.expect(410);
    let standing = tus.show(&path).await;
    assert_eq!((&standing["state"], &standing["error"]["code"]), (&json!("failed"), &json!("mismatch")));
    assert_eq!(files(&server), 0);
    server.is_left_empty().await;
    tus.delete(&path).await.expect(204);
    tus.head(&path).await.expect(404);
}

#[tokio::test]
async fn a_key_that_was_replaced_meanwhile_signs_nothing() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let tus = Tus::of(&server, &ann);
    let cid = cid_v0(&Bytes::from_static(b"hello"));
    let path = tus.begin(5, &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    tus.patch(&path, 0, "hell").await.expect(204);
    let shown = server.app.accounts.show(bob.account).await.unwrap();
    let key = tidegate::accounts::PublicKey::parse(&shown.rsa_public_key).unwrap();
    server.app.accounts.set_public_key(ann.account, key).await.unwrap();
    assert_eq!(code(tus.patch(&path, 4, "o").await, 400), "mismatch");
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_folder_and_a_dag_come_as_archives() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let items = [file("a.txt", "a"), file("deep/b.txt", "b")];
    let archive = Bytes::from(tar(&items));
    let cid = folder_cid(Profile::UNIXFS_V1_2025, &items).to_string();
    let secret = ann.sign(&cid);
    let claim =
        [("cid", cid.as_str()), ("secret", &secret), ("profile", "unixfs-v1-2025"), ("format", "tar")];
    let path = tus.begin(archive.len(), &claim).await;
    tus.patch(&path, 0, archive.slice(..700)).await.expect(204);
    let last = tus.patch(&path, 700, archive.slice(700..)).await.expect(204);
    assert_eq!(last.header("x-tidegate-size"), "2");
    assert_eq!(server.get(&format!("/ipfs/{cid}/deep/b.txt")).await.expect(200).text(), "b");

    let dag = Dag::file(300_000);
    let (car, cid) = (Bytes::from(dag.car()), dag.root.to_string());
    let path = tus.begin(car.len(), &[("format", "car"), ("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    tus.patch(&path, 0, car).await.expect(204);
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, dag.content);

    let broken = Bytes::from(tar(&[file("../up", "x")]));
    let path = tus.begin(broken.len(), &claim).await;
    let answer = tus.patch(&path, 0, broken).await;
    assert!(answer.text().contains("../up"), "{answer:?}");
    assert_eq!(code(answer, 400), "bad_content");
    assert_eq!(files(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_while_it_is_imported_hears_the_same_end() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let bytes = content(unique(), 5_000_000);
    let cid = cid_v0(&bytes);
    let path = tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    tus.patch(&path, 0, bytes.slice(..4_999_999)).await.expect(204);
    let last = tokio::spawn(tus.patch_request(&path, 4_999_999, bytes.slice(4_999_999..)).send());
    eventually("all is here", async || tus.show(&path).await["offset"] == 5_000_000).await;
    let asked = (0..8).map(|_| tus.patch(&path, 5_000_000, Bytes::new()));
    let answers = futures_util::future::join_all(asked).await;
    // Whoever was overtaken before the import began has to ask again; afterwards all hear how it ends.
    assert!(answers.iter().all(|answer| [204, 409].contains(&answer.status)), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.header("x-tidegate-cid") == cid), "{answers:?}");
    assert!([204, 409].contains(&last.await.unwrap().unwrap().status().as_u16()));
    assert_eq!(server.pins(ann.account).await[0].repeats, 0, "it was imported once");
}

//! Killed at any moment: what was acknowledged is here, nothing more is claimed, and the upload goes on.

use bytes::Bytes;
use futures_util::StreamExt as _;
use tempfile::tempdir;

use crate::support::{
    content::{cid_v0, content, unique},
    eventually,
    person::Person,
    process::{Process, register_in},
    server::client,
    tus::Tus,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_its_server_was_killed_again_and_again() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let bytes = content(unique(), 8_000_000);
    let cid = cid_v0(&bytes);

    let process = Process::start(&data, &[]).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let tus = Tus::at(&process.url, &client(), &ann);
    let path = tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    let acknowledged = 1_000_000;
    tus.patch(&path, 0, bytes.slice(..acknowledged)).await.expect(204);
    // In the middle of a request, some way in.
    let endless = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes.slice(acknowledged..3_000_000))]);
    let endless = reqwest::Body::wrap_stream(endless.chain(futures_util::stream::pending()));
    let sending = tokio::spawn(tus.patch_request(&path, acknowledged, endless).send());
    eventually("more than was acknowledged is written", async || {
        tus.show(&path).await["offset"].as_u64() > Some(acknowledged as u64)
    })
    .await;
    process.kill().await;
    assert!(sending.await.unwrap().is_err());

    let process = Process::start(&data, &[]).await;
    let tus = Tus { base: process.url.clone(), ..tus };
    let here = tus.offset(&path).await;
    assert!((acknowledged..=3_000_000).contains(&here), "{here}");
    let on_disk = std::fs::read(data.join("uploads").join(path.rsplit('/').next().unwrap())).unwrap();
    assert!(on_disk == bytes[..here]);
    // All but the answer: whether it is pinned by then or not, asking again ends well.
    tus.patch(&path, here, bytes.slice(here..bytes.len() - 1)).await.expect(204);
    let last = tokio::spawn(tus.patch_request(&path, bytes.len() - 1, bytes.slice(bytes.len() - 1..)).send());
    eventually("the last byte is here", async || {
        tus.show(&path).await["offset"] == bytes.len() || last.is_finished()
    })
    .await;
    process.kill().await;
    let _ = last.await.unwrap();

    let process = Process::start(&data, &[]).await;
    let tus = Tus { base: process.url.clone(), ..tus };
    assert_eq!(tus.offset(&path).await, bytes.len());
    let end = tus.patch(&path, bytes.len(), Bytes::new()).await.expect(204);
    assert_eq!(end.header("x-tidegate-cid"), cid);
    let read = client().get(format!("{}/ipfs/{cid}", process.url)).send().await.unwrap();
    assert!(read.bytes().await.unwrap() == bytes);
    assert_eq!(std::fs::read_dir(data.join("uploads")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(data.join("staging")).unwrap().count(), 0);
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_a_record_and_records_without_a_file_are_removed_at_the_start() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start(&data, &[]).await;
    let ann = Person::at(&process.url, &client(), &registered).await;
    let tus = Tus::at(&process.url, &client(), &ann);
    let (kept, lost) = (tus.begin(5, &[]).await, tus.begin(5, &[]).await);
    process.kill().await;
    let uploads = data.join("uploads");
    std::fs::remove_file(uploads.join(lost.rsplit('/').next().unwrap())).unwrap();
    std::fs::write(uploads.join("0123456789abcdef0123456789abcdef"), "nobody's").unwrap();

    let process = Process::start(&data, &[]).await;
    let tus = Tus { base: process.url.clone(), ..tus };
    assert_eq!(tus.offset(&kept).await, 0);
    tus.head(&lost).await.expect(404);
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 1);
    process.kill().await;
}

//! What is too much: of bytes, of files, of uploads at once.

use bytesize::ByteSize;

use crate::support::{
    content::{cid_v0, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    form::Form,
    server::TestServer,
};

on_both_engines![a_full_quota_refuses_and_counts_nothing];

async fn a_full_quota_refuses_and_counts_nothing(database: TestDatabase) {
    let server = TestServer::on(database, |config| config.limits.account_quota = ByteSize(1000)).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let kept = content(unique(), 700);
    ann.pin(&kept).await;

    let more = content(unique(), 301);
    let cid = cid_v0(&more);
    let refused = ann.upload(ann.form(&cid).file("a", &more)).await;
    assert_eq!(refused.refusal(413), "this would exceed the account's quota");
    assert_eq!(server.used_bytes(ann.account).await, 700);
    assert_eq!(server.pins(ann.account).await.len(), 1);
    assert_eq!((server.cars().len(), server.staged()), (1, 0), "the file is gone again");
    assert_eq!(server.totals().await.contents, 1);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);

    // What is pinned already costs nothing more, what just fits fits, and others have quotas of their own.
    ann.pin(&kept).await;
    ann.pin(&content(unique(), 300)).await;
    bob.pin(&more).await;
    // Content that is here already is refused just the same.
    ann.upload(ann.form(&cid).file("a", &more)).await.refusal(413);
    assert_eq!(server.used_bytes(ann.account).await, 1000);
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
}

#[tokio::test]
async fn of_uploads_at_once_no_more_are_taken_than_the_quota_holds() {
    let server = TestServer::with(|config| config.limits.account_quota = ByteSize(5000)).await;
    let ann = server.person("ann").await;
    let uploads = (0..16).map(|_| {
        let bytes = content(unique(), 1000);
        let form = ann.form(&cid_v0(&bytes)).file("a", &bytes);
        ann.upload(form)
    });
    let answers = futures_util::future::join_all(uploads).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 413).count();
    assert_eq!((taken, refused), (5, 11));
    assert_eq!(server.used_bytes(ann.account).await, 5000);
    assert_eq!((server.cars().len(), server.staged()), (5, 0));
}

#[tokio::test]
async fn an_upload_may_have_so_many_bytes_and_no_more() {
    let server = TestServer::with(|config| {
        config.limits.upload_size = ByteSize(100_000);
        config.limits.upload_files = 10;
    })
    .await;
    let ann = server.person("ann").await;
    ann.pin(&content(unique(), 100_000)).await;

    let over = content(unique(), 100_001);
    let refused = ann.upload(ann.form(&cid_v0(&over)).file("a", &over)).await;
    assert_eq!(refused.refusal(413), "an upload may hold 100000 bytes of content at most");
    // All files together count.
    let items = [file("a", content(1, 60_000)), file("b", content(2, 60_000))];
    let cid = folder_cid(tidegate_content::Profile::UNIXFS_V0_2015, &items).to_string();
    ann.pin_folder(&cid, &items).await.refusal(413);
    // Without a length, as a stream.
    let pieces = vec![Ok::<_, std::io::Error>(ann.form(&cid_v0(&over)).file("a", &over).close())];
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    crate::support::answer::Answer::of(ann.request(stream)).await.refusal(413);
    // A length that cannot be is refused before anything of the body is sent.
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, "Content-Length: 99999999\r\n").await;
    let refused = wire.answer().await;
    assert_eq!(refused.refusal(413), "an upload may hold 100000 bytes of content at most");
    eventually("nothing stays staged", async || server.staged() == 0).await;
    assert_eq!(server.cars().len(), 1);
}

#[tokio::test]
async fn an_upload_may_have_so_many_files_and_no_more() {
    let server = TestServer::with(|config| config.limits.upload_files = 3).await;
    let ann = server.person("ann").await;
    for (count, status) in [(3, 200), (4, 413)] {
        let items: Vec<_> = (0..count).map(|n| file(&format!("{n}"), content(n, 10))).collect();
        let cid = folder_cid(tidegate_content::Profile::UNIXFS_V0_2015, &items).to_string();
        ann.pin_folder(&cid, &items).await.expect(status);
    }
    eventually("nothing stays staged", async || server.staged() == 0).await;
    assert_eq!(server.pins(ann.account).await.len(), 1);
}

#[tokio::test]
async fn over_the_limit_of_uploads_at_once_one_is_told_to_come_again() {
    let server = TestServer::with(|config| config.limits.uploads = 1).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 8_000_000);
    let cid = cid_v0(&bytes);
    let body = ann.form(&cid).file("a", &bytes).close();

    let mut first = server.connect().await;
    first.begin_upload(&ann.token, &format!("Content-Length: {}\r\n", body.len())).await;
    first.send(&body[..6_000_000]).await;
    eventually("the first upload is under way", async || server.staged() == 1).await;

    let other = content(unique(), 10);
    let form = || ann.form(&cid_v0(&other)).file("a", &other);
    let refused = ann.upload(form()).await;
    assert_eq!(refused.refusal(503), "Too many uploads are running; try again soon");
    assert_eq!(refused.header("retry-after"), "2");

    first.send(&body[6_000_000..]).await;
    assert_eq!(first.answer().await.expect(200).json()["PinHash"], cid);
    ann.upload(form()).await.expect(200);
}

#[tokio::test]
async fn a_wrong_key_is_told_long_before_the_content_ends() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, "Content-Length: 100000000\r\n").await;
    let form = Form::new()
        .text("cid", &cid_v0(&content(1, 1)))
        .text("secret", "AAAA")
        .file("a", b"the beginning of much");
    wire.send(form.open()).await;
    wire.answer().await.refusal(400);
}

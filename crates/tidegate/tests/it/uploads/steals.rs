//! Several requests for one upload: the one that comes later goes on, and bytes are never mixed.

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

use crate::support::{
    content::{cid_v0, content, unique},
    eventually,
    server::TestServer,
    tus::{BYTES, Tus},
    wire::Wire,
};

/// A request that announces `length` bytes and sends `bytes` of them.
async fn hanging(
    server: &TestServer,
    tus: &Tus,
    path: &str,
    offset: usize,
    length: usize,
    bytes: &[u8],
) -> Wire {
    let mut wire = server.connect().await;
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: test\r\nUserAccessToken: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
         Content-Type: {BYTES}\r\nContent-Length: {length}\r\n\r\n",
        tus.token
    );
    wire.send(head).await;
    wire.send(bytes).await;
    wire.writer.flush().await.unwrap();
    wire
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_again_takes_over_from_a_connection_that_hangs() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let (tus, bytes) = (Tus::of(&server, &ann), content(unique(), 9_000_000));
    let cid = cid_v0(&bytes);
    let path = tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid))]).await;
    let mut at = 0;
    let mut hung = Vec::new();
    for _ in 0..3 {
        let wire = hanging(&server, &tus, &path, at, bytes.len() - at, &bytes[at..at + 2_000_000]).await;
        hung.push(wire);
        let before = at;
        eventually("some of it is written", async || {
            tus.show(&path).await["offset"].as_u64() > Some(before as u64)
        })
        .await;
        // Whatever came by then counts.
        at = tus.offset(&path).await;
    }
    let mut last = tus.patch(&path, at, bytes.slice(at..)).await;
    while last.status == 409 {
        // More of the last one has come meanwhile.
        at = last.header("upload-offset").parse().unwrap();
        last = tus.patch(&path, at, bytes.slice(at..)).await;
    }
    assert_eq!(last.expect(204).header("x-tidegate-cid"), cid);
    for mut wire in hung {
        assert_eq!(wire.answer().await.status, 409);
    }
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_leaves_what_came() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let (tus, bytes) = (Tus::of(&server, &ann), content(unique(), 2_000_000));
    let path = tus.begin(bytes.len(), &[]).await;
    let shown = async || usize::try_from(tus.show(&path).await["offset"].as_u64().unwrap()).unwrap();
    drop(hanging(&server, &tus, &path, 0, bytes.len(), &bytes[..1_500_000]).await);
    eventually("all that was sent is here", async || shown().await == 1_500_000).await;
    tus.patch(&path, 1_500_000, bytes.slice(1_500_000..)).await.expect(204);
    let cid = cid_v0(&bytes);
    let claim = serde_json::json!({"cid": cid, "secret": ann.sign(&cid)});
    tus.pin(&path, &claim).await.expect(200);
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_deleted_while_bytes_come_is_gone() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let path = tus.begin(1000, &[]).await;
    let mut hung = hanging(&server, &tus, &path, 0, 1000, b"some bytes").await;
    eventually("some are here", async || tus.show(&path).await["offset"] == 0).await;
    tus.delete(&path).await.expect(204);
    assert!([404, 409].contains(&hung.answer().await.status));
    tus.head(&path).await.expect(404);
    assert_eq!(super::protocol::files(&server), 0);
    tus.patch(&path, 0, Bytes::new()).await.expect(404);
}

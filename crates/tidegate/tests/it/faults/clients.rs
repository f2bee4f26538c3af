//! Clients that go away, dawdle, never end, or never read.

use std::time::Duration;

use bytesize::ByteSize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

use crate::support::{
    content::{cid_v0, content, unique},
    eventually,
    form::Form,
    server::TestServer,
    soon,
    wire::{Wire, answer_from},
};

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 8_000_000);
    let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
    for framing in
        [format!("Content-Length: {}\r\n", body.len()), "Transfer-Encoding: chunked\r\n".to_owned()]
    {
        let mut wire = server.connect().await;
        wire.begin_upload(&ann.token, &framing).await;
        if framing.starts_with("Content") {
            wire.send(&body[..6_000_000]).await;
        } else {
            wire.chunk(&body[..6_000_000]).await;
        }
        eventually("the upload is under way", async || server.staged() == 1).await;
        drop(wire);
        server.is_left_empty().await;
    }
    // One that stops sending but waits for the answer is told.
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, "Transfer-Encoding: chunked\r\n").await;
    wire.chunk(&body[..6_000_000]).await;
    wire.writer.shutdown().await.unwrap();
    let mut answer = String::new();
    soon("an answer or an end", wire.reader.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    server.is_left_empty().await;
    assert_eq!(server.used_bytes(ann.account).await, 0);
}

#[tokio::test]
async fn a_client_that_falls_silent_is_told_that_it_is_too_slow() {
    let server = TestServer::with(|config| config.limits.upload_idle = Duration::from_millis(300)).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 100_000);
    let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
    // Inside the file, inside another field, and before anything.
    for sent in [50_000, 100, 0] {
        let mut wire = server.connect().await;
        wire.begin_upload(&ann.token, &format!("Content-Length: {}\r\n", body.len())).await;
        wire.send(&body[..sent]).await;
        let message = wire.answer().await.refusal(408);
        assert!(message.starts_with("the upload is too slow"), "{message}");
        wire.closed().await;
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_client_that_trickles_is_told_that_it_is_too_slow() {
    let server = TestServer::with(|config| {
        config.limits.upload_idle = Duration::from_millis(300);
        config.limits.upload_rate = ByteSize::mib(1);
    })
    .await;
    let ann = server.person("ann").await;
    let body = ann.form(&cid_v0(&content(1, 10))).file("a", &[b'x'; 100_000]).close();
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, "Transfer-Encoding: chunked\r\n").await;
    wire.chunk(&body[..2000]).await;
    let Wire { mut reader, mut writer } = wire;
    let trickling = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while writer.write_all(b"1\r\nx\r\n").await.is_ok() {
            ticks.tick().await;
        }
    });
    answer_from(&mut reader).await.refusal(408);
    soon("the connection is closed on the sender", trickling).await.unwrap();
    server.is_left_empty().await;
}

#[tokio::test]
async fn an_upload_without_end_is_ended() {
    let server = TestServer::with(|config| {
        config.limits.upload_size = ByteSize::kib(64);
        config.limits.upload_files = 10;
    })
    .await;
    let ann = server.person("ann").await;
    // In a file, in a field nobody knows, and behind the end of the form.
    let in_file = ann.form(&cid_v0(&content(1, 10))).file("a", b"");
    let in_field = Form::new().text("unknown", "");
    for begin in [in_file, in_field] {
        let mut begin = begin.open();
        begin.truncate(begin.len() - 2);
        let mut wire = server.connect().await;
        wire.begin_upload(&ann.token, "Transfer-Encoding: chunked\r\n").await;
        wire.chunk(&begin).await;
        let Wire { mut reader, mut writer } = wire;
        let endless = tokio::spawn(async move {
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 65_536], b"\r\n"].concat();
            while writer.write_all(&chunk).await.is_ok() {}
        });
        answer_from(&mut reader).await.refusal(413);
        soon("the connection is closed on the sender", endless).await.unwrap();
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn whoever_does_not_read_their_download_keeps_nobody_waiting() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 8_000_000);
    let cid = ann.pin(&bytes).await;
    let mut stalled = Vec::new();
    for query in ["", "?format=car"].repeat(8) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        let ask = format!("GET /ipfs/{cid}{query} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        stalled.push(stream);
    }
    let served = soon("others are served", server.get(&format!("/ipfs/{cid}"))).await;
    assert!(served.expect(200).body == bytes);
    soon("others may pin", ann.pin(&content(unique(), 1000))).await;

    // Whoever reads on after all still gets everything.
    let mut rest = Vec::new();
    stalled[0].read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(&bytes));
}

#[tokio::test]
async fn a_request_head_that_never_ends_is_ended() {
    let server = TestServer::with(|config| config.server.header_timeout = Duration::from_millis(300)).await;
    let mut wire = server.connect().await;
    wire.send("GET /livez HTTP/1.1\r\nHost: te").await;
    wire.closed().await;
    let mut wire = server.connect().await;
    let endless = format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(1_000_000));
    // It may be cut while it is still being sent.
    let _ = wire.writer.write_all(endless.as_bytes()).await;
    wire.closed().await;
    server.get("/livez").await.expect(200);
}

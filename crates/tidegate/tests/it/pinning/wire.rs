//! Requests as they come from odd clients (reference A14).

use crate::support::{
    content::{cid_v0, content, unique},
    form::{BOUNDARY, Form},
    server::TestServer,
    soon,
};

#[tokio::test]
async fn a_body_without_a_length_comes_in_chunks() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 100_000);
    let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
    // Borders of chunks fall anywhere: inside heads, inside delimiters.
    for size in [7, 1000, 65_536] {
        let mut wire = server.connect().await;
        wire.begin_upload(&ann.token, "Transfer-Encoding: chunked\r\n").await;
        let mut chunks = Vec::new();
        for chunk in body.chunks(size) {
            chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        wire.send(chunks).await;
        wire.send("0\r\n\r\n").await;
        wire.answer().await.expect(200);
    }
}

#[tokio::test]
async fn whoever_waits_for_a_go_ahead_gets_it_and_whoever_may_not_upload_does_not() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
    let more = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, &more).await;
    assert_eq!(wire.answer().await.status, 100);
    wire.send(&body).await;
    wire.answer().await.expect(200);

    let mut wire = server.connect().await;
    wire.begin_upload("not a token", &more).await;
    wire.answer().await.refusal(401);
}

#[tokio::test]
async fn boundaries_may_be_quoted_and_odd() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (boundary, content_type) in [
        (BOUNDARY, format!("multipart/form-data; boundary=\"{BOUNDARY}\"")),
        (BOUNDARY, format!("Multipart/Form-Data;charset=utf-8;BOUNDARY={BOUNDARY}")),
        ("a b:c", "multipart/form-data; boundary=\"a b:c\"".to_owned()),
        ("q'()+_,-./:=?", "multipart/form-data; boundary=\"q'()+_,-./:=?\"".to_owned()),
    ] {
        let bytes = content(unique(), 1000);
        let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
        // The content is random bytes; the boundary is not in it.
        let body = replace(&body, BOUNDARY.as_bytes(), boundary.as_bytes());
        let request = server
            .client
            .post(server.url("/pinning/pinFile"))
            .header("UserAccessToken", &ann.token)
            .header("Content-Type", &content_type)
            .body(body);
        crate::support::answer::Answer::of(request).await.expect(200);
    }
}

#[tokio::test]
async fn parts_need_neither_a_type_nor_a_file_name() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (head, name) in [
        ("Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"", Some("a.txt")),
        ("Content-Disposition: form-data; name=\"file\"", None),
        ("content-disposition:form-data;name=file;filename=a.txt", Some("a.txt")),
        ("Content-Disposition: form-data; name=\"file\"; filename=\"\"", None),
        (
            "Content-Disposition: form-data; name=\"file\"; filename=\"__.txt\"; filename*=UTF-8''%E6%B5%B7%E6%BD%AE.txt",
            Some("海潮.txt"),
        ),
        (
            "Content-Disposition: form-data; name=\"file\"; filename*=utf-8'en'a%20b; filename=\"a_b\"",
            Some("a b"),
        ),
        (
            "Content-Type: text/plain; charset=utf-8\r\nX-More: 1\r\nContent-Length: 3\r\n\
             Content-Disposition: form-data; filename=\"say \\\"hi\\\"\"; name=\"file\"",
            Some("say \"hi\""),
        ),
    ] {
        let bytes = content(unique(), 1000);
        ann.upload(ann.form(&cid_v0(&bytes)).part(head, &bytes)).await.expect(200);
        let kept = server.pins(ann.account).await.remove(0).pin.name;
        assert_eq!(kept.as_deref(), name, "{head}");
    }
}

#[tokio::test]
async fn content_that_looks_like_the_form_around_it_stays_content() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for text in [
        format!("-{BOUNDARY}"),
        format!("a\r\n--{}", &BOUNDARY[..BOUNDARY.len() - 1]),
        format!("\n--{BOUNDARY}--\r\n"),
        "\r\n\r\n--\r\n".to_owned(),
        "\r".to_owned(),
        "\r\n".to_owned(),
    ] {
        let bytes = bytes::Bytes::from(text);
        let cid = ann.pin(&bytes).await;
        assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
    }
}

#[tokio::test]
async fn a_form_with_bare_line_feeds_is_refused_clearly() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let body = String::from_utf8(ann.form(&cid_v0(&content(1, 1))).file("a", b"abc").open()).unwrap();
    let answer = crate::support::answer::Answer::of(ann.request(body.replace("\r\n", "\n"))).await;
    let message = answer.refusal(400);
    assert!(message.starts_with("The form cannot be read"), "{message}");
}

#[tokio::test]
async fn a_form_that_stops_before_its_end_is_refused_clearly() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let body = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
    for cut in [body.len() - 5, body.len() - 600, 30] {
        let answer = crate::support::answer::Answer::of(ann.request(body.slice(..cut))).await;
        assert_eq!(answer.refusal(400), "the upload ended before its last byte", "{cut}");
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let long = format!("Content-Disposition: form-data; name=\"{}\"", "x".repeat(20_000));
    let many = "X-A: b\r\n".repeat(500) + "Content-Disposition: form-data; name=\"file\"";
    for head in [long.as_str(), &many, "no colon", "X-A: b", ""] {
        ann.upload(Form::new().part(head, b"x")).await.refusal(400);
    }
}

#[tokio::test]
async fn one_connection_serves_many_uploads_also_after_a_refused_one() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut wire = server.connect().await;
    for round in 0..6 {
        let bytes = content(unique(), 1000);
        let right = ann.form(&cid_v0(&bytes)).file("a", &bytes).close();
        let wrong = Form::new().text("cid", "nonsense").file("a", &bytes).close();
        let (body, status) = if round % 2 == 0 { (right, 200) } else { (wrong, 400) };
        wire.begin_upload(&ann.token, &format!("Content-Length: {}\r\n", body.len())).await;
        wire.send(&body).await;
        wire.answer().await.expect(status);
    }
}

#[tokio::test]
async fn http_2_serves_the_same() {
    let mut server = TestServer::start().await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    server.client = client.build().unwrap();
    let ann = server.person("ann").await;
    let list = ann.ask("/endpoint/list").await.expect(200);
    assert_eq!(list.json()[0]["apiHost"], server.url(""), "the host as HTTP/2 names it");
    let contents: Vec<_> = (0..4).map(|_| content(unique(), 1_500_000)).collect();
    let cids = futures_util::future::join_all(contents.iter().map(|bytes| ann.pin(bytes))).await;
    for (cid, bytes) in cids.iter().zip(&contents) {
        let path = format!("/ipfs/{cid}");
        assert!(server.get(&path).await.expect(200).body == bytes);
        let part = server.get_with(&path, &[("range", "bytes=262000-263000")]).await.expect(206);
        assert!(part.body == bytes[262_000..=263_000]);
    }
    // A refusal does not disturb the uploads beside it on the connection.
    let wrong = ann.form(&cids[0]).file("a", &contents[1]);
    let (refused, again) = tokio::join!(ann.upload(wrong), ann.pin(&contents[2]));
    refused.refusal(400);
    assert_eq!(again, cids[2]);
}

#[tokio::test]
async fn junk_instead_of_http_ends_the_connection_and_nothing_else() {
    let server = TestServer::start().await;
    for junk in ["\n\n\n\n", "GET", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/9.9\r\n\r\n"] {
        let mut wire = server.connect().await;
        wire.send(junk).await;
        tokio::io::AsyncWriteExt::shutdown(&mut wire.writer).await.unwrap();
        soon("the connection ends", wire.closed()).await;
    }
    server.get("/livez").await.expect(200);
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

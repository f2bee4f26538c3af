//! The tus protocol: what each request is answered, right and wrong.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    server::TestServer,
    tus::{BYTES, Tus, code, encode},
};

#[tokio::test]
async fn a_claimed_upload_in_pieces_is_pinned_with_its_last_byte() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let (tus, bytes) = (Tus::of(&server, &ann), content(unique(), 600_000));
    let cid = cid_v0(&bytes);
    let path =
        tus.begin(bytes.len(), &[("cid", &cid), ("secret", &ann.sign(&cid)), ("filename", "a.bin")]).await;
    assert_eq!(tus.offset(&path).await, 0);
    for range in [0..1, 1..250_000, 250_000..250_000] {
        let answer = tus.patch(&path, range.start, bytes.slice(range.clone())).await.expect(204);
        assert_eq!(answer.header("upload-offset"), range.end.to_string());
        assert_eq!(answer.header("x-tidegate-cid"), "");
        // A day after the last byte, by the server's clock.
        assert_eq!(answer.header("upload-expires"), "Wed, 15 Nov 2023 22:13:20 GMT");
    }
    let standing = tus.show(&path).await;
    assert_eq!((&standing["state"], &standing["offset"]), (&json!("receiving"), &json!(250_000)));
    let head = tus.head(&path).await.expect(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("250000", "600000"));
    assert_eq!(head.header("cache-control"), "no-store");
    assert!(head.header("upload-metadata").starts_with("cid "));

    let last = tus.patch(&path, 250_000, bytes.slice(250_000..)).await.expect(204);
    assert_eq!((last.header("x-tidegate-cid"), last.header("x-tidegate-size")), (cid.as_str(), "600000"));
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
    let pins = server.pins(ann.account).await;
    assert_eq!((pins.len(), pins[0].pin.name.as_deref()), (1, Some("a.bin")));

    // Who did not hear the end asks again.
    let again = tus.patch(&path, 600_000, Bytes::new()).await.expect(204);
    assert_eq!(again.header("x-tidegate-cid"), cid);
    assert_eq!(tus.offset(&path).await, 600_000);
    let standing = tus.show(&path).await;
    assert_eq!((&standing["state"], &standing["cid"]), (&json!("pinned"), &json!(cid)));
    assert_eq!(standing["pin"]["size"], 600_000);
    assert_eq!(standing["bytesImported"], 600_000);
    assert_eq!(files(&server), 0, "the bytes are in the store alone");
}

#[tokio::test]
async fn options_tell_what_there_is() {
    let server = TestServer::start().await;
    let asked = [("origin", "https://app.example.org"), ("access-control-request-method", "PATCH")];
    for path in ["/api/v1/uploads", "/api/v1/uploads/x", "/api/v1/uploads/x/pin"] {
        let answer = server.ask(Method::OPTIONS, path, &asked).await.expect(204);
        assert_eq!(answer.header("tus-version"), "1.0.0");
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
        assert_eq!(answer.header("tus-max-size"), (100_u64 << 30).to_string());
        assert_eq!(answer.header("tus-checksum-algorithm"), "sha1,sha256,sha512");
        for extension in
            ["creation-with-upload", "creation-defer-length", "termination", "checksum", "expiration"]
        {
            assert!(answer.header("tus-extension").contains(extension));
        }
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        for header in
            ["UserAccessToken", "Tus-Resumable", "Upload-Offset", "Upload-Metadata", "Upload-Checksum"]
        {
            assert!(answer.header("access-control-allow-headers").contains(header), "{header}");
        }
    }
    // Pages may read what the protocol says.
    let refused =
        server.ask(Method::HEAD, "/api/v1/uploads/x", &[("tus-resumable", "1.0.0")]).await.expect(401);
    let exposed = refused.header("access-control-expose-headers");
    for header in ["Location", "Upload-Offset", "Upload-Expires", "Tus-Resumable", "X-Tidegate-Cid"] {
        assert!(exposed.contains(header), "{header}");
    }
}

#[tokio::test]
async fn another_version_of_the_protocol_is_refused_with_ours() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let path = Tus::of(&server, &ann).begin(5, &[]).await;
    for (method, path) in [
        (Method::POST, "/api/v1/uploads"),
        (Method::HEAD, path.as_str()),
        (Method::PATCH, path.as_str()),
        (Method::DELETE, path.as_str()),
    ] {
        for version in [None, Some("0.2.2")] {
            let mut headers = vec![("useraccesstoken", ann.token.as_str()), ("upload-length", "5")];
            headers.extend(version.map(|version| ("tus-resumable", version)));
            let answer = server.ask(method.clone(), path, &headers).await.expect(412);
            assert_eq!(answer.header("tus-version"), "1.0.0");
        }
    }
}

#[tokio::test]
async fn wrong_requests_change_nothing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let path = tus.begin(10, &[]).await;
    tus.patch(&path, 0, "12345").await.expect(204);

    let behind = tus.patch(&path, 4, "x").await;
    assert_eq!(behind.header("upload-offset"), "5");
    assert_eq!(code(behind, 409), "wrong_offset");
    assert_eq!(code(tus.patch(&path, 6, "x").await, 409), "wrong_offset");
    assert_eq!(code(tus.patch(&path, 5, "678901").await, 413), "too_large");
    let chunked = futures_util::stream::iter([Ok::<_, std::io::Error>("678"), Ok("901")]);
    let chunked = tus.patch_request(&path, 5, reqwest::Body::wrap_stream(chunked));
    assert_eq!(code(Answer::of(chunked).await, 413), "too_large");
    let request = tus.request(Method::PATCH, &path).header("Upload-Offset", 5).body("67890");
    assert_eq!(code(Answer::of(request.header("Content-Type", "text/plain")).await, 415), "media_type");
    let request = tus.request(Method::PATCH, &path).header("Content-Type", BYTES).body("67890");
    assert_eq!(code(Answer::of(request).await, 400), "bad_request");
    for offset in ["-1", "x"] {
        let request = tus.request(Method::PATCH, &path).header("Content-Type", BYTES);
        assert_eq!(code(Answer::of(request.header("Upload-Offset", offset)).await, 400), "bad_request");
    }
    let longer = tus.patch_request(&path, 5, "67890").header("Upload-Length", 11);
    assert_eq!(code(Answer::of(longer).await, 400), "bad_request");
    assert_eq!(tus.offset(&path).await, 5);
    tus.patch(&path, 5, "67890").await.expect(204);
    assert_eq!(tus.show(&path).await["state"], "waiting");

    assert_eq!(code(tus.patch("/api/v1/uploads/nothing", 0, "x").await, 404), "not_found");
    tus.head("/api/v1/uploads/..%2Fnode").await.expect(404);
    assert_eq!(code(tus.delete("/api/v1/uploads/nothing").await, 404), "not_found");
}

#[tokio::test]
async fn uploads_that_make_no_sense_do_not_begin() {
    let server = TestServer::with(|config| config.limits.upload_size = bytesize::ByteSize(1000)).await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    assert_eq!(code(tus.create(1001, &[]).await, 413), "too_large");
    let create = || tus.request(Method::POST, "/api/v1/uploads");
    assert_eq!(code(Answer::of(create()).await, 400), "bad_request");
    for (length, defer) in [("5", "1"), ("", "2"), ("x", ""), ("", "")] {
        let request = create().header("Upload-Length", length).header("Upload-Defer-Length", defer);
        assert_eq!(code(Answer::of(request).await, 400), "bad_request");
    }
    let metadata = create().header("Upload-Length", 5).header("Upload-Metadata", "filename ???");
    assert_eq!(code(Answer::of(metadata).await, 400), "bad_request");
    for pair in [("cid", "nothing"), ("format", "zip"), ("profile", "x"), ("visibility", "x")] {
        assert_eq!(code(tus.create(5, &[pair]).await, 400), "bad_request");
    }
    // A wrong signature is found before a byte is sent.
    let cid = cid_v0(&Bytes::from_static(b"hello"));
    let forged = [("cid", cid.as_str()), ("secret", &ann.sign("another text"))];
    assert_eq!(code(tus.create(5, &forged).await, 400), "mismatch");
    assert_eq!(files(&server), 0);
}

#[tokio::test]
async fn bytes_that_do_not_have_their_checksum_are_not_kept() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let path = tus.begin(10, &[]).await;
    let patch = async |offset, bytes: &'static str, checksum: &str| {
        Answer::of(tus.patch_request(&path, offset, bytes).header("Upload-Checksum", checksum)).await
    };
    // sha1 and sha256 of "hello"
    let (sha1, sha256) =
        ("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    assert_eq!(code(patch(0, "hallo", sha1).await, 460), "checksum_mismatch");
    assert_eq!(code(patch(0, "hallo", sha256).await, 460), "checksum_mismatch");
    assert_eq!(code(patch(0, "hello", "crc32 AAAAAA==").await, 400), "bad_request");
    assert_eq!(tus.offset(&path).await, 0);
    patch(0, "hello", sha1).await.expect(204);
    patch(5, "hello", sha256).await.expect(204);
    assert_eq!(tus.offset(&path).await, 10);
}

#[tokio::test]
async fn the_length_may_come_later_and_bytes_at_once() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let bytes = Bytes::from_static(b"hello");
    let cid = cid_v0(&bytes);
    let secret = ann.sign(&cid);
    let claim = [("cid", cid.as_str()), ("secret", secret.as_str())];

    let request = tus.request(Method::POST, "/api/v1/uploads").header("Upload-Defer-Length", 1);
    let begun = Answer::of(request.header("Upload-Metadata", encode(&claim))).await.expect(201);
    let path = begun.header("location");
    tus.patch(path, 0, "hel").await.expect(204);
    let head = tus.head(path).await.expect(200);
    assert_eq!((head.header("upload-defer-length"), head.header("upload-length")), ("1", ""));
    let short = tus.patch_request(path, 3, "lo").header("Upload-Length", 2);
    assert_eq!(code(Answer::of(short).await, 400), "bad_request");
    let last = Answer::of(tus.patch_request(path, 3, "lo").header("Upload-Length", 5)).await.expect(204);
    assert_eq!(last.header("x-tidegate-cid"), cid);

    let all = tus.request(Method::POST, "/api/v1/uploads").header("Upload-Length", 5);
    let all = all.header("Content-Type", BYTES).header("Upload-Metadata", encode(&claim)).body(bytes);
    let all = Answer::of(all).await.expect(201);
    assert_eq!((all.header("upload-offset"), all.header("x-tidegate-cid")), ("5", cid.as_str()));

    // Clients send nothing more of an upload without bytes.
    let nothing = cid_v0(&Bytes::new());
    let empty = tus.create(0, &[("cid", &nothing), ("secret", &ann.sign(&nothing))]).await.expect(201);
    assert_eq!(empty.header("x-tidegate-cid"), nothing);
}

#[tokio::test]
async fn post_stands_in_for_methods_that_do_not_pass() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let tus = Tus::of(&server, &ann);
    let path = tus.begin(10, &[]).await;
    let send = async |method: &str| {
        let request = tus.request(Method::POST, &path).header("X-HTTP-Method-Override", method);
        let request = request.header("Upload-Offset", 0).header("Content-Type", BYTES).body("12345");
        Answer::of(request).await
    };
    assert_eq!(send("PATCH").await.expect(204).header("upload-offset"), "5");
    assert_eq!(send("HEAD").await.expect(200).header("upload-offset"), "5");
    send("PUT").await.expect(405);
    send("DELETE").await.expect(204);
    tus.head(&path).await.expect(404);
    assert_eq!(files(&server), 0);
}

/// Files of uploads.
pub fn files(server: &TestServer) -> usize {
    std::fs::read_dir(server.data().join("uploads")).unwrap().count()
}

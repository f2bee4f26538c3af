//! Parts of files, checked against a slice of the whole.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tidegate_content::Profile;

use crate::support::{
    content::{cid_of, content, unique},
    server::TestServer,
};

#[tokio::test]
async fn ranges_of_all_kinds() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for size in [1000, 600_000] {
        let bytes = content(unique(), size);
        let cid = ann.pin(&bytes).await;
        let path = format!("/ipfs/{cid}");
        for (range, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("bytes=500-", 500..size),
            ("bytes=-10", size - 10..size),
            ("bytes=-99999999", 0..size),
            ("bytes=10-99999999", 10..size),
            ("bytes=262140-262150", 262_140..262_151),
            ("bytes=100000-599999", 100_000..600_000),
            // Of several the first.
            ("bytes=5-6,100-200", 5..7),
        ] {
            if expected.end > size {
                continue;
            }
            let answer = server.get_with(&path, &[("range", range)]).await.expect(206);
            let of = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(answer.header("content-range"), of);
            assert_eq!(answer.header("content-length"), expected.len().to_string());
            assert_eq!(answer.header("etag"), format!("\"{cid}\""), "as of the whole");
            assert_eq!(answer.header("cache-control"), "public, max-age=29030400, immutable");
            assert!(answer.body == bytes[expected], "{range}");
        }
        for range in [format!("bytes={size}-"), "bytes=99999999-".to_owned(), "bytes=-0".to_owned()] {
            let answer = server.get_with(&path, &[("range", &range)]).await.expect(416);
            assert_eq!(answer.header("content-range"), format!("bytes */{size}"));
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert!(!answer.header("cache-control").contains("immutable"));
        }
        for range in ["bytes=9-5", "bytes=-", "bytes=x-y", "lines=1-2", "0-5", ""] {
            let answer = server.get_with(&path, &[("range", range)]).await.expect(200);
            assert!(answer.body == bytes, "{range}");
        }
    }
}

#[tokio::test]
async fn a_range_is_only_given_of_the_representation_the_client_has() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 600_000);
    let cid = ann.pin(&bytes).await;
    let path = format!("/ipfs/{cid}");
    let right = format!("\"{cid}\"");
    for (tag, status) in [
        (right.clone(), 206),
        (format!("W/{right}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT".to_owned(), 200),
    ] {
        let headers = [("range", "bytes=0-9"), ("if-range", tag.as_str())];
        let answer = server.get_with(&path, &headers).await.expect(status);
        assert_eq!(answer.body.len(), if status == 206 { 10 } else { 600_000 });
    }
    let both = [("range", "bytes=0-9"), ("if-none-match", right.as_str())];
    server.get_with(&path, &both).await.expect(304);
}

#[tokio::test]
async fn parts_of_blocks_and_of_nothing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = cid_of(Profile::UNIXFS_V1_2025, &bytes).to_string();
    ann.pin_as(&cid, &bytes).await;
    let path = format!("/ipfs/{cid}?format=raw");
    let answer = server.get_with(&path, &[("range", "bytes=10-19")]).await.expect(206);
    assert!(answer.body == bytes[10..20]);
    assert_eq!(answer.header("content-range"), "bytes 10-19/1000");

    let empty = ann.pin(&content(1, 0)).await;
    let answer = server.get_with(&format!("/ipfs/{empty}"), &[("range", "bytes=0-9")]).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn any_range_of_any_file_is_that_slice() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, files) = runtime.block_on(async {
        let server = TestServer::start().await;
        let ann = server.person("ann").await;
        let mut files = Vec::new();
        for profile in Profile::ALL {
            for size in [1, 40_000, 262_145, 1_500_000] {
                let bytes = content(unique(), size);
                let cid = ann.pin_as(&cid_of(profile, &bytes).to_string(), &bytes).await;
                files.push((cid, bytes));
            }
        }
        (server, files)
    });
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let cases = (0..files.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    runner
        .run(&cases, |(file, from, to)| {
            let (cid, bytes) = &files[file];
            let (a, b) = (from.index(bytes.len()), to.index(bytes.len()));
            let (first, last) = (a.min(b), a.max(b));
            let range = format!("bytes={first}-{last}");
            let path = format!("/ipfs/{cid}");
            let answer = runtime.block_on(server.get_with(&path, &[("range", &range)]));
            prop_assert_eq!(answer.status, 206);
            prop_assert!(answer.body == bytes[first..=last]);
            Ok(())
        })
        .unwrap();
}

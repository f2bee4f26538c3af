//! The spellings of a CID, and the CIDs that are their own content.

use cid::multibase::Base;
use http::Method;
use tidegate_content::{Profile, content_key, parse_cid};

use crate::support::{
    content::{cid_of, content, unique},
    server::TestServer,
};

#[tokio::test]
async fn every_base_of_a_cid_is_understood() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 300_000);
    for profile in Profile::ALL {
        let cid = cid_of(profile, &bytes);
        ann.pin_as(&cid.to_string(), &bytes).await;
        let v1 = content_key(&cid);
        let mut spellings = vec![cid.to_string()];
        for base in [
            Base::Base32Lower,
            Base::Base32Upper,
            Base::Base36Lower,
            Base::Base36Upper,
            Base::Base58Btc,
            Base::Base16Lower,
            Base::Base16Upper,
        ] {
            spellings.push(v1.to_string_of_base(base).unwrap());
        }
        for spelling in spellings {
            let answer = server.get(&format!("/ipfs/{spelling}")).await.expect(200);
            assert!(answer.body == bytes, "{spelling}");
            let etag = answer.header("etag").trim_matches('"');
            assert_eq!(content_key(&parse_cid(etag).unwrap()), v1);
        }
    }
}

#[tokio::test]
async fn an_identity_cid_is_its_own_content() {
    let server = TestServer::start().await;
    for (cid, expected) in [("bafkqaaa", ""), ("bafkqac3imvwgy3zao5xxe3de", "hello world")] {
        for query in ["", "?format=raw"] {
            let path = format!("/ipfs/{cid}{query}");
            let answer = server.get(&path).await.expect(200);
            assert_eq!(answer.text(), expected);
            assert_eq!(answer.header("content-length"), expected.len().to_string());
            let head = server.ask(Method::HEAD, &path, &[]).await.expect(200);
            assert_eq!(head.header("content-length"), expected.len().to_string());
        }
    }
    let accept = [("accept", "application/vnd.ipld.raw")];
    let probe = server.get_with("/ipfs/bafkqaaa", &accept).await.expect(200);
    assert_eq!(probe.header("content-type"), "application/vnd.ipld.raw");
    assert!(probe.body.is_empty());
}

//! What is told of files.

use serde_json::{Value, json};

use super::refusals::refusal;
use crate::support::{
    eventually,
    market::Market,
    origin::{Origin, Reply},
};

fn thing(size: usize) -> Reply {
    Reply::ok(vec![b'x'; size]).with("Content-Type", "application/x-thing; charset=utf-8")
}

#[tokio::test]
async fn a_file_is_described_as_the_reference_does() {
    let origin = Origin::start(|_| thing(1024)).await;
    let market = Market::open().await;
    let file = json!({"type": "url", "url": origin.url("/a/a.bin?X-Amz-Signature=planted"), "method": "GET"});
    let expected = "[{\"contentLength\":\"1024\",\"contentType\":\"application/x-thing\",\"filename\":\"a.bin\",\
                    \"index\":0,\"type\":\"url\",\"valid\":true}]\n";
    assert_eq!(market.post("fileinfo", &file).await.expect(200).text(), expected);

    let sale = market.publish(&json!([file, {"type": "url", "url": "http://127.0.0.1:9/none"}]));
    let told =
        market.post("fileinfo", &json!({"did": sale.did, "serviceId": sale.service})).await.expect(200);
    let told = told.json();
    assert_eq!(told[0], serde_json::from_str::<Value>(expected).unwrap()[0]);
    assert_eq!(told[1], json!({"index": 1, "type": "url", "valid": false}));
}

#[tokio::test]
async fn a_checksum_comes_with_whatever_python_takes_for_true() {
    let origin = Origin::start(|_| thing(3)).await;
    let market = Market::with(|config| config.provider.max_checksum_length = bytesize::ByteSize(3)).await;
    let sha256 = "cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860";
    for (checksum, expected) in [
        (json!(true), json!(sha256)),
        (json!("false"), json!(sha256)),
        (json!(1), json!(sha256)),
        (json!(false), Value::Null),
        (json!(0), Value::Null),
        (json!(""), Value::Null),
        (json!(null), Value::Null),
    ] {
        let file = json!({"type": "url", "url": origin.url("/a.bin"), "checksum": checksum});
        let told = market.post("fileinfo", &file).await.expect(200).json();
        assert_eq!(told[0]["checksum"], expected, "{checksum}");
        assert_eq!(told[0]["valid"], true);
    }
}

#[tokio::test]
async fn what_cannot_be_a_file_is_refused_in_the_references_words() {
    let market = Market::open().await;
    let url = "http://127.0.0.1:9/";
    for (file, text) in [
        (json!({"type": "url", "url": url, "method": "PUT"}), "Unsafe method put."),
        (json!({"type": "url", "url": 5}), "malformed file object."),
        (
            json!({"type": "url", "url": "file:///etc/passwd"}),
            "Invalid file name format. It was not possible to get the file name.",
        ),
        (json!({"type": "graphql"}), "missing graphql endpoint"),
        (json!({"type": "graphql", "url": url}), "missing graphql query"),
        (json!({"type": "smartcontract"}), "malformed smartcontract type, missing contract address"),
        (json!({"did": "did:op:00", "serviceId": "s"}), "Cannot resolve DID"),
    ] {
        assert_eq!(refusal(&market.post("fileinfo", &file).await, 400), text, "{file}");
    }
    let sale = market.publish(&json!([]));
    let unknown = market.post("fileinfo", &json!({"did": sale.did, "serviceId": "none"})).await;
    assert_eq!(refusal(&unknown, 400), "Provider Ganache: Invalid serviceId.");
    let other = market.publish_as(&json!([]), |document| document["services"][0]["files"] = json!("0x00"));
    let closed = market.post("fileinfo", &json!({"did": other.did, "serviceId": other.service})).await;
    assert_eq!(refusal(&closed, 400), "Provider Ganache: Unable to get dataset files");
}

#[tokio::test]
async fn nobody_has_private_addresses_looked_at() {
    let origin = Origin::start(|_| thing(3)).await;
    let market = Market::with(|config| config.provider.allow_non_public_ip = false).await;
    let port = origin.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "0"] {
        let file = json!({"type": "url", "url": format!("http://{host}:{port}/a.bin")});
        let told = market.post("fileinfo", &file).await.expect(200).json();
        assert_eq!(told, json!([{"index": 0, "type": "url", "valid": false}]), "{host}");
    }
    assert_eq!(origin.connections(), 0);
    let sale = market.publish(&json!([]));
    let known = market.post("fileinfo", &json!({"did": sale.did, "serviceId": sale.service})).await;
    assert_eq!(known.expect(200).json(), json!([]), "the operator's own servers may be private");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_much_is_looked_at_others_wait() {
    let origin = Origin::start(|_| Reply::status(200).then_hang()).await;
    let market = Market::with(|config| config.provider.fileinfo_concurrent = 1).await;
    let file = json!({"type": "url", "url": origin.url("/slow"), "checksum": true});
    let first = market.post("fileinfo", &file);
    let others = async {
        eventually("the first is looked at", async || !origin.lines().is_empty()).await;
        let answer = market.post("fileinfo", &file).await;
        assert_eq!(answer.header("retry-after"), "1");
        refusal(&answer, 503);
    };
    tokio::select! {
        () = others => {}
        answer = first => panic!("the origin never answers: {answer:?}"),
    }
}

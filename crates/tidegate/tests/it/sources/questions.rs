//! What `fileinfo` finds out, and what that costs an origin.

use super::*;
use crate::{
    fetch::PUBLIC,
    support::origin::{Origin, Reply},
};

fn valid(length: &str, kind: &str, name: &str) -> Value {
    json!({
        "contentLength": length, "contentType": kind, "filename": name, "index": 0, "type": "url", "valid": true,
    })
}

fn invalid(kind: &str) -> Value {
    json!({ "index": 0, "type": kind, "valid": false })
}

#[tokio::test]
async fn a_good_url_costs_one_head() {
    let origin =
        Origin::on(PUBLIC, |_| Reply::ok("hello").with("Content-Type", "text/plain; charset=utf-8")).await;
    let shop = Shop::open().await;
    let file = url(&origin.url("/files/a%20b.txt?signature=secret"));
    assert_eq!(shop.info(&file, false).await, valid("5", "text/plain", "a b.txt"));
    assert_eq!(origin.lines(), ["HEAD /files/a%20b.txt?signature=secret"]);
}

#[tokio::test]
async fn an_origin_without_head_is_asked_again_and_its_bytes_are_left() {
    let origin = Origin::on(PUBLIC, |asked| match asked.method.as_str() {
        "HEAD" => Reply::status(405).with("Content-Length", "0"),
        _ => Reply::status(200).with("Content-Length", "900000000000").then_endless(),
    })
    .await;
    let shop = Shop::open().await;
    assert_eq!(shop.info(&url(&origin.url("/a.bin")), false).await, valid("900000000000", "", "a.bin"));
    assert_eq!(origin.lines(), ["HEAD /a.bin", "GET /a.bin"]);
    crate::support::eventually("the origin is let go", async || origin.open() <= 1).await;
}

#[tokio::test]
async fn the_name_is_the_last_one_after_redirects() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/first.bin" => Reply::redirect(302, "/folder/last.bin?x=y"),
        _ => Reply::ok("hello"),
    })
    .await;
    let shop = Shop::open().await;
    assert_eq!(shop.info(&url(&origin.url("/first.bin")), false).await, valid("5", "", "last.bin"));
}

#[tokio::test]
async fn a_checksum_is_made_of_what_is_short_enough() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/chunked" => {
            Reply::status(200).with("Transfer-Encoding", "chunked").then_body("6\r\n123456\r\n0\r\n\r\n")
        }
        path => Reply::ok(&path[1..]),
    })
    .await;
    let shop = Shop::with(|settings| settings.max_checksum_length = bytesize::ByteSize::b(5)).await;
    let info = shop.info(&url(&origin.url("/hello")), true).await;
    assert_eq!(info["checksumType"], "sha256");
    assert_eq!(info["checksum"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!(origin.lines(), ["GET /hello"]);
    for path in ["/sixsix", "/chunked"] {
        let info = shop.info(&url(&origin.url(path)), true).await;
        assert_eq!((&info["valid"], info.get("checksum")), (&Value::Bool(true), None), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_not_valid() {
    let private = Origin::start(|_| Reply::ok("private")).await;
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/gone" => Reply::status(404).with("Content-Length", "0"),
        "/part" => {
            Reply::status(206).with("Content-Range", "bytes 0-0/9").with("Content-Length", "1").then_body("x")
        }
        _ => Reply::status(200).with("Content-Length", "9").then_body("cut").then_close(),
    })
    .await;
    let shop = Shop::open().await;
    for (file, checksum) in [
        (url(&origin.url("/gone")), false),
        (url(&origin.url("/part")), true),
        (url(&origin.url("/cut")), true),
        (url(&private.url("/")), false),
        (url(&private.url_as("[::ffff:127.0.0.1]", "/")), false),
        (url("http://unknown.example/"), false),
        (url("http://"), false),
    ] {
        assert_eq!(shop.info(&file, checksum).await, invalid("url"), "{file}");
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn a_post_is_asked_with_a_post() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("{}").with("Content-Type", "application/json")).await;
    let shop = Shop::open().await;
    let file =
        json!({ "type": "url", "url": origin.url("/query.json"), "method": "POST", "userdata": { "a": 1 } });
    assert_eq!(shop.info(&file, false).await, valid("2", "application/json", "query.json"));
    let asked = &origin.asked()[0];
    assert_eq!((asked.method.as_str(), &asked.body[..]), ("POST", &b"{\"a\":1}"[..]));
    assert_eq!(asked.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_failure_is_tried_again_as_often_as_set() {
    let origin = Origin::on(PUBLIC, |_| Reply::status(500).with("Content-Length", "0")).await;
    let shop = Shop::with(|settings| settings.request_retries = 3).await;
    assert_eq!(shop.info(&url(&origin.url("/")), true).await, invalid("url"));
    assert_eq!(origin.lines().len(), 3);
}

#[tokio::test]
async fn no_key_to_content_is_told() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("x")).await;
    let shop = Shop::with(|settings| settings.arweave_gateway = origin.url("/").parse().ok()).await;
    let transaction = "bNbA3TEQVL60xlgCcqdz4ZPHFZ711cZ3hmkpGttDt_U";
    let cid = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h";
    for file in [
        url(&origin.url(&format!("/ipfs/{cid}"))),
        url(&origin.url(&format!("/{transaction}"))),
        json!({ "type": "arweave", "transactionId": transaction }),
        json!({ "type": "graphql", "url": origin.url("/endpoint"), "query": "{ a }" }),
    ] {
        let info = shop.info(&file, false).await;
        assert_eq!((&info["valid"], &info["filename"]), (&Value::Bool(true), &Value::from("")), "{file}");
    }
}

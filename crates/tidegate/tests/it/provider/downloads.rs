//! What a buyer gets, and what becomes of it when somebody breaks off.

use http::header;
use reqwest::Method;
use serde_json::{Value, json};

use super::refusals::{refusal, violations};
use crate::support::{
    eventually,
    market::{Market, Query, Sale, key},
    origin::{Asked, Origin, Reply},
    soon,
    wallet::Wallet,
};

/// A market that sells one file of an origin, which the buyer has paid for.
pub struct Shop {
    pub market: Market,
    pub origin: Origin,
    pub sale: Sale,
    pub buyer: Wallet,
    pub order: tidegate_ocean::B256,
}

impl Shop {
    pub async fn with(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::selling("/data/a.bin?X-Amz-Signature=planted-secret", script).await
    }

    pub async fn selling(path: &str, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let (origin, market) = (Origin::start(script).await, Market::open().await);
        let file = json!({"type": "url", "url": origin.url(path), "method": "GET"});
        let sale = market.publish(&json!([file]));
        let buyer = Wallet::new(5);
        let order = market.order(&sale, &buyer);
        Self { market, origin, sale, buyer, order }
    }

    pub fn query(&self, nonce: u64) -> Query {
        self.market.signed(&self.sale, &self.buyer, self.order, nonce)
    }
}

#[tokio::test]
async fn a_buyer_gets_the_file_and_of_the_origin_nothing_else() {
    let shop = Shop::with(|_| {
        Reply::ok(vec![7; 1024])
            .with("Content-Type", "application/x-thing; charset=utf-8")
            .with("ETag", "\"tag\"")
            .with("Accept-Ranges", "bytes")
            .with("Set-Cookie", "planted=1")
            .with("X-Ipfs-Path", "/planted")
            .with("Server", "planted")
    })
    .await;
    let answer = shop.market.get("download", &shop.query(1)).await.expect(200);
    assert_eq!(&answer.body[..], &[7; 1024]);
    for (name, expected) in [
        ("content-type", "application/x-thing; charset=utf-8"),
        ("content-length", "1024"),
        ("content-disposition", "attachment;filename=a.bin"),
        ("accept-ranges", "bytes"),
        ("etag", "\"tag\""),
    ] {
        assert_eq!(answer.header(name), expected, "{name}");
    }
    assert!(!format!("{answer:?}").contains("planted"));
    assert_eq!(shop.origin.lines(), ["GET /data/a.bin?X-Amz-Signature=planted-secret"], "one request");
    let asked = &shop.origin.asked()[0];
    assert!(asked.headers.get(header::COOKIE).is_none() && asked.headers.get("signature").is_none());
}

#[tokio::test]
async fn a_part_of_a_file_is_a_part_of_one_request() {
    let shop = Shop::with(|asked| match asked.header("range") {
        "bytes=2-4" => Reply::status(206)
            .with("Content-Range", "bytes 2-4/10")
            .with("Content-Length", "3")
            .then_body("234"),
        "bytes=50-" => Reply::status(416).with("Content-Range", "bytes */10").with("Content-Length", "0"),
        _ => Reply::ok("0123456789"),
    })
    .await;
    let get =
        async |nonce, range| shop.market.get_with("download", &shop.query(nonce), &[("Range", range)]).await;
    let part = get(1, "bytes=2-4").await.expect(206);
    assert_eq!(
        (part.text(), part.header("content-range"), part.header("content-length")),
        ("234", "bytes 2-4/10", "3")
    );
    let outside = get(2, "bytes=50-").await;
    assert_eq!(outside.header("content-range"), "bytes */10");
    refusal(&outside, 416);
    assert_eq!(get(3, "nonsense").await.expect(200).text(), "0123456789");
    assert_eq!(shop.origin.lines().len(), 3);
}

#[tokio::test]
async fn head_tells_of_the_file_and_uses_no_nonce_up() {
    let shop = Shop::with(|_| Reply::ok(vec![7; 1024])).await;
    let head = shop.market.ask(Method::HEAD, "download", &shop.query(5)).await.expect(200);
    assert_eq!(head.header("content-length"), "1024");
    assert_eq!(head.header("content-disposition"), "attachment;filename=a.bin");
    assert!(head.body.is_empty());
    assert_eq!(head.header("x-tidegate-resume"), "", "a ticket is given for a nonce only");
    shop.market.get("download", &shop.query(5)).await.expect(200);
    shop.market.ask(Method::HEAD, "download", &shop.query(5)).await.expect(400);
}

/// It is saved under this server's origin, and never shown there.
#[tokio::test]
async fn a_page_that_is_sold_is_saved_and_not_shown() {
    let shop = Shop::selling("/page.html", |_| {
        Reply::ok(&b"<script>alert(1)</script>"[..])
            .with("Content-Type", "text/html")
            .with("Content-Disposition", "inline; filename=page.html")
    })
    .await;
    let answer = shop.market.get("download", &shop.query(1)).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html");
    assert!(answer.header("content-disposition").starts_with("attachment;"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_source_that_breaks_off_cuts_the_download() {
    let shop = Shop::with(|asked| match asked.target.as_str() {
        "/short" => Reply::status(200).with("Content-Length", "100").then_body("not 100").then_close(),
        _ => Reply::status(200).with("Transfer-Encoding", "chunked").then_body("5\r\nhello\r\n").then_close(),
    })
    .await;
    for (nonce, path) in [(1, "/short"), (2, "/chunked")] {
        let sale = shop.market.publish(&json!([{"type": "url", "url": shop.origin.url(path)}]));
        let order = shop.market.order(&sale, &shop.buyer);
        let query = shop.market.signed(&sale, &shop.buyer, order, nonce);
        let url = shop.market.server.url(&format!("/api/services/download{query}"));
        let response = shop.market.server.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err(), "{path} has no clean end");
    }
}

#[tokio::test]
async fn a_buyer_who_leaves_ends_the_fetch() {
    let shop =
        Shop::with(|_| Reply::status(200).with("Content-Length", "1000000000000").then_endless()).await;
    let url = shop.market.server.url(&format!("/api/services/download{}", shop.query(1)));
    let mut response = shop.market.server.client.get(url).send().await.unwrap();
    assert!(soon("bytes come", response.chunk()).await.unwrap().is_some());
    assert_eq!(shop.origin.open(), 1);
    drop(response);
    eventually("the origin's connection is closed", async || shop.origin.open() == 0).await;
}

#[tokio::test]
async fn an_origin_that_does_not_deliver_is_a_bad_gateway() {
    for (reply, reason) in
        [(404, "the origin answered with status 404"), (500, "the origin answered with status 500")]
    {
        let shop =
            Shop::with(move |_| Reply::status(reply).with("Content-Length", "7").then_body("planted")).await;
        let answer = shop.market.get("download", &shop.query(1)).await;
        assert_eq!(refusal(&answer, 502), format!("The file cannot be delivered: {reason}."));
    }
    let shop = Shop::with(|_| Reply::nothing()).await;
    let answer = shop.market.get("download", &shop.query(1)).await;
    assert_eq!(refusal(&answer, 502), "The file cannot be delivered: the origin broke off.");
}

#[tokio::test]
async fn a_file_is_named_by_its_place() {
    let shop = Shop::with(|asked| Reply::ok(asked.target.clone())).await;
    let files = json!([
        {"type": "url", "url": shop.origin.url("/0")},
        {"type": "url", "url": shop.origin.url("/1")},
    ]);
    let sale = shop.market.publish(&files);
    let order = shop.market.order(&sale, &shop.buyer);
    let get = async |nonce: u64, index: &str| {
        let query = shop.market.signed(&sale, &shop.buyer, order, nonce).with("fileIndex", index);
        shop.market.get("download", &query).await
    };
    assert_eq!(get(1, "0").await.expect(200).text(), "/0");
    assert_eq!(get(2, "1").await.expect(200).text(), "/1");
    for index in ["2", "4", "99999999999999999999999"] {
        assert!(
            refusal(&get(3, index).await, 400).starts_with("Provider Ganache: No such fileIndex "),
            "{index}"
        );
    }
    assert_eq!(
        violations(&get(3, "-1").await),
        json!({"fileIndex": ["The fileIndex must be an integer.", "The fileIndex must be at least 0."]})
    );
    assert_eq!(violations(&get(3, "abc").await), json!({"fileIndex": ["The fileIndex must be an integer."]}));
}

#[tokio::test]
async fn the_buyers_parameters_reach_the_source() {
    let shop =
        Shop::with(|asked| Reply::ok(format!("{} {}", asked.target, String::from_utf8_lossy(&asked.body))))
            .await;
    let files = json!([
        {"type": "url", "url": shop.origin.url("/get")},
        {"type": "url", "url": shop.origin.url("/post"), "method": "POST"},
    ]);
    let sale = shop.market.publish(&files);
    let order = shop.market.order(&sale, &shop.buyer);
    for (nonce, index, expected) in [(1, "0", "/get?year=2026 "), (2, "1", "/post {\"year\":2026}")] {
        let query = shop.market.signed(&sale, &shop.buyer, order, nonce);
        let query = query.with("fileIndex", index).with("userdata", "{\"year\":2026}");
        assert_eq!(shop.market.get("download", &query).await.expect(200).text(), expected);
    }
}

#[tokio::test]
async fn files_that_were_copied_from_another_asset_are_not_opened() {
    let shop = Shop::with(|_| Reply::ok("bytes")).await;
    let copied = shop.sale.document["services"][0]["files"].clone();
    for files in [copied, json!("0x00"), json!("nonsense")] {
        let sale = shop.market.publish_as(&json!([]), |document| document["services"][0]["files"] = files);
        let order = shop.market.order(&sale, &shop.buyer);
        let answer = shop.market.get("download", &shop.market.signed(&sale, &shop.buyer, order, 1)).await;
        assert_eq!(refusal(&answer, 400), "Provider Ganache: Unable to get dataset files");
    }
    assert!(shop.origin.lines().is_empty());
}

#[tokio::test]
async fn what_is_not_for_download_is_refused() {
    let shop = Shop::with(|_| Reply::ok("bytes")).await;
    let query = shop.query(1);
    let unknown = query.clone().with("documentId", "did:op:00");
    let signature = shop.buyer.sign("did:op:001");
    let answer = shop.market.get("download", &unknown.with("signature", &signature)).await;
    assert_eq!(refusal(&answer, 400), "Cannot resolve DID");
    let answer = shop.market.get("download", &query.with("serviceId", "another")).await;
    assert_eq!(refusal(&answer, 400), "Provider Ganache: Invalid serviceId.");
    let sale =
        shop.market.publish_as(&json!([]), |document| document["services"][0]["type"] = json!("compute"));
    let answer = shop.market.get("download", &shop.market.signed(&sale, &shop.buyer, shop.order, 1)).await;
    let expected = format!("Provider Ganache: Service with index={} is not an access service.", sale.service);
    assert_eq!(refusal(&answer, 400), expected);
}

#[tokio::test]
async fn a_receipt_is_kept_of_what_was_delivered() {
    let shop = Shop::with(|_| Reply::ok("0123456789")).await;
    shop.market.get("download", &shop.query(1)).await.expect(200);
    let (app, order) = (shop.market.server.app.clone(), shop.order);
    app.downloads.receipts.close().await;
    let read = app.db.read(move |s| {
        Box::pin(tidegate::db::receipts::receipts_of_order(s, 8996, order, tidegate::db::ReceiptId(0), 10))
    });
    let [kept] = <[_; 1]>::try_from(read.await.unwrap()).unwrap();
    let document: Value = serde_json::from_str(&kept.receipt.document).unwrap();
    assert_eq!(
        document,
        json!({
            "chainId": 8996, "orderTx": order, "consumerAddress": shop.buyer.address,
            "documentId": shop.sale.did, "serviceId": shop.sale.service, "fileIndex": 0, "range": null,
            "downloadedBytes": 10, "time": "2023-11-14T22:13:20.123Z",
            "sha256": "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882",
        })
    );
    let signature = tidegate_ocean::Signature::parse(&hex::encode(&kept.receipt.signature)).unwrap();
    assert!(tidegate_ocean::is_signed_by(&kept.receipt.document, &signature, key().address()));
}

#[tokio::test]
async fn origins_that_never_answer_hold_up_nobody() {
    let shop = Shop::with(|asked| match asked.target.starts_with("/data/") {
        true => Reply::nothing().then_hang(),
        false => Reply::ok("bytes"),
    })
    .await;
    let Shop { market, origin, buyer, .. } = &shop;
    let mut waiting = Vec::new();
    for nonce in 1..=40 {
        let mut wire = market.server.connect().await;
        let query = shop.query(nonce);
        wire.send(format!("GET /api/services/download{query} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        waiting.push(wire);
        // One after the other: a nonce is not taken after a greater one.
        eventually("it waits for its origin", async || origin.asked().len() == waiting.len()).await;
    }

    let quick = market.publish(&json!([{"type": "url", "url": origin.url("/quick")}]));
    let order = market.order(&quick, buyer);
    market.get("download", &market.signed(&quick, buyer, order, 41)).await.expect(200);
}

#[tokio::test]
async fn a_connection_is_kept_from_request_to_request() {
    let shop = Shop::with(|_| Reply::ok("bytes")).await;
    let mut wire = shop.market.server.connect().await;
    for nonce in 1..=3 {
        let query = shop.query(nonce);
        wire.send(format!("GET /api/services/download{query} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        assert_eq!(wire.answer().await.expect(200).body, "bytes");
    }
}

//! Downloads from origins: asked once, shown without a trace.

use super::*;
use crate::{
    fetch::PUBLIC,
    support::{
        eventually,
        origin::{Origin, Reply},
    },
};

#[tokio::test]
async fn a_file_is_asked_for_once_and_shown_with_what_is_known() {
    let origin = Origin::on(PUBLIC, |_| {
        Reply::ok("hello")
            .with("Content-Type", "text/plain; charset=latin1")
            .with("ETag", "\"tag\"")
            .with("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
            .with("Accept-Ranges", "bytes")
    })
    .await;
    let shop = Shop::open().await;
    let opened = shop.get(&url(&origin.url("/a.txt?X-Amz-Signature=secret"))).await.ok().unwrap();
    assert_eq!((opened.part, opened.length), (None, Some(5)));
    assert_eq!(opened.file_name, "a.txt");
    assert_eq!(opened.content_type.clone().unwrap(), "text/plain; charset=latin1");
    assert_eq!(opened.etag.clone().unwrap(), "\"tag\"");
    assert_eq!(opened.last_modified.clone().unwrap(), "Wed, 21 Oct 2015 07:28:00 GMT");
    assert!(opened.accepts_ranges);
    assert_eq!(bytes(opened).await.unwrap(), "hello");
    assert_eq!(origin.lines(), ["GET /a.txt?X-Amz-Signature=secret"]);
}

#[tokio::test]
async fn headers_and_parameters_go_along() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("")).await;
    let shop = Shop::open().await;
    let file = json!({
        "type": "url", "url": origin.url("/a?x=1"), "method": "get",
        "headers": { "X-Api-Key": "key", "Host": "evil.example", "Content-Length": "7", "Connection": "close" },
        "userdata": { "text": "a b&c", "number": 5, "yes": true, "none": null, "list": [1, "two"] },
    });
    assert!(shop.get(&file).await.is_ok());
    let asked = &origin.asked()[0];
    assert_eq!(asked.target, "/a?x=1&list=1&list=two&number=5&text=a+b%26c&yes=True");
    assert_eq!(asked.header("x-api-key"), "key");
    assert_eq!(asked.header("host"), origin.address.to_string());
    assert_eq!((asked.header("content-length"), asked.header("connection")), ("", ""));
}

#[tokio::test]
async fn a_graphql_query_is_posted_with_its_variables() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("{}").with("Content-Type", "application/json")).await;
    let shop = Shop::open().await;
    let mut file =
        json!({ "type": "graphql", "url": origin.url("/subgraph"), "query": "query q($n: Int) { a }" });
    let opened = shop.get_part(&file, &[("range", "bytes=0-0")]).await.ok().unwrap();
    assert_eq!((opened.file_name.as_str(), opened.accepts_ranges, opened.part), ("file.json", false, None));
    file["userdata"] = json!({ "n": 7 });
    assert!(shop.get(&file).await.is_ok());
    let bodies: Vec<Value> =
        origin.asked().iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    let query = "query q($n: Int) { a }";
    assert_eq!(bodies, [json!({ "query": query }), json!({ "query": query, "variables": { "n": 7 } })]);
    assert!(origin.asked().iter().all(|asked| asked.header("range").is_empty()));
}

/// A file of ten bytes that knows ranges.
async fn ranged() -> Origin {
    Origin::on(PUBLIC, |asked| {
        let part = |head: &str, body: &str| {
            Reply::status(206)
                .with("Content-Range", head)
                .with("Content-Length", &body.len().to_string())
                .then_body(body)
        };
        match (asked.target.as_str(), asked.header("range")) {
            (_, "") | ("/ignores", _) => Reply::ok("0123456789"),
            ("/", "bytes=3-5") => part("bytes 3-5/10", "345"),
            ("/", "bytes=-2") => part("bytes 8-9/*", "89"),
            ("/", _) => Reply::status(416).with("Content-Range", "bytes */10").with("Content-Length", "0"),
            ("/other-part", _) => part("bytes 4-6/10", "456"),
            ("/short", _) => part("bytes 3-5/10", "34"),
            ("/headless", _) => Reply::status(206).with("Content-Length", "3").then_body("345"),
            ("/many", _) => Reply::status(206)
                .with("Content-Type", "multipart/byteranges; boundary=x")
                .with("Content-Length", "0"),
            other => panic!("{other:?}"),
        }
    })
    .await
}

#[tokio::test]
async fn parts_are_passed_on_as_they_were_asked_for() {
    let origin = ranged().await;
    let shop = Shop::open().await;
    let whole = url(&origin.url("/"));
    for (range, part, expected) in [("bytes=3-5", "bytes 3-5/10", "345"), ("bytes=-2", "bytes 8-9/*", "89")] {
        let opened = shop.get_part(&whole, &[("range", range)]).await.ok().unwrap();
        assert_eq!(opened.part.unwrap().to_string(), part);
        assert_eq!(opened.length, Some(expected.len() as u64));
        assert!(opened.accepts_ranges);
        assert_eq!(bytes(opened).await.unwrap(), expected);
    }
    let outside = shop.get_part(&whole, &[("range", "bytes=10-")]).await;
    assert!(matches!(outside, Err(SourceError::RangeOutside(Some(10)))));
    for range in ["bytes=0-1,3-4", "lines=1-2", "nonsense"] {
        let opened = shop.get_part(&whole, &[("range", range)]).await.ok().unwrap();
        assert_eq!((opened.part, opened.length), (None, Some(10)), "{range}");
    }
}

#[tokio::test]
async fn an_origin_that_knows_no_parts_gives_all_and_one_that_lies_nothing() {
    let origin = ranged().await;
    let shop = Shop::open().await;
    let asked = [("range", "bytes=3-5")];
    let opened = shop.get_part(&url(&origin.url("/ignores")), &asked).await.ok().unwrap();
    assert_eq!((opened.part, opened.length), (None, Some(10)));
    for path in ["/other-part", "/short", "/headless", "/many"] {
        let refused = shop.get_part(&url(&origin.url(path)), &asked).await;
        assert!(matches!(refused, Err(SourceError::Fetch(_))), "{path}");
    }
}

#[tokio::test]
async fn the_condition_of_a_part_is_the_origins_to_judge() {
    let origin = ranged().await;
    let shop = Shop::open().await;
    let headers = [("range", "bytes=3-5"), ("if-range", "\"tag\"")];
    assert!(shop.get_part(&url(&origin.url("/")), &headers).await.is_ok());
    assert_eq!(origin.asked()[0].header("if-range"), "\"tag\"");
    // Without a range the condition would say nothing.
    assert!(shop.get_part(&url(&origin.url("/")), &headers[1..]).await.is_ok());
    assert_eq!(origin.asked()[1].header("if-range"), "");
}

#[tokio::test]
async fn a_part_that_is_sold_is_a_whole_file_to_the_buyer() {
    let origin = ranged().await;
    let shop = Shop::open().await;
    let file = json!({ "type": "url", "url": origin.url("/"), "headers": { "Range": "bytes=3-5" } });
    let opened = shop.get_part(&file, &[("range", "bytes=0-9")]).await.ok().unwrap();
    assert_eq!((opened.part, opened.length, opened.accepts_ranges), (None, Some(3), false));
    assert_eq!(bytes(opened).await.unwrap(), "345");
    assert_eq!(origin.asked()[0].header("range"), "bytes=3-5");
}

#[tokio::test]
async fn other_statuses_are_no_file() {
    for status in [204, 206, 301, 403, 404, 416, 500] {
        let origin = Origin::on(PUBLIC, move |_| Reply::status(status).with("Content-Length", "0")).await;
        let refused = Shop::open().await.get(&url(&origin.url("/"))).await;
        assert!(matches!(refused, Err(SourceError::Status(_) | SourceError::Fetch(_))), "{status}");
        assert_eq!(origin.lines(), ["GET /"], "{status}");
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_breaks_off() {
    let origin =
        Origin::on(PUBLIC, |_| Reply::status(200).with("Content-Length", "9").then_body("part").then_close())
            .await;
    let opened = Shop::open().await.get(&url(&origin.url("/"))).await.ok().unwrap();
    assert_eq!(opened.length, Some(9));
    assert!(bytes(opened).await.is_err());
}

#[tokio::test]
async fn a_buyer_that_leaves_ends_the_fetch() {
    let origin = Origin::on(PUBLIC, |_| Reply::status(200).then_endless()).await;
    let mut opened = Shop::open().await.get(&url(&origin.url("/"))).await.ok().unwrap();
    assert!(opened.body.frame().await.unwrap().is_ok());
    drop(opened);
    eventually("the connection ends", async || origin.open() == 0).await;
}

#[tokio::test]
async fn nothing_tells_where_a_file_is() {
    let cid = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h";
    let origin = Origin::on(PUBLIC, move |asked| {
        let found = Reply::ok("x")
            .with("ETag", &format!("\"{cid}\""))
            .with("X-Ipfs-Path", &format!("/ipfs/{cid}"))
            .with("Content-Disposition", &format!("inline; filename=\"{cid}.txt\""))
            .with("Content-Type", "text/plain")
            .with("Location", "http://planted.example/");
        if asked.target.contains("fail") { Reply::status(403).with("Content-Length", "0") } else { found }
    })
    .await;
    let shop = Shop::open().await;
    let opened = shop.get(&url(&origin.url(&format!("/{cid}?planted")))).await.ok().unwrap();
    assert_eq!(opened.file_name, "file.txt");
    assert_eq!(opened.etag, None);
    let host = origin.address.to_string();
    for file in [
        url(&origin.url("/planted-fail")),
        url("http://planted.example/"),
        url("http://127.0.0.1:1/planted"),
        url("http://planted@@/"),
    ] {
        let error = shop.get(&file).await.err().unwrap();
        let shown = format!("{error} {error:?} {:?}", object(&file));
        assert!(!shown.contains("planted") && !shown.contains(&host) && !shown.contains("127."), "{shown}");
    }
}

#[tokio::test]
async fn arweave_is_asked_at_its_gateway_wherever_that_lives() {
    let transaction = "bNbA3TEQVL60xlgCcqdz4ZPHFZ711cZ3hmkpGttDt_U";
    let gateway = Origin::start(|_| Reply::ok("permanent").with("Content-Type", "text/plain")).await;
    let file = |id: &str| json!({ "type": "arweave", "transactionId": id });
    let missing = Shop::open().await.get(&file(transaction)).await;
    assert!(matches!(missing, Err(SourceError::NotConfigured("ARWEAVE_GATEWAY"))));

    let address = gateway.url_as("gateway.example", "/base/");
    let shop = Shop::with(|settings| settings.arweave_gateway = address.parse().ok()).await;
    let opened = shop.get(&file(transaction)).await.ok().unwrap();
    assert_eq!(opened.file_name, "file.txt");
    assert_eq!(bytes(opened).await.unwrap(), "permanent");
    assert_eq!(gateway.lines(), [format!("GET /base/{transaction}")]);
    for id in ["x", "tx/../../admin", &transaction[1..], &transaction.replace('_', "%")] {
        if let Ok(file) = FileObject::parse(&file(id)) {
            let refused = shop.sources.open(&file, Seller::default(), &PartAsked::default()).await;
            assert!(matches!(refused, Err(SourceError::Described(_))), "{id}");
        }
    }
    // What the operator trusts is for the operator's gateways alone.
    assert!(shop.get(&url(&address)).await.is_err());
    assert_eq!(gateway.lines().len(), 1);
}

//! A broken download goes on with its ticket.

use std::time::Duration;

use serde_json::json;

use super::{downloads::Shop, refusals::refusal};
use crate::support::{
    market::Query,
    origin::{Asked, Reply},
};

fn ranges(asked: &Asked) -> Reply {
    match asked.header("range") {
        "bytes=5-" => Reply::status(206)
            .with("Content-Range", "bytes 5-9/10")
            .with("Content-Length", "5")
            .then_body("56789"),
        _ => Reply::ok("0123456789").with("Accept-Ranges", "bytes"),
    }
}

#[tokio::test]
async fn the_same_url_with_its_ticket_or_the_ticket_alone_goes_on() {
    let shop = Shop::with(ranges).await;
    let first = shop.market.get("download", &shop.query(1)).await.expect(200);
    let ticket = first.header("x-tidegate-resume").to_owned();
    let location = first.header("content-location").to_owned();
    assert_eq!(location, format!("/api/services/download?ticket={ticket}"));

    let rest = [("Range", "bytes=5-"), ("X-Tidegate-Resume", ticket.as_str())];
    let resumed = shop.market.get_with("download", &shop.query(1), &rest).await.expect(206);
    assert_eq!(resumed.text(), "56789");
    let alone = shop.market.server.get_with(&location, &rest[..1]).await.expect(206);
    assert_eq!(alone.text(), "56789");
    assert_eq!(alone.header("x-tidegate-resume"), ticket, "it goes on as long as it may");
    assert_eq!(shop.market.nonce(shop.buyer.address).await, json!(1));
    refusal(&shop.market.get_with("download", &shop.query(2), &[("X-Tidegate-Resume", "x.y")]).await, 400);
}

#[tokio::test]
async fn a_ticket_is_for_one_download_and_for_a_while() {
    let shop = Shop::with(ranges).await;
    let first = shop.market.get("download", &shop.query(1)).await.expect(200);
    let ticket = first.header("x-tidegate-resume").to_owned();
    let header = [("X-Tidegate-Resume", ticket.as_str())];
    for (name, value) in [
        ("documentId", "did:op:00"),
        ("fileIndex", "1"),
        ("consumerAddress", "0x0000000000000000000000000000000000000001"),
    ] {
        let query = shop.query(1).with(name, value);
        let text = refusal(&shop.market.get_with("download", &query, &header).await, 400);
        assert_eq!(text, "The ticket belongs to another download.", "{name}");
    }
    shop.market.server.clock.advance(Duration::from_secs(3600));
    let query = Query::new(&[("ticket", &ticket)]);
    let text = refusal(&shop.market.get("download", &query).await, 400);
    assert_eq!(text, "The ticket is not valid or no longer; sign a new request.");
}

#[tokio::test]
async fn a_ticket_carries_the_buyers_parameters() {
    let shop = Shop::with(|asked| Reply::ok(asked.target.clone())).await;
    let query = shop.query(1).with("userdata", "{\"year\":\"2026\"}");
    let first = shop.market.get("download", &query).await.expect(200);
    let location = first.header("content-location").to_owned();
    assert_eq!(shop.market.server.get(&location).await.expect(200).text(), first.text());
    assert!(first.text().ends_with("&year=2026"), "{first:?}");
}

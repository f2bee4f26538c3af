//! Bodies come as they are, as fast as they are taken, and whole or not at all.

use std::{sync::Arc, time::Duration};

use http_body_util::BodyExt as _;
use tidegate::fetch::{FetchError, FetchLimits, Fetcher, system_tls};

use super::{PUBLIC, get, guard, limits, refusal, simple};
use crate::support::{
    eventually,
    origin::{Names, Origin, Reply},
    soon,
};

/// Impatient in one respect.
fn impatient(change: impl FnOnce(&mut FetchLimits)) -> Fetcher {
    let mut limits = limits();
    change(&mut limits);
    Fetcher::new(guard(), Arc::new(Names::default()), system_tls().unwrap(), limits)
}

const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_body_that_ends_early_is_an_error() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/length" => Reply::status(200).with("Content-Length", "10").then_body("short").then_close(),
        "/chunked" => {
            Reply::status(200).with("Transfer-Encoding", "chunked").then_body("5\r\nshort\r\n").then_close()
        }
        "/chunk" => {
            Reply::status(200).with("Transfer-Encoding", "chunked").then_body("9\r\nshort").then_close()
        }
        _ => Reply::status(200).then_body("until the end").then_close(),
    })
    .await;
    for path in ["/length", "/chunked", "/chunk"] {
        let answer = get(&simple(), &origin.url(path)).await.ok().unwrap();
        assert_eq!(soon("the end", answer.body.collect(100)).await, Err(FetchError::Broken), "{path}");
    }
    let answer = get(&simple(), &origin.url("/close")).await.ok().unwrap();
    assert_eq!(answer.body.length(), None);
    assert_eq!(soon("the end", answer.body.collect(100)).await.unwrap(), "until the end");
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    for head in [
        String::new(),
        "nonsense".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nno colon\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{many}"),
        format!("HTTP/1.1 200 OK\r\nX: {}\r\n", "y".repeat(200 << 10)),
    ] {
        let shown = head.clone();
        let origin = Origin::on(PUBLIC, move |_| Reply::raw(&head)).await;
        let refusal = refusal(&simple(), &origin.url("/")).await;
        assert_eq!(refusal, Some(FetchError::Broken), "{shown}");
    }
}

#[tokio::test]
async fn bytes_and_their_encoding_pass_unchanged() {
    let packed = b"\x1f\x8bnot really gzip";
    let origin = Origin::on(PUBLIC, move |_| Reply::ok(packed).with("Content-Encoding", "gzip")).await;
    let answer = get(&simple(), &origin.url("/")).await.ok().unwrap();
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(answer.body.collect(100).await.unwrap(), &packed[..]);
    assert_eq!(origin.asked()[0].header("accept-encoding"), "");
}

#[tokio::test]
async fn only_so_much_is_collected() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/declared" => Reply::ok("12345"),
        _ => Reply::status(200).then_endless(),
    })
    .await;
    let body = async |path| get(&simple(), &origin.url(path)).await.ok().unwrap().body;
    assert_eq!(body("/declared").await.collect(5).await.unwrap(), "12345");
    assert_eq!(body("/declared").await.collect(4).await, Err(FetchError::TooLarge));
    assert_eq!(body("/endless").await.collect(100_000).await, Err(FetchError::TooLarge));
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_origin_and_one_that_goes_ends_it() {
    let origin = Origin::on(PUBLIC, |_| Reply::status(200).then_endless()).await;
    let mut answer = get(&simple(), &origin.url("/")).await.ok().unwrap();
    assert!(answer.body.frame().await.unwrap().is_ok());
    // What is sent without being read ends up in the system's buffers, and there it ends.
    let mut last = 0;
    eventually("the origin waits", async || {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let sent = origin.sent();
        std::mem::replace(&mut last, sent) == sent && sent > 0
    })
    .await;
    assert!(last < 64 << 20, "{last} bytes without a reader");
    drop(answer);
    eventually("the connection ends", async || origin.open() == 0).await;
}

#[tokio::test]
async fn an_origin_that_says_nothing_is_left() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/silent" => Reply::raw("HTTP/1.1 200 OK\r\nX: y").then_hang(),
        _ => Reply::status(200).with("Content-Length", "10").then_body("begun").then_hang(),
    })
    .await;
    let fetcher = impatient(|limits| (limits.connect, limits.first_byte) = (SHORT, SHORT));
    assert_eq!(refusal(&fetcher, &origin.url("/silent")).await, Some(FetchError::Timeout));
    let fetcher = impatient(|limits| limits.idle = SHORT);
    let answer = get(&fetcher, &origin.url("/begun")).await.ok().unwrap();
    assert_eq!(soon("patience ends", answer.body.collect(100)).await, Err(FetchError::Timeout));
    eventually("the connections end", async || origin.open() == 0).await;
}

#[tokio::test]
async fn a_reader_may_be_slower_than_an_origin_may() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok(vec![7; 1 << 20])).await;
    let fetcher = impatient(|limits| limits.idle = SHORT);
    let mut answer = get(&fetcher, &origin.url("/")).await.ok().unwrap();
    let first = answer.body.frame().await.unwrap().unwrap().into_data().unwrap();
    let mut later = tokio::time::interval(SHORT * 2);
    later.tick().await;
    later.tick().await;
    let rest = soon("the rest", answer.body.collect(1 << 20)).await.unwrap();
    assert_eq!(first.len() + rest.len(), 1 << 20);
}

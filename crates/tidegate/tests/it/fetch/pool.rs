//! Connections are used again, each only for what it was made for.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method};
use tidegate::fetch::{FetchError, FetchRequest};

use super::{PUBLIC, fetcher, get, simple};
use crate::support::{
    origin::{Names, Origin, Reply},
    soon,
};

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("x")).await;
    let fetcher = simple();
    for _ in 0..20 {
        let answer = get(&fetcher, &origin.url("/")).await.ok().unwrap();
        answer.body.collect(100).await.unwrap();
    }
    assert!(origin.connections() < 20, "{} connections", origin.connections());
}

#[tokio::test]
async fn a_connection_is_not_handed_to_another_host_at_the_same_address() {
    let origin = Origin::on(PUBLIC, |asked| Reply::ok(asked.header("host"))).await;
    let names = Names::default().with("a.example", &[&["127.0.0.2"]]).with("b.example", &[&["127.0.0.2"]]);
    let fetcher = fetcher(&Arc::new(names));
    for host in ["a.example", "b.example", "a.example", "b.example", "127.0.0.2"] {
        let answer = get(&fetcher, &origin.url_as(host, "/")).await.ok().unwrap();
        let expected = format!("{host}:{}", origin.address.port());
        assert_eq!(answer.body.collect(100).await.unwrap(), expected);
    }
    // The first request on a connection says whose it is.
    let mut hosts = Vec::new();
    for asked in origin.asked() {
        if asked.earlier == 0 {
            hosts.push(asked.header("host").to_owned());
        }
    }
    for host in ["a.example", "b.example", "127.0.0.2"] {
        assert!(hosts.iter().any(|first| first.starts_with(host)), "{host} in {hosts:?}");
    }
}

/// Answers the first request of each connection and hangs up on the second.
async fn forgetful() -> Origin {
    Origin::on(PUBLIC, |asked| if asked.earlier == 0 { Reply::ok("x") } else { Reply::nothing() }).await
}

#[tokio::test]
async fn a_stale_connection_is_replaced() {
    let origin = forgetful().await;
    let fetcher = simple();
    for _ in 0..5 {
        let answer = get(&fetcher, &origin.url("/")).await.ok().unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), "x");
    }
}

#[tokio::test]
async fn a_new_connection_that_fails_is_not_tried_again() {
    let origin = Origin::on(PUBLIC, |_| Reply::nothing()).await;
    assert_eq!(super::refusal(&simple(), &origin.url("/")).await, Some(FetchError::Broken));
    assert_eq!(origin.lines(), ["GET /"]);
}

#[tokio::test]
async fn what_an_origin_may_have_acted_on_is_not_sent_again() {
    let origin = forgetful().await;
    let fetcher = simple();
    let post = || {
        let request = FetchRequest::get(&origin.url("/")).unwrap().with_method(Method::POST);
        fetcher.fetch(request.with_body(HeaderValue::from_static("text/plain"), Bytes::from_static(b"x")))
    };
    let mut sent = 0;
    // The pool may or may not have taken the connection back yet: sooner or later it is a used one that is hung up on.
    loop {
        sent += 1;
        match soon("an answer", post()).await {
            Ok(answer) => drop(answer.body.collect(100).await),
            Err(error) => break assert_eq!(error, FetchError::Broken),
        }
    }
    assert_eq!(origin.lines().len(), sent);
}

//! Redirects are followed by hand, and each is a new question to the guard.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, header};
use tidegate::fetch::{FetchError, FetchRequest};

use super::{PUBLIC, fetcher, get, refusal, simple};
use crate::support::{
    origin::{Names, Origin, Reply},
    soon,
};

/// Answers `/n` with a redirect to `/n-1`, and `/0` with a file.
async fn stairs() -> Origin {
    Origin::on(PUBLIC, |asked| match asked.target.trim_start_matches('/').parse::<u32>() {
        Ok(0) => Reply::ok("the end"),
        Ok(step) => Reply::redirect(302, &format!("/{}", step - 1)),
        Err(_) => Reply::status(404),
    })
    .await
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_is_not() {
    let origin = stairs().await;
    let answer = get(&simple(), &origin.url("/5")).await.ok().unwrap();
    assert_eq!(answer.url.path(), "/0");
    assert_eq!(answer.body.collect(100).await.unwrap(), "the end");
    assert_eq!(refusal(&simple(), &origin.url("/6")).await, Some(FetchError::TooManyRedirects));
}

#[tokio::test]
async fn no_redirect_leads_inward() {
    let private = Origin::start(|_| Reply::ok("private")).await;
    let port = private.address.port();
    let names = Names::default()
        .with("public.example", &[&["127.0.0.2"]])
        .with("also-public.example", &[&["127.0.0.2"]])
        .with("inward.example", &[&["127.0.0.1"]]);
    let fetcher = fetcher(&Arc::new(names));
    let origin = Origin::on(PUBLIC, move |asked| {
        let target = &asked.target;
        match target.strip_prefix("/twice/") {
            Some(host) => Reply::redirect(307, &format!("/{host}")),
            None => Reply::redirect(302, &format!("http:/{target}:{port}/secret")),
        }
    })
    .await;
    for host in ["127.0.0.1", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "inward.example"] {
        for path in [format!("/{host}"), format!("/twice/{host}")] {
            let url = origin.url_as("public.example", &path);
            assert_eq!(refusal(&fetcher, &url).await, Some(FetchError::Refused), "{path}");
        }
    }
    let scheme = Origin::on(PUBLIC, |_| Reply::redirect(302, "file:///etc/passwd")).await;
    assert_eq!(refusal(&fetcher, &scheme.url("/")).await, Some(FetchError::BadUrl));
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn secrets_do_not_follow_to_another_origin() {
    let other = Origin::on(PUBLIC, |_| Reply::ok("")).await;
    let there = other.url("/there");
    let first = Origin::on(PUBLIC, move |asked| match asked.target.as_str() {
        "/same" => Reply::redirect(302, "/there"),
        "/there" => Reply::ok(""),
        _ => Reply::redirect(302, &there),
    })
    .await;
    let fetcher = simple();
    for path in ["/same", "/other"] {
        let url = first.url(path).replace("http://", "http://user:secret@");
        let request = FetchRequest::get(&url)
            .unwrap()
            .with_header(HeaderName::from_static("x-api-key"), HeaderValue::from_static("secret"))
            .with_header(header::COOKIE, HeaderValue::from_static("secret"))
            .with_header(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        assert!(fetcher.fetch(request).await.is_ok());
    }
    let same = &first.asked()[1];
    assert_eq!(same.target, "/there");
    assert_eq!(
        (same.header("x-api-key"), same.header("authorization")),
        ("secret", "Basic dXNlcjpzZWNyZXQ=")
    );
    let elsewhere = &other.asked()[0];
    assert_eq!(elsewhere.header("range"), "bytes=0-1");
    for name in ["x-api-key", "cookie", "authorization", "referer"] {
        assert_eq!(elsewhere.header(name), "", "{name}");
    }
}

#[tokio::test]
async fn a_posted_body_goes_where_the_status_says() {
    let origin = Origin::on(PUBLIC, |asked| match asked.target.as_str() {
        "/see-other" => Reply::redirect(303, "/end"),
        "/temporary" => Reply::redirect(307, "/end"),
        _ => Reply::ok(""),
    })
    .await;
    for path in ["/see-other", "/temporary"] {
        let request = FetchRequest::get(&origin.url(path))
            .unwrap()
            .with_method(Method::POST)
            .with_body(HeaderValue::from_static("application/json"), "{\"a\":1}".into());
        assert!(soon("an answer", simple().fetch(request)).await.is_ok());
    }
    let bodies: Vec<_> = origin.asked().into_iter().map(|asked| (asked.method, asked.body)).collect();
    let posted = |body: &'static str| ("POST".to_owned(), body.into());
    assert_eq!(
        bodies,
        [posted("{\"a\":1}"), ("GET".to_owned(), "".into()), posted("{\"a\":1}"), posted("{\"a\":1}")]
    );
}

#[tokio::test]
async fn a_redirect_without_a_place_is_an_answer() {
    let origin = Origin::on(PUBLIC, |_| Reply::status(302).with("Content-Length", "0")).await;
    assert_eq!(get(&simple(), &origin.url("/")).await.ok().unwrap().status, 302);
}

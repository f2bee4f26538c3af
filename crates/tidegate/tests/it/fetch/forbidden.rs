//! What must not be reached is not even spoken to.

use std::{net::Ipv6Addr, sync::Arc};

use tidegate::fetch::{FetchError, Fetcher, Guard, system_tls};

use super::{PUBLIC, fetcher, get, guard, limits, refusal, simple};
use crate::support::origin::{Names, Origin, Reply};

#[tokio::test]
async fn no_spelling_of_a_private_address_is_dialled() {
    let private = Origin::start(|_| Reply::ok("private")).await;
    let names = Names::default()
        .with("localhost", &[&["127.0.0.1", "::1"]])
        .with("localhost.", &[&["127.0.0.1"]])
        .with("inward.example", &[&["127.0.0.1"]])
        .with("mapped.example", &[&["::ffff:127.0.0.1", "64:ff9b::7f00:1", "::127.0.0.1", "2002:7f00:1::"]])
        .with("nothing.example", &[&["0.0.0.0", "::"]]);
    let fetcher = fetcher(&Arc::new(names));
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "１２７.0.０.１",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "user:password@localhost",
        "inward.example",
        "mapped.example",
        "nothing.example",
    ] {
        assert_eq!(refusal(&fetcher, &private.url_as(host, "/")).await, Some(FetchError::Refused), "{host}");
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn of_a_mixed_answer_only_the_allowed_addresses_are_dialled() {
    let public = Origin::on(PUBLIC, |_| Reply::ok("public")).await;
    let names = Arc::new(Names::default().with("mixed.example", &[&["127.0.0.1", "::1", "127.0.0.2"]]));
    let answer = get(&fetcher(&names), &public.url_as("mixed.example", "/")).await.ok().unwrap();
    assert_eq!(answer.body.collect(100).await.unwrap(), "public");
    assert_eq!(names.looked_up(), ["mixed.example"]);
}

#[tokio::test]
async fn a_name_that_changes_its_address_changes_nothing() {
    // Both listen on the same port, as an attacker would have it.
    let public = Origin::on(PUBLIC, |_| Reply::ok("public").then_close()).await;
    let names = Names::default().with("rebinding.example", &[&["127.0.0.2"], &["127.0.0.1"]]);
    let names = Arc::new(names);
    let fetcher = fetcher(&names);
    let url = public.url_as("rebinding.example", "/");
    let answer = get(&fetcher, &url).await.ok().unwrap();
    assert_eq!(answer.body.collect(100).await.unwrap(), "public");
    assert_eq!(names.looked_up().len(), 1, "what was checked was dialled");
    assert_eq!(refusal(&fetcher, &url).await, Some(FetchError::Refused));
    assert_eq!(public.connections(), 1);
}

#[tokio::test]
async fn unknown_names_and_silent_ports_cannot_be_reached() {
    let gone = Origin::on(PUBLIC, |_| Reply::ok("")).await;
    let url = gone.url("/");
    drop(gone);
    let fetcher = simple();
    assert_eq!(refusal(&fetcher, "http://unknown.example/").await, Some(FetchError::Unreachable));
    let none = Arc::new(Names::default().with("none.example", &[&[]]));
    assert_eq!(refusal(&super::fetcher(&none), "http://none.example/").await, Some(FetchError::Unreachable));
    // The listener goes away with its task, which is aborted but perhaps not yet gone.
    crate::support::eventually("the port is closed", async || {
        refusal(&fetcher, &url).await == Some(FetchError::Unreachable)
    })
    .await;
}

#[tokio::test]
async fn with_leave_to_go_anywhere_all_are_reached() {
    let private = Origin::start(|_| Reply::ok("private")).await;
    let names = Arc::new(Names::default().with("localhost", &[&["127.0.0.1"]]));
    let fetcher = Fetcher::new(Guard::anywhere(), names, system_tls().unwrap(), limits());
    for host in ["127.0.0.1", "0x7f.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"] {
        let answer = get(&fetcher, &private.url_as(host, "/")).await.ok().unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), "private", "{host}");
    }
}

#[tokio::test]
async fn an_operators_own_host_is_reached_wherever_it_lives_but_may_not_lead_elsewhere() {
    let inner = Origin::start(|_| Reply::ok("private")).await;
    let elsewhere = inner.url("/");
    let gateway = Origin::start(move |asked| match asked.target.as_str() {
        "/away" => Reply::redirect(302, &elsewhere.replace("127.0.0.1", "localhost")),
        _ => Reply::ok("gateway"),
    })
    .await;
    let names = Names::default()
        .with("gateway.example", &[&["127.0.0.1"]])
        .with("sandbox.gateway.example", &[&["127.0.0.1"]])
        .with("localhost", &[&["127.0.0.1"]]);
    let guard = guard().and_host("gateway.example");
    let fetcher = Fetcher::new(guard, Arc::new(names), system_tls().unwrap(), limits());
    for host in ["gateway.example", "sandbox.gateway.example"] {
        assert!(get(&fetcher, &gateway.url_as(host, "/")).await.is_ok(), "{host}");
    }
    let away = gateway.url_as("gateway.example", "/away");
    assert_eq!(refusal(&fetcher, &away).await, Some(FetchError::Refused));
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn ipv6_literals_are_dialled_where_allowed() {
    let origin = Origin::on(Ipv6Addr::LOCALHOST, |_| Reply::ok("six")).await;
    let guard = Guard::public().and_network("::1/128".parse().unwrap());
    let fetcher = Fetcher::new(guard, Arc::new(Names::default()), system_tls().unwrap(), limits());
    let answer = get(&fetcher, &origin.url("/")).await.ok().unwrap();
    assert_eq!(answer.body.collect(100).await.unwrap(), "six");
    assert_eq!(origin.asked()[0].header("host"), format!("[::1]:{}", origin.address.port()));
}

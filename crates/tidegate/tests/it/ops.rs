//! What an operator and their tools see: health, numbers, request ids, stopping.

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::tempdir;
use tokio::net::TcpStream;

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    person::Person,
    process::{Process, register_in},
    server::{TestServer, client},
};

on_both_engines![a_server_is_ready_while_its_database_answers];

async fn a_server_is_ready_while_its_database_answers(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let live = server.get("/livez").await.expect(200);
    assert_eq!(live.text(), "ok");
    let ready = server.get("/readyz").await.expect(200);
    assert_eq!(ready.json(), json!({"ready": true, "database": "ok"}));

    server.app.close().await;
    let unready = server.get("/readyz").await.expect(503);
    assert_eq!(unready.json(), json!({"ready": false, "database": "the database is closed"}));
    server.get("/livez").await.expect(200);
}

#[tokio::test]
async fn the_numbers_count_what_happened() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start(&data, &[]).await;
    let client = client();
    let ann = Person::at(&process.url, &client, &registered).await;
    let bytes = content(unique(), 300_000);
    let cid = ann.pin(&bytes).await;
    let get = async |path: &str| Answer::of(client.get(format!("{}{path}", process.url))).await;
    for _ in 0..3 {
        get(&format!("/ipfs/{cid}")).await.expect(200);
    }
    get("/ipfs/hello").await.expect(400);
    get("/nothing").await.expect(404);

    let expected = [
        ("tidegate_http_requests_total{surface=\"gateway\",status=\"2xx\"}", 3.0),
        ("tidegate_http_requests_total{surface=\"gateway\",status=\"4xx\"}", 1.0),
        ("tidegate_http_requests_total{surface=\"other\",status=\"4xx\"}", 1.0),
        ("tidegate_http_requests_total{surface=\"cloud\",status=\"2xx\"}", 1.0),
        ("tidegate_http_requests_total{surface=\"endpoint\",status=\"2xx\"}", 1.0),
        ("tidegate_http_request_seconds_count{surface=\"gateway\"}", 4.0),
        ("tidegate_upload_bytes_total", 300_000.0),
        ("tidegate_pins_total{source=\"pin_file\"}", 1.0),
        ("tidegate_uploads_running", 0.0),
    ];
    // A request is counted when its last byte is sent, which its client may see first.
    eventually("the numbers are these", async || {
        let numbers = parse(get("/metrics").await.expect(200).text());
        expected.iter().all(|(name, value)| numbers.get(*name) == Some(value))
    })
    .await;
    let answer = get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
    let numbers = parse(answer.text());
    let sent = numbers["tidegate_http_response_bytes_total{surface=\"gateway\"}"];
    assert!(sent >= 900_000.0, "{sent}");
    assert!(numbers["tidegate_http_connections"] >= 1.0);
}

#[tokio::test]
async fn every_answer_has_an_id_that_is_in_the_log() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start(&data, &[]).await;
    let client = client();
    let ann = Person::at(&process.url, &client, &registered).await;
    let secret_query = "/ipfs/bafkqaaa?filename=do-not-log-this";
    let mut ids = BTreeMap::new();
    for (path, status) in
        [("/livez", 200), ("/ping", 401), (secret_query, 200), ("/ipfs/hello", 400), ("/nothing", 404)]
    {
        let answer = Answer::of(client.get(format!("{}{path}", process.url))).await.expect(status);
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 32, "{path}");
        ids.insert(id, status);
    }
    let refused = ann.upload(ann.form("nonsense")).await;
    ids.insert(refused.header("x-request-id").to_owned(), 400);
    assert_eq!(ids.len(), 6, "no id twice");
    eventually("every request has a line", async || {
        let events = process.events();
        ids.iter().all(|(id, status)| {
            let line = events.iter().find(|event| event["id"] == **id);
            line.is_some_and(|line| line["status"] == *status)
        })
    })
    .await;

    let log = process.log.clone();
    assert!(process.stop().await);
    let log = std::fs::read_to_string(log).unwrap();
    for secret in ["do-not-log-this", &ann.api_key, &ann.token, "ann@example.org"] {
        assert!(!log.contains(secret), "{secret}");
    }
    assert!(log.contains("\"stopped\""), "the last lines are written: {log}");
}

#[tokio::test]
async fn an_upload_under_way_is_finished_and_acknowledged_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 8_000_000);
    let cid = cid_v0(&bytes);
    let body = ann.form(&cid).file("a", &bytes).close();
    let mut wire = server.connect().await;
    wire.begin_upload(&ann.token, &format!("Content-Length: {}\r\n", body.len())).await;
    wire.send(&body[..6_000_000]).await;
    eventually("the upload is under way", async || server.staged() == 1).await;

    server.begin_stop();
    eventually("nobody new is let in", async || TcpStream::connect(server.address).await.is_err()).await;
    wire.send(&body[6_000_000..]).await;
    assert_eq!(wire.answer().await.expect(200).json()["PinHash"], cid);
    wire.closed().await;
    server.stopped().await;
    assert_eq!(server.pins(ann.account).await.len(), 1);
    assert_eq!(server.staged(), 0);
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_stop() {
    let mut server = TestServer::start().await;
    let mut used = server.connect().await;
    used.send("GET /livez HTTP/1.1\r\nHost: test\r\n\r\n").await;
    used.answer().await.expect(200);
    server.begin_stop();
    server.stopped().await;
    used.closed().await;
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    const ASK: &str = "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n";
    let server = TestServer::with(|config| config.server.max_connections = 1).await;
    let mut first = server.connect().await;
    first.send(ASK).await;
    first.answer().await.expect(200);
    let mut second = server.connect().await;
    second.send(ASK).await;
    // The first one is served on, and the second one is not yet.
    for _ in 0..10 {
        first.send(ASK).await;
        first.answer().await.expect(200);
    }
    let mut byte = [0];
    let waiting = second.reader.get_ref().try_read(&mut byte);
    assert_eq!(waiting.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    second.answer().await.expect(200);
}

/// Prometheus' text format; every line must be a comment or a name with a number.
fn parse(text: &str) -> BTreeMap<String, f64> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

//! `pinFromS3`: an application tells where a file is, the server fetches it and tells what became of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use tidegate::{
    config::Config,
    db::jobs::{Job, JobId, JobStatus},
};

use crate::{
    pull::{ended, later, tried},
    support::{
        answer::Answer,
        content::{cid_v0, content, unique},
        databases::{TestDatabase, on_both_engines},
        origin::{Asked, Origin, Reply},
        person::Person,
        server::TestServer,
    },
    webhooks::{signed, told},
};

on_both_engines![
    a_file_is_fetched_pinned_and_reported,
    a_file_that_cannot_be_had_is_tried_for_a_day_and_reported,
];

/// What nobody but the store may see.
const SIGNATURE: &str = "X-Amz-Signature=do-not-show-this";

/// Settings under which applications and stores may live on this machine.
fn all_here(config: &mut Config) {
    config.webhooks.allow_non_public_ip = true;
    config.pull.allow_non_public_ip = true;
}

/// An application that answers `reply` to whoever asks for a URL.
async fn application(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Origin {
    let asked = AtomicUsize::new(0);
    Origin::start(move |_| reply(asked.fetch_add(1, Ordering::SeqCst))).await
}

/// A URL in an answer as this application writes it.
fn tells(url: &str) -> Reply {
    Reply::ok(json!({"presignedURL": url}).to_string()).with("Content-Type", "application/json")
}

/// A store that knows ranges and tags.
async fn store(bytes: &Bytes) -> Origin {
    let bytes = bytes.clone();
    Origin::start(move |asked| part(asked, &bytes, "\"one\"")).await
}

/// What a store answers that has `bytes` under this tag.
fn part(asked: &Asked, bytes: &Bytes, tag: &str) -> Reply {
    let first = asked.header("range").strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    match first.filter(|_| asked.header("if-range") == tag) {
        Some(first) => {
            let (first, size) = (first.parse::<usize>().unwrap(), bytes.len());
            Reply::status(206)
                .with("ETag", tag)
                .with("Content-Range", &format!("bytes {first}-{}/{size}", size - 1))
                .with("Content-Length", &(size - first).to_string())
                .then_body(&bytes[first..])
        }
        None => Reply::ok(&bytes[..]).with("ETag", tag),
    }
}

/// A whole answer's head, and then only the first `sent` bytes.
fn broken(bytes: &Bytes, tag: &str, sent: usize) -> Reply {
    Reply::status(200)
        .with("ETag", tag)
        .with("Content-Length", &bytes.len().to_string())
        .then_body(&bytes[..sent])
        .then_close()
}

async fn ask(person: &Person, body: Value) -> Answer {
    person.send(Method::POST, "/pinning/pinFromS3", Some(body)).await
}

/// Asks for the file that this application knows.
async fn ask_for(person: &Person, application: &Origin) -> JobId {
    let endpoint = application.url("/sign?file=7");
    let answer = ask(person, json!({"presignedURLRequestEndpoint": endpoint})).await.expect(200).json();
    assert_eq!(answer["JobStatus"], "queued");
    JobId(answer["JobId"].as_str().unwrap().to_owned())
}

#[track_caller]
fn is_pinned_as(job: &Job, bytes: &Bytes) {
    assert_eq!((job.status, job.job.cid.clone()), (JobStatus::Pinned, Some(cid_v0(bytes))), "{job:?}");
}

async fn a_file_is_fetched_pinned_and_reported(database: TestDatabase) {
    let bytes = content(unique(), 600_000);
    let cid = cid_v0(&bytes);
    let store = store(&bytes).await;
    let url = store.url(&format!("/bucket/a.bin?{SIGNATURE}"));
    let application = application(move |_| tells(&url)).await;
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, all_here).await;
    let ann = server.person("ann").await;
    let body = json!({
        "presignedURLRequestEndpoint": application.url("/sign?file=7"),
        "pinResultCallbackEndpoint": receiver.url("/pinned"),
        "decooMetadata": {"name": "From S3"},
    });
    let answer = ask(&ann, body).await.expect(200).json();
    let id = JobId(answer["JobId"].as_str().unwrap().to_owned());
    is_pinned_as(&ended(&server, &ann, &id).await, &bytes);

    let jobs = ann.ask(&format!("/pinning/pinJobs?pin-hash={cid}")).await.expect(200).json();
    assert_eq!(jobs["Jobs"], json!([{"Id": id.0, "Status": "pinned", "PinHash": cid}]));
    let pins = ann.ask("/pinning/pinList").await.expect(200).json();
    assert_eq!((&pins["Pins"][0]["PinHash"], &pins["Pins"][0]["PinSize"]), (&json!(cid), &json!(600_000)));
    assert_eq!(pins["Pins"][0]["Metadata"], json!({"name": "From S3"}));
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
    assert_eq!(application.lines(), ["GET /sign?file=7"]);
    assert_eq!(store.lines(), [format!("GET /bucket/a.bin?{SIGNATURE}")]);

    let asked = told(&receiver, 1).await.remove(0);
    let shown = ann.ask("/api/v1/webhooks/callbacks/secret").await.expect(200).json();
    let result = signed(&asked, shown["secret"].as_str().unwrap(), 0);
    let expected = json!({"jobId": id.0, "success": true, "pinHash": cid, "message": "pinned"});
    assert_eq!(result, expected);
    crate::support::eventually("the log says so", async || {
        let log = ann.ask("/api/v1/webhooks/callbacks/deliveries").await.expect(200).json();
        let newest = &log["items"][0];
        newest["status"] == "delivered"
            && newest["event"] == "callback"
            && newest["url"] == receiver.url("/pinned")
    })
    .await;
    assert_eq!(ann.ask("/api/v1/webhooks").await.json()["items"], json!([]));
}

async fn a_file_that_cannot_be_had_is_tried_for_a_day_and_reported(database: TestDatabase) {
    let store = Origin::start(|_| Reply::status(403).with("Content-Length", "0")).await;
    let url = store.url(&format!("/a?{SIGNATURE}"));
    let application = application(move |times| match times {
        0 => Reply::status(500).with("Content-Length", "0"),
        _ => tells(&url),
    })
    .await;
    let receiver = Origin::start(|_| Reply::ok("")).await;
    let server = TestServer::on(database, all_here).await;
    let ann = server.person("ann").await;
    let body = json!({
        "presignedURLRequestEndpoint": application.url("/sign?key=do-not-show-this"),
        "pinResultCallbackEndpoint": receiver.url("/"),
    });
    let answer = ask(&ann, body).await.expect(200).json();
    let id = JobId(answer["JobId"].as_str().unwrap().to_owned());
    let job = tried(&server, &ann, &id, 1).await;
    assert_eq!(job.reason.as_deref(), Some("presignedURLRequestEndpoint answered with status 500"));
    later(&server, Duration::from_secs(60));
    let job = tried(&server, &ann, &id, 2).await;
    assert_eq!(job.reason.as_deref(), Some("the file's server answered with status 403"));
    assert_eq!(application.lines().len(), 2, "each try asks anew");
    let shown = ann.ask(&format!("/psa/pins/{}", id.0)).await.expect(200).json();
    assert_eq!((&shown["pin"]["cid"], &shown["info"]["tries"]), (&json!("bafkqaaa"), &json!("2")));
    assert!(receiver.asked().is_empty(), "it may still come");
    later(&server, Duration::from_secs(24 * 60 * 60));
    let job = ended(&server, &ann, &id).await;
    assert_eq!(job.status, JobStatus::Failed);
    server.app.webhooks.ring();
    let asked = told(&receiver, 1).await.remove(0);
    let secret = ann.ask("/api/v1/webhooks/callbacks/secret").await.json()["secret"].clone();
    let expected = json!({
        "jobId": id.0, "success": false, "pinHash": "",
        "message": "the file's server answered with status 403 (given up after 3 tries)",
    });
    assert_eq!(signed(&asked, secret.as_str().unwrap(), 0), expected);
    server.is_left_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_may_be_told_in_many_ways() {
    let server = TestServer::with(all_here).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let store = store(&bytes).await;
    let url = store.url(&format!("/a?{SIGNATURE}"));
    for way in 0..7 {
        let url = url.clone();
        let application = Origin::start(move |asked| match way {
            0 => Reply::ok(json!({"presignedUrl": url}).to_string()),
            1 => Reply::ok(json!({"code": 200, "url": url}).to_string()),
            2 => Reply::ok(json!({"data": url}).to_string()),
            3 => Reply::ok(json!(url).to_string()),
            4 => Reply::ok(format!("{url}\n")).with("Content-Type", "text/plain"),
            5 => Reply::redirect(302, &url),
            // First to where the endpoint is spelled better, as when it moves from http to https.
            _ if asked.target.starts_with("/sign?") => Reply::redirect(301, "/sign/?file=7"),
            _ => Reply::redirect(307, &url),
        })
        .await;
        let id = ask_for(&ann, &application).await;
        is_pinned_as(&ended(&server, &ann, &id).await, &bytes);
    }
    for useless in ["{}", "[1]", "no URL at all", "{\"url\":\"ftp://a.example/\"}", "\"/relative\""] {
        let application = application(move |_| Reply::ok(useless)).await;
        let id = ask_for(&ann, &application).await;
        let reason = tried(&server, &ann, &id, 1).await.reason.unwrap();
        assert_eq!(
            reason, "presignedURLRequestEndpoint did not answer with an http or https URL",
            "{useless}"
        );
    }
}

/// How a file goes that a store hands out like `serve`, by the number of the request.
async fn fetched(
    bytes: &Bytes,
    serve: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
) -> (Job, Vec<Asked>) {
    let requests = AtomicUsize::new(0);
    let store = Origin::start(move |asked| serve(requests.fetch_add(1, Ordering::SeqCst), asked)).await;
    let url = store.url("/a");
    let application = application(move |times| tells(&format!("{url}?time={times}"))).await;
    let server = TestServer::with(all_here).await;
    let ann = server.person("ann").await;
    let id = ask_for(&ann, &application).await;
    let job = ended(&server, &ann, &id).await;
    is_pinned_as(&job, bytes);
    assert_eq!(job.tries, 1);
    (job, store.asked())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_no_new_beginning() {
    let bytes = content(unique(), 900_000);
    let shared = bytes.clone();
    let (_, asked) = fetched(&bytes, move |times, asked| match times {
        0 => broken(&shared, "\"one\"", 300_000),
        1 => Reply::nothing(),
        _ => part(asked, &shared, "\"one\""),
    })
    .await;
    assert_eq!(asked.len(), 3);
    let last = &asked[2];
    assert_eq!((last.header("range"), last.header("if-range")), ("bytes=300000-", "\"one\""));
    // Each connection has a URL of its own, as the first one may have expired.
    assert_eq!(
        asked.iter().map(|asked| asked.target.as_str()).collect::<Vec<_>>(),
        ["/a?time=0", "/a?time=1", "/a?time=2"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_knows_no_ranges_is_read_again_up_to_the_break() {
    let bytes = content(unique(), 400_000);
    let shared = bytes.clone();
    fetched(&bytes, move |times, _| match times {
        0 => broken(&shared, "\"one\"", 300_000),
        _ => Reply::ok(&shared[..]).with("ETag", "\"one\""),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_in_between_is_fetched_from_its_beginning() {
    let (old, new) = (content(unique(), 400_000), content(unique(), 300_000));
    let shared = (old, new.clone());
    let (_, asked) = fetched(&new, move |times, asked| match times {
        0 => broken(&shared.0, "\"old\"", 200_000),
        _ => part(asked, &shared.1, "\"new\""),
    })
    .await;
    assert_eq!(asked[1].header("if-range"), "\"old\"");

    // Without a tag nobody can know.
    let shared = new.clone();
    let (_, asked) = fetched(&new, move |times, _| match times {
        0 => Reply::status(200).with("Content-Length", "300000").then_body(&shared[..9]).then_close(),
        _ => Reply::ok(&shared[..]),
    })
    .await;
    assert_eq!(asked[1].header("range"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_fetched_from_addresses_that_are_not_public() {
    let inside = Origin::start(|_| Reply::ok("\"http://a.example/\"")).await;
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let id = ask_for(&ann, &inside).await;
    let job = ended(&server, &ann, &id).await;
    assert_eq!(job.status, JobStatus::Failed);
    let reason = "presignedURLRequestEndpoint: it lives at an address that is not public";
    assert_eq!(job.reason.as_deref(), Some(reason));
    assert_eq!(inside.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_for_good() {
    let large = Arc::new(content(unique(), 2000));
    for announced in [true, false] {
        let bytes = Arc::clone(&large);
        let store = Origin::start(move |_| match announced {
            true => Reply::ok(&bytes[..]),
            false => Reply::status(200).then_body(&bytes[..]).then_close(),
        })
        .await;
        let url = store.url("/a");
        let application = application(move |_| tells(&url)).await;
        let server = TestServer::with(|config| {
            all_here(config);
            config.limits.upload_size = bytesize::ByteSize(1999);
        })
        .await;
        let ann = server.person("ann").await;
        let id = ask_for(&ann, &application).await;
        let job = ended(&server, &ann, &id).await;
        assert_eq!((job.status, job.tries), (JobStatus::Failed, 1));
        assert_eq!(job.reason.as_deref(), Some("an upload may hold 1999 bytes of content at most"));
        server.is_left_empty().await;
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let good = "https://a.example/sign";
    for (body, about) in [
        (json!({}), "presignedURLRequestEndpoint"),
        (json!({"presignedURLRequestEndpoint": "/sign"}), "presignedURLRequestEndpoint is"),
        (json!({"presignedURLRequestEndpoint": "file:///etc/passwd"}), "presignedURLRequestEndpoint is"),
        (
            json!({"presignedURLRequestEndpoint": good, "pinResultCallbackEndpoint": "mailto:a@b.example"}),
            "pinResultCallbackEndpoint is",
        ),
        (json!({"presignedURLRequestEndpoint": good, "decooMetadata": {"name": 7}}), "the name"),
        (json!([]), "The body"),
    ] {
        let message = ask(&ann, body.clone()).await.refusal(400);
        assert!(message.contains(about), "{body}: {message}");
    }
    let stranger = server.client.post(server.url("/pinning/pinFromS3")).json(&json!({}));
    Answer::of(stranger).await.refusal(401);
}

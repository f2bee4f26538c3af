//! `pinList` and `pinJobs`: what is on which page, and which parameters make no sense.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![
    pins_are_listed_by_date_and_counted_over_all_pages,
    jobs_are_listed_by_date_status_and_content,
    everyone_sees_only_their_own,
];

async fn pins_are_listed_by_date_and_counted_over_all_pages(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let mut ann = server.person("ann").await;
    assert_eq!(ann.ask("/pinning/pinList").await.expect(200).json(), json!({"Count": 0, "Pins": []}));
    // The clock stands at 2023-11-14T22:13:20.123Z; a pin a day, the last two at the same moment.
    let mut cids = Vec::new();
    for day in 0..7 {
        let bytes = content(unique(), 10 + day);
        let form = ann.form(&cid_v0(&bytes)).text("decooMetadata", &format!(r#"{{"name":"day {day}"}}"#));
        ann.upload(form.file("a", &bytes)).await.expect(200);
        cids.push(cid_v0(&bytes));
        if day < 5 {
            server.clock.advance(Duration::from_secs(86_400));
            ann.token = ann.fresh_token().await;
        }
    }
    let list = ann.ask("/pinning/pinList").await.expect(200).json();
    assert_eq!((&list["Count"], list["Pins"].as_array().unwrap().len()), (&json!(7), 5));
    let newest = &list["Pins"][0];
    let id = newest["Id"].as_i64().unwrap();
    assert_eq!(
        *newest,
        json!({
            "Id": id,
            "PinHash": cids[6],
            "PinSize": 16,
            "PinDate": "2023-11-19T22:13:20.123Z",
            "Metadata": {"name": "day 6"},
        })
    );
    for (query, count, days) in [
        ("limit=3", 7, vec![6, 5, 4]),
        ("limit=3&offset=5", 7, vec![1, 0]),
        ("limit=1000&offset=7", 7, vec![]),
        ("sort=ASC&limit=2", 7, vec![0, 1]),
        ("sort=asc&limit=2&offset=1&unknown=x", 7, vec![1, 2]),
        ("sort=DESC&offset=18446744073709551615", 7, vec![]),
        // Both ends belong to it, by the very text that was printed.
        ("start-date=2023-11-16T22:13:20.123Z&end-date=2023-11-18T22:13:20.123Z", 3, vec![4, 3, 2]),
        ("start-date=2023-11-16T22:13:20.124Z&end-date=2023-11-18T22:13:20.122Z", 1, vec![3]),
        // The plus of a zone that was not escaped arrives as a blank.
        ("start-date=2023-11-19T06:13:20.123+08:00&end-date=2023-11-19T06:13:20.123%2B0800", 1, vec![4]),
        ("start-date=2023-11-15&end-date=2023-11-16", 2, vec![2, 1]),
        ("end-date=2023-11-14T22:13:20.123456789Z", 1, vec![0]),
        ("start-date=2024-01-01", 0, vec![]),
        ("start-date=2023-11-18&end-date=2023-11-15", 0, vec![]),
        ("start-date=&end-date=", 7, vec![6, 5, 4, 3, 2]),
    ] {
        let list = ann.ask(&format!("/pinning/pinList?{query}")).await.expect(200).json();
        let expected: Vec<&String> = days.iter().map(|day: &usize| &cids[*day]).collect();
        assert_eq!((&list["Count"], fields(&list["Pins"], "PinHash")), (&json!(count), expected), "{query}");
    }
    // Pinned again, it is the newest, and there are no more than before.
    server.clock.advance(Duration::from_secs(1));
    let bytes = content(unique(), 10);
    let again = ann.pin(&bytes).await;
    ann.pin(&bytes).await;
    let list = ann.ask("/pinning/pinList?limit=1").await.expect(200).json();
    assert_eq!((&list["Count"], &list["Pins"][0]["PinHash"]), (&json!(8), &json!(again)));
}

async fn jobs_are_listed_by_date_status_and_content(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let mut expected = Vec::new();
    for place in 0..6 {
        let bytes = content(unique(), 10);
        let cid = cid_v0(&bytes);
        let status = if place % 2 == 0 {
            ann.pin(&bytes).await;
            "pinned"
        } else {
            want(&ann, &cid).await;
            "queued"
        };
        expected.push((cid, status));
    }
    let all = ann.ask("/pinning/pinJobs?limit=1000").await.expect(200).json();
    assert_eq!(all["Count"], 6);
    for (job, (cid, status)) in all["Jobs"].as_array().unwrap().iter().zip(expected.iter().rev()) {
        assert_eq!(*job, json!({"Id": job["Id"].as_str().unwrap(), "Status": status, "PinHash": cid}));
    }
    let v1 = tidegate_content::content_key(&tidegate_content::parse_cid(&expected[2].0).unwrap());
    for (query, count, places) in [
        (String::new(), 6, vec![5, 4, 3, 2, 1]),
        ("limit=2&sort=ASC".to_owned(), 6, vec![0, 1]),
        ("status=pinned".to_owned(), 3, vec![4, 2, 0]),
        ("status=Queued&limit=1&offset=1".to_owned(), 3, vec![3]),
        ("status=pinning".to_owned(), 0, vec![]),
        ("status=failed".to_owned(), 0, vec![]),
        // Any version of the CID finds it; the answer has the one it was pinned under.
        (format!("pin-hash={v1}"), 1, vec![2]),
        (format!("pin-hash={}&status=pinned", expected[1].0), 0, vec![]),
        (format!("pin-hash={}&status=queued&sort=asc", expected[1].0), 1, vec![1]),
    ] {
        let list = ann.ask(&format!("/pinning/pinJobs?{query}")).await.expect(200).json();
        let hashes: Vec<&String> = places.iter().map(|place: &usize| &expected[*place].0).collect();
        assert_eq!((&list["Count"], fields(&list["Jobs"], "PinHash")), (&json!(count), hashes), "{query}");
    }
    // An upload of the same has the one job, a new one.
    let bytes = content(unique(), 10);
    ann.pin(&bytes).await;
    let first = ann.ask("/pinning/pinJobs?limit=1").await.json()["Jobs"][0]["Id"].clone();
    let cid = ann.pin(&bytes).await;
    let list = ann.ask(&format!("/pinning/pinJobs?pin-hash={cid}")).await.expect(200).json();
    assert_eq!(list["Count"], 1);
    assert_ne!(list["Jobs"][0]["Id"], first);
}

async fn everyone_sees_only_their_own(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let cid = ann.pin(&content(unique(), 10)).await;
    for path in ["/pinning/pinList", "/pinning/pinJobs", &format!("/pinning/pinJobs?pin-hash={cid}")] {
        assert_eq!(ann.ask(path).await.expect(200).json()["Count"], 1);
        assert_eq!(bob.ask(path).await.expect(200).json()["Count"], 0);
        let refused = server.get(path).await;
        assert_eq!((refused.status, refused.refusal(401)), (401, "Invalid token".to_owned()));
    }
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused_by_name() {
    let server = TestServer::with(without_workers).await;
    let ann = server.person("ann").await;
    for (path, name) in [
        ("/pinning/pinList?limit=0", "limit"),
        ("/pinning/pinList?limit=1001", "limit"),
        ("/pinning/pinList?limit=-1", "limit"),
        ("/pinning/pinList?limit=five", "limit"),
        ("/pinning/pinList?offset=-1", "offset"),
        ("/pinning/pinList?offset=1e3", "offset"),
        ("/pinning/pinList?sort=newest", "sort"),
        ("/pinning/pinList?start-date=yesterday", "start-date"),
        ("/pinning/pinList?end-date=2023-02-30", "end-date"),
        ("/pinning/pinJobs?limit=1001", "limit"),
        ("/pinning/pinJobs?offset=x", "offset"),
        ("/pinning/pinJobs?sort=", ""),
        ("/pinning/pinJobs?sort=up", "sort"),
        ("/pinning/pinJobs?status=done", "status"),
        ("/pinning/pinJobs?status=queued&status=pinned", "status"),
        ("/pinning/pinJobs?pin-hash=hello", "pin-hash"),
    ] {
        let answer = ann.ask(path).await;
        if name.is_empty() {
            answer.expect(200);
        } else {
            let message = answer.refusal(400);
            assert!(message.starts_with(&format!("The parameter {name}")), "{path}: {message}");
        }
    }
}

fn fields<'a>(list: &'a Value, name: &str) -> Vec<&'a String> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| match &entry[name] {
            Value::String(text) => text,
            other => panic!("{name} is {other}"),
        })
        .collect()
}

/// Asks for content that is not here.
async fn want(person: &Person, cid: &str) {
    person.send(Method::POST, "/psa/pins", Some(json!({"cid": cid}))).await.expect(202);
}

//! Filters and pages.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::ids;
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![
    paging_by_the_oldest_shows_each_request_once_though_all_came_at_the_same_moment,
    filters_find_what_they_say,
];

/// Twenty-five requests while the clock stands still, paged by ten as clients do it: `before` the oldest that was seen.
async fn paging_by_the_oldest_shows_each_request_once_though_all_came_at_the_same_moment(
    database: TestDatabase,
) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let mut added = Vec::new();
    for _ in 0..25 {
        added.push(add(&ann, json!({"cid": cid_v0(&content(unique(), 10))})).await);
    }
    let (mut seen, mut before, mut counts) = (Vec::new(), String::new(), Vec::new());
    loop {
        let list =
            ann.ask(&format!("/psa/pins?status=queued,pinning,pinned{before}")).await.expect(200).json();
        let page = ids(&list);
        counts.push((list["count"].as_u64().unwrap(), page.len()));
        if page.is_empty() {
            break;
        }
        let oldest = list["results"].as_array().unwrap().last().unwrap();
        before = format!("&before={}", oldest["created"].as_str().unwrap());
        seen.extend(page);
    }
    assert_eq!(counts, [(25, 10), (15, 10), (5, 5), (0, 0)], "count is of what is still to come");
    let expected: Vec<String> = added.into_iter().rev().collect();
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 25);

    let all = ann.ask("/psa/pins?status=queued&limit=1000").await.json();
    let middle = all["results"][12]["created"].as_str().unwrap();
    let newer = ann.ask(&format!("/psa/pins?status=queued&limit=1000&after={middle}")).await.json();
    assert_eq!((ids(&newer), &newer["count"]), (expected[..12].to_vec(), &json!(12)));
}

async fn filters_find_what_they_say(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let pinned = ann.pin(&content(unique(), 10)).await;
    let here = add(&ann, json!({"cid": pinned, "name": "here", "meta": {"kind": "a"}})).await;
    let cid = cid_v0(&content(unique(), 10));
    let v1 = tidegate_content::content_key(&tidegate_content::parse_cid(&cid).unwrap()).to_string();
    let one = add(&ann, json!({"cid": cid, "name": "Photo 100%", "meta": {"kind": "a", "n": "1"}})).await;
    let two = add(&ann, json!({"cid": v1, "name": "photo_100", "meta": {"kind": "a"}})).await;
    let three = add(&ann, json!({"cid": cid_v0(&content(unique(), 9))})).await;
    server.person("bob").await.send(Method::POST, "/psa/pins", Some(json!({"cid": cid}))).await.expect(202);

    let meta =
        |pairs: Value| url::form_urlencoded::byte_serialize(pairs.to_string().as_bytes()).collect::<String>();
    for (query, expected) in [
        ("status=queued".to_owned(), vec![&three, &two, &one]),
        ("status=pinned,failed&name=here".to_owned(), vec![&here]),
        ("status=queued&name=here".to_owned(), vec![]),
        // Without a status every one counts as soon as anything else is asked.
        ("name=photo_100".to_owned(), vec![&two]),
        ("name=PHOTO_100".to_owned(), vec![]),
        ("name=PHOTO_100&match=iexact".to_owned(), vec![&two]),
        ("name=100%25&match=partial".to_owned(), vec![&one]),
        ("name=o_1&match=partial".to_owned(), vec![&two]),
        ("name=%25&match=ipartial".to_owned(), vec![&one]),
        ("name=PHOTO&match=ipartial".to_owned(), vec![&two, &one]),
        (format!("cid={cid}"), vec![&two, &one]),
        (format!("cid={v1},{pinned}&name=here"), vec![&here]),
        (format!("meta={}", meta(json!({"kind": "a"}))), vec![&two, &one, &here]),
        (format!("meta={}", meta(json!({"kind": "a", "n": "1"}))), vec![&one]),
        (format!("meta={}&name=photo&match=ipartial", meta(json!({"kind": "a"}))), vec![&two, &one]),
        (format!("meta={}", meta(json!({"kind": "b"}))), vec![]),
        (format!("meta={}&match=partial", meta(json!({"kin": "a"}))), vec![]),
    ] {
        let list = ann.ask(&format!("/psa/pins?{query}")).await.expect(200).json();
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(
            (ids(&list), list["count"].as_u64()),
            (expected.clone(), Some(expected.len() as u64)),
            "{query}"
        );
    }
    let cids = ann.ask(&format!("/psa/pins?cid={cid}")).await.json();
    assert_eq!(
        (&cids["results"][0]["pin"]["cid"], &cids["results"][1]["pin"]["cid"]),
        (&json!(v1), &json!(cid))
    );
    // With no filter at all: what is pinned, uploads included.
    assert_eq!(ann.ask("/psa/pins").await.json()["count"], 2);
}

/// The id of a new request.
async fn add(person: &Person, pin: Value) -> String {
    let added = person.send(Method::POST, "/psa/pins", Some(pin)).await.expect(202).json();
    added["requestid"].as_str().unwrap().to_owned()
}

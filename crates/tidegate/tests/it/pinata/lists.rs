//! `data/pinList` and `pinning/pinJobs`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{get, post_json, refusal};
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![pins_are_listed_and_filtered, requests_are_listed_until_they_are_pinned];

async fn names(server: &TestServer, person: &Person, query: &str) -> (u64, Vec<String>) {
    let list = get(server, person, &format!("/data/pinList?{query}")).await.expect(200).json();
    let name = |row: &Value| row["metadata"]["name"].as_str().unwrap().to_owned();
    (list["count"].as_u64().unwrap(), list["rows"].as_array().unwrap().iter().map(name).collect())
}

async fn pins_are_listed_and_filtered(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    for at in 0..4 {
        let document = json!({
            "pinataContent": {"number": at, "unique": unique()},
            "pinataMetadata": {"name": format!("Pin {at}"), "keyvalues": {"even": (at % 2 == 0).to_string()}},
        });
        post_json(&server, &ann, "/pinning/pinJSONToIPFS", &document).await.expect(200);
        server.clock.advance(Duration::from_secs(60));
    }
    let all = get(&server, &ann, "/data/pinList").await.expect(200).json();
    assert_eq!(all["count"], 4);
    let row = &all["rows"][0];
    assert_eq!(row["metadata"], json!({"name": "Pin 3", "keyvalues": {"even": "false"}}));
    assert_eq!(row["date_pinned"], "2023-11-14T22:16:20.123Z");
    assert!(row["date_unpinned"].is_null() && row["size"].is_u64() && row["id"].is_string());
    let hash = row["ipfs_pin_hash"].as_str().unwrap();

    let even = r#"metadata[keyvalues]={"even":{"value":"true","op":"eq"}}"#;
    for (query, count, expected) in [
        ("pageLimit=2&pageOffset=1".to_owned(), 4, vec!["Pin 2", "Pin 1"]),
        (
            "pinStart=2023-11-14T22:14:20.123Z&pinEnd=2023-11-14T22:15:20.123Z".to_owned(),
            2,
            vec!["Pin 2", "Pin 1"],
        ),
        (format!("hashContains={}", &hash[10..30]), 1, vec!["Pin 3"]),
        ("metadata[name]=pin%201".to_owned(), 1, vec!["Pin 1"]),
        (even.to_owned(), 2, vec!["Pin 2", "Pin 0"]),
        (format!("{even}&pageLimit=1&pageOffset=1"), 2, vec!["Pin 0"]),
        (even.replace("eq", "ne"), 2, vec!["Pin 3", "Pin 1"]),
        ("pinSizeMin=1000".to_owned(), 0, vec![]),
        ("status=unpinned".to_owned(), 0, vec![]),
        ("status=all&includesCount=false".to_owned(), 4, vec!["Pin 3", "Pin 2", "Pin 1", "Pin 0"]),
    ] {
        let found = names(&server, &ann, &query).await;
        assert_eq!((found.0, found.1.iter().map(String::as_str).collect()), (count, expected), "{query}");
    }
    for bad in [
        "pageLimit=0",
        "pageLimit=1001",
        "pinStart=soon",
        "status=x",
        "metadata[keyvalues]=x",
        "pinSizeMin=-1",
    ] {
        refusal(&get(&server, &ann, &format!("/data/pinList?{bad}")).await, 400);
    }
    let ben = server.person("ben").await;
    assert_eq!(names(&server, &ben, "").await, (0, vec![]));
}

async fn requests_are_listed_until_they_are_pinned(database: TestDatabase) {
    let server = TestServer::on(database, without_workers).await;
    let ann = server.person("ann").await;
    let cids: Vec<_> = (0..3).map(|_| cid_v0(&content(unique(), 10))).collect();
    for cid in &cids {
        let body = json!({
            "hashToPin": cid,
            "pinataMetadata": {"name": "later", "keyvalues": {"a": 1}},
            "pinataOptions": {"hostNodes": ["/ip4/1.1.1.1/tcp/4001/p2p/12D3KooWx"]},
        });
        post_json(&server, &ann, "/pinning/pinByHash", &body).await.expect(200);
    }
    let hashes = async |query: &str| {
        let list = get(&server, &ann, &format!("/pinning/pinJobs?{query}")).await.expect(200).json();
        let hash = |row: &Value| row["ipfs_pin_hash"].as_str().unwrap().to_owned();
        list["rows"].as_array().unwrap().iter().map(hash).collect::<Vec<_>>()
    };
    assert_eq!(hashes("").await, cids);
    assert_eq!(hashes("sort=DESC&limit=1&offset=1").await, [cids[1].clone()]);
    assert_eq!(hashes(&format!("ipfs_pin_hash={}", cids[2])).await, [cids[2].clone()]);
    assert_eq!(hashes("status=retrieving").await, Vec::<String>::new());
    let row = get(&server, &ann, "/pinning/pinJobs?status=prechecking").await.json()["rows"][0].clone();
    assert_eq!((&row["status"], &row["name"]), (&json!("prechecking"), &json!("later")));
    assert_eq!(row["keyvalues"], json!({"a": "1"}));
    assert_eq!(row["host_nodes"], json!(["/ip4/1.1.1.1/tcp/4001/p2p/12D3KooWx"]));
    refusal(&get(&server, &ann, "/pinning/pinJobs?sort=x").await, 400);
}

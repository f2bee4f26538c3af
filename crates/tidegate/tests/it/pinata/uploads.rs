//! Files, folders and JSON documents.

use serde_json::json;
use tidegate_content::Profile;

use super::{post_json, refusal, upload};
use crate::support::{
    content::{cid_of, cid_v0, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    form::Form,
    server::TestServer,
};

on_both_engines![a_file_is_pinned_and_its_cid_told];

async fn a_file_is_pinned_and_its_cid_told(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 700_000);
    let cid = cid_v0(&bytes);
    let metadata = r#"{"name":"Tide","keyvalues":{"sea":"north"}}"#;
    let form = || Form::new().file("tide.bin", &bytes).text("pinataMetadata", metadata);
    let answer = upload(&server, &ann, form()).await.expect(200).json();
    let expected = json!({
        "IpfsHash": cid, "PinSize": 700_000, "Timestamp": "2023-11-14T22:13:20.123Z", "isDuplicate": false,
    });
    assert_eq!(answer, expected);
    assert!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body == bytes);
    let pin = server.pins(ann.account).await.remove(0).pin;
    assert_eq!((pin.name.as_deref(), &*pin.meta), (Some("Tide"), r#"{"sea":"north"}"#));
    let again = upload(&server, &ann, form()).await.expect(200).json();
    assert_eq!(again["isDuplicate"], true);
    assert_eq!(server.used_bytes(ann.account).await, 700_000);
}

#[tokio::test]
async fn the_version_is_the_clients_choice_wherever_it_is_said() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 700_000);
    let cid = cid_of(Profile::V1_RAW_256K_174, &bytes).to_string();
    let options = r#"{"cidVersion":1}"#;
    for form in [
        Form::new().text("pinataOptions", options).file("a", &bytes),
        Form::new().file("a", &bytes).text("pinataOptions", options),
    ] {
        assert_eq!(upload(&server, &ann, form).await.expect(200).json()["IpfsHash"], cid);
    }
    assert_eq!(server.pins(ann.account).await[0].pin.name.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_folder_is_the_folder_or_is_wrapped() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = [file("site/index.html", "<h1>tide</h1>"), file("site/a/b", content(unique(), 300_000))];
    let inside = [file("index.html", "<h1>tide</h1>"), items[1].clone()];
    let [crate::support::content::Item::File(_, deep), ..] = [items[1].clone()] else { unreachable!() };
    let inside = [inside[0].clone(), file("a/b", deep)];
    let answer = upload(&server, &ann, Form::new().items(&items)).await.expect(200).json();
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &inside).to_string();
    assert_eq!(answer["IpfsHash"], cid);
    assert_eq!(server.pins(ann.account).await[0].pin.name.as_deref(), Some("site"));
    assert_eq!(server.get(&format!("/ipfs/{cid}/index.html")).await.expect(200).text(), "<h1>tide</h1>");

    let wrapped = Form::new().items(&items).text("pinataOptions", r#"{"wrapWithDirectory":true}"#);
    let answer = upload(&server, &ann, wrapped).await.expect(200).json();
    assert_eq!(answer["IpfsHash"], folder_cid(Profile::UNIXFS_V0_2015, &items).to_string());
}

#[tokio::test]
async fn a_sole_file_is_wrapped_only_when_asked_for() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 10);
    let wrapped = Form::new().text("pinataOptions", r#"{"wrapWithDirectory":true}"#).file("a.bin", &bytes);
    let answer = upload(&server, &ann, wrapped).await.expect(200).json();
    let folder = folder_cid(Profile::UNIXFS_V0_2015, &[file("a.bin", bytes.clone())]).to_string();
    assert_eq!(answer["IpfsHash"], folder);
    let alone_in_folder = Form::new().file("dir/a.bin", &bytes);
    assert_eq!(upload(&server, &ann, alone_in_folder).await.expect(200).json()["IpfsHash"], folder);
    assert!(server.get(&format!("/ipfs/{folder}/a.bin")).await.expect(200).body == bytes);
}

#[tokio::test]
async fn json_is_pinned_as_it_was_written() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let document = r#"{"z":1,"a":[1.0,"b c"]}"#;
    let path = "/pinning/pinJSONToIPFS";
    let bodies = [
        r#"{ "z": 1, "a": [1.0, "b c"] }"#.to_owned(),
        format!(
            r#"{{"pinataMetadata": {{"name": "doc"}}, "pinataContent": {document}, "pinataOptions": {{}}}}"#
        ),
    ];
    let cid = cid_v0(&document.into());
    for body in bodies {
        let request = super::request(&server, &ann, reqwest::Method::POST, path).body(body);
        let answer = crate::support::answer::Answer::of(request).await.expect(200).json();
        assert_eq!((&answer["IpfsHash"], &answer["PinSize"]), (&json!(cid), &json!(document.len())));
    }
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).text(), document);
    assert_eq!(server.pins(ann.account).await[0].pin.name.as_deref(), Some("doc"));
    let other = json!({"pinataContent": {"a": 1}, "pinataOptions": {"cidVersion": 1}});
    let answer = post_json(&server, &ann, path, &other).await.expect(200).json();
    assert_eq!(answer["IpfsHash"], cid_of(Profile::V1_RAW_256K_174, &"{\"a\":1}".into()).to_string());
}

#[tokio::test]
async fn wrong_uploads_are_refused_and_leave_nothing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for (form, words) in [
        (Form::new().text("pinataOptions", "{}"), "no field named file"),
        (Form::new().file("a", b"x").file("b", b"y"), "put all into one folder"),
        (Form::new().file("a", b"x").text("pinataMetadata", "{"), "pinataMetadata: it is not JSON"),
        (Form::new().file("a", b"x").text("pinataOptions", r#"{"cidVersion":3}"#), "cidVersion is 0 or 1"),
        (Form::new().file("../a", b"x"), "do not make a folder"),
    ] {
        let (reason, details) = refusal(&upload(&server, &ann, form).await, 400);
        assert_eq!(reason, "BAD_REQUEST");
        assert!(details.contains(words), "{details}");
    }
    let answer =
        post_json(&server, &ann, "/pinning/pinJSONToIPFS", &json!({"pinataContent": 1, "pinataMetadata": 7}))
            .await;
    assert!(refusal(&answer, 400).1.contains("pinataMetadata"));
    let request = super::request(&server, &ann, reqwest::Method::POST, "/pinning/pinJSONToIPFS").body("{");
    let answer = crate::support::answer::Answer::of(request).await;
    assert!(refusal(&answer, 400).1.contains("not JSON"));
    server.is_left_empty().await;
}

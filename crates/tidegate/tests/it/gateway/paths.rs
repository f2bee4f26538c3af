//! Paths in folders: where they lead, and what is said when they lead nowhere.

use http::Method;
use tidegate_content::Profile;

use crate::support::{
    content::{Item, cid_of, cid_v0, content, file, folder_cid, unique},
    server::TestServer,
};

#[tokio::test]
async fn a_folder_moves_to_its_slash_and_shows_its_index() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items =
        [file("index.html", "<h1>top</h1>"), file("sub/index.html", "<h1>sub</h1>"), file("bare/file", "x")];
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);

    for (path, location) in
        [("", "/"), ("/sub", "/sub/"), ("/sub?a=1&b=%202", "/sub/?a=1&b=%202"), ("/bare", "/bare/")]
    {
        let moved = server.get(&format!("/ipfs/{cid}{path}")).await.expect(301);
        assert_eq!(moved.header("location"), format!("/ipfs/{cid}{location}"));
        assert!(!moved.header("cache-control").contains("immutable"));
    }
    let top = server.get(&format!("/ipfs/{cid}/")).await.expect(200);
    assert_eq!(top.text(), "<h1>top</h1>");
    assert_eq!(top.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(top.header("etag"), format!("\"{cid}\""), "the tag of the folder");
    assert_eq!(top.header("x-ipfs-roots"), cid, "ends at the folder");
    assert_eq!(top.header("x-ipfs-path"), format!("/ipfs/{cid}/"));
    let sub = server.get(&format!("/ipfs/{cid}/sub/")).await.expect(200);
    assert_eq!(sub.text(), "<h1>sub</h1>");
    assert_eq!(sub.header("x-ipfs-roots").split(',').count(), 2);
    server.get(&format!("/ipfs/{cid}/bare/")).await.expect(501);
}

#[tokio::test]
async fn roots_name_every_step_of_the_path() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let items = [file("a/b/file.bin", bytes.clone())];
    let profile = Profile::UNIXFS_V1_2025;
    let cid = folder_cid(profile, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    let answer = server.get(&format!("/ipfs/{cid}/a/b/file.bin")).await.expect(200);
    let expected = [
        folder_cid(profile, &items),
        folder_cid(profile, &[file("b/file.bin", bytes.clone())]),
        folder_cid(profile, &[file("file.bin", bytes.clone())]),
        cid_of(profile, &bytes),
    ];
    let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(answer.header("x-ipfs-roots"), expected.join(","));
    assert_eq!(answer.header("etag"), format!("\"{}\"", expected[3]));
}

#[tokio::test]
async fn a_path_that_leads_nowhere_says_where_it_ends() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = [
        file("a/file.txt", "x"),
        Item::Folder("empty".to_owned()),
        Item::Link("link".to_owned(), "a".to_owned()),
    ];
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    for (path, says) in [
        ("nothing", format!("there is no \"nothing\" in /ipfs/{cid}\n")),
        ("a/nothing", format!("there is no \"nothing\" in /ipfs/{cid}/a\n")),
        ("A/file.txt", format!("there is no \"A\" in /ipfs/{cid}\n")),
        (
            "a/file.txt/more",
            format!("there is no \"more\" in /ipfs/{cid}/a/file.txt, which is not a directory\n"),
        ),
        (
            "link/file.txt",
            format!("there is no \"file.txt\" in /ipfs/{cid}/link, which is not a directory\n"),
        ),
    ] {
        let answer = server.get(&format!("/ipfs/{cid}/{path}")).await.expect(404);
        assert_eq!(answer.text(), says);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(!answer.header("cache-control").contains("immutable"));
    }
}

#[tokio::test]
async fn what_is_no_cid_or_no_path_is_a_bad_request() {
    let server = TestServer::start().await;
    let right = cid_v0(&content(1, 10));
    for path in [
        "hello".to_owned(),
        right[..45].to_owned(),
        format!("{right}x"),
        right.to_lowercase(),
        // Version 0 has no other base.
        format!("z{right}"),
        "bafkqaa".to_owned(),
        format!("b{}", "a".repeat(5000)),
        format!("{right}/%FF%FE"),
        format!("{right}{}", "/a".repeat(600)),
        format!("{right}?format=car&car-version=2"),
        format!("{right}?format=car&car-dups=maybe"),
        format!("{right}?format=car&dag-scope=block"),
        format!("{right}?format=car&entity-bytes=0:9"),
    ] {
        let answer = server.get(&format!("/ipfs/{path}")).await.expect(400);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.text().ends_with('\n'));
    }
    server.get("/ipfs/").await.expect(404);
    server.get("/ipfs").await.expect(404);
    server.ask(Method::GET, "/ipns/example.org", &[]).await.expect(404);
}

#[tokio::test]
async fn what_is_not_offered_is_said() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = ann.pin(&content(unique(), 10)).await;
    for format in ["tar", "dag-json", "dag-cbor", "json", "cbor", "ipns-record", "nonsense"] {
        let answer = server.get(&format!("/ipfs/{cid}?format={format}")).await.expect(406);
        assert!(answer.text().contains("raw and car"), "{}", answer.text());
    }
    for accept in ["application/x-tar", "application/vnd.ipld.dag-json"] {
        let path = format!("/ipfs/{cid}");
        server.get_with(&path, &[("accept", accept)]).await.expect(406);
    }
    // Asked for beside what we have, a file is an answer.
    let path = format!("/ipfs/{cid}");
    let accept = [("accept", "application/vnd.ipld.dag-json, */*")];
    server.get_with(&path, &accept).await.expect(200);
}

//! Files and folders go in and come out again, byte for byte.

use serde::Deserialize;
use tidegate_content::Profile;

use crate::support::{
    content::{Item, cid_of, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    form::Form,
    server::TestServer,
};

on_both_engines![files_of_every_size_come_back_as_they_were, a_folder_comes_back_file_by_file];

async fn files_of_every_size_come_back_as_they_were(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    for size in [0, 1, 262_143, 262_144, 262_145, 1_048_577, 5_000_001] {
        let bytes = content(unique(), size);
        for profile in Profile::ALL {
            let cid = ann.pin_as(&cid_of(profile, &bytes).to_string(), &bytes).await;
            let served = server.get(&format!("/ipfs/{cid}")).await.expect(200);
            assert_eq!(served.header("content-length"), size.to_string());
            assert!(served.body == bytes, "{} of {size} bytes", profile.name());
        }
    }
    assert_eq!(server.staged(), 0);
}

async fn a_folder_comes_back_file_by_file(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let items = [
        file("site/index.html", "<h1>tide</h1>"),
        file("site/a/b/c/deep.bin", content(unique(), 300_000)),
        file("site/a/twice-1", content(7, 300_000)),
        file("site/a/twice-2", content(7, 300_000)),
        file("site/a/empty", ""),
        Item::Folder("site/nothing".to_owned()),
        Item::Link("site/link".to_owned(), "a/empty".to_owned()),
    ];
    for profile in Profile::ALL {
        let inside: Vec<_> = items.iter().map(without_first_name).collect();
        // The folder itself, and a folder that holds it: the CID decides which is meant.
        for (cid, prefix) in [(folder_cid(profile, &inside), ""), (folder_cid(profile, &items), "site/")] {
            let answer = ann.pin_folder(&cid.to_string(), &items).await.expect(200);
            assert_eq!(answer.json()["PinSize"], 900_013);
            for item in &inside {
                match item {
                    Item::File(path, bytes) => {
                        let served = server.get(&format!("/ipfs/{cid}/{prefix}{path}")).await.expect(200);
                        assert!(served.body == bytes, "{path}");
                    }
                    Item::Link(path, target) => {
                        let served = server.get(&format!("/ipfs/{cid}/{prefix}{path}")).await.expect(200);
                        assert_eq!(served.text(), target);
                        assert_eq!(served.header("content-type"), "inode/symlink");
                    }
                    Item::Folder(path) => {
                        let url = format!("/ipfs/{cid}/{prefix}{path}");
                        server.get(&url).await.expect(301);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn names_may_hold_anything_but_slashes() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let names = [
        "with space",
        "quote\"d",
        "single'd",
        "line\nend",
        "both\r\nends",
        "semi;colon=x",
        "back\\slash",
        "per%20cent",
        "q?a#b&c=d",
        "+plus",
        "海潮.txt",
        "\u{1f30a}",
        "caf\u{e9}",
        "cafe\u{301}",
        "...",
        " lead and trail ",
        "&amp;<b>",
    ];
    let items: Vec<_> = names.iter().map(|name| file(name, format!("I am {name}").into_bytes())).collect();
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    ann.pin_folder(&cid, &items).await.expect(200);
    for name in names {
        let escaped = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let served = server.get(&format!("/ipfs/{cid}/{escaped}")).await.expect(200);
        assert_eq!(served.text(), format!("I am {name}"));
    }
}

#[tokio::test]
async fn names_that_no_folder_can_hold_are_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &[file("a", "x"), file("b", "x")]).to_string();
    let long = "x".repeat(1025);
    let deep = "d/".repeat(257) + "f";
    for path in ["../a", "a/../b", "./a", "a//b", "/a", "..", ".", "", "a\0b", &long, &deep] {
        let form = ann.form(&cid).file("b", b"x").file(path, b"x");
        let message = ann.upload(form).await.refusal(400);
        assert!(message.starts_with("The files do not make a folder"), "{path:?}: {message}");
    }
    for (first, second) in [("a", "a"), ("a", "a/b"), ("a/b", "a")] {
        let form = ann.form(&cid).file(first, b"x").file(second, b"x");
        ann.upload(form).await.refusal(400);
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_folder_with_one_file_is_told_from_the_file() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let in_folder = [file("one.bin", bytes.clone())];
    for profile in Profile::ALL {
        let alone = cid_of(profile, &bytes).to_string();
        let folder = folder_cid(profile, &in_folder).to_string();
        ann.upload(ann.form(&alone).items(&in_folder)).await.expect(200);
        ann.upload(ann.form(&folder).items(&in_folder)).await.expect(200);
        assert!(server.get(&format!("/ipfs/{alone}")).await.expect(200).body == bytes);
        assert!(server.get(&format!("/ipfs/{folder}/one.bin")).await.expect(200).body == bytes);
    }
}

#[tokio::test]
async fn ten_thousand_and_one_files_are_pinned_in_one_request() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let numbered = vectors().numbered.into_iter().find(|one| one.count == 10_001).unwrap();
    let name = |number: u64| format!("{}{number:05}.txt", numbered.prefix);
    let bytes = |number: u64| content(numbered.seed_base + number, numbered.size);
    let items: Vec<_> =
        (0..numbered.count).map(|number| file(&format!("many/{}", name(number)), bytes(number))).collect();
    let cid = &numbered.cids["unixfs-v0-2015"].cid;
    let answer = ann.pin_folder(cid, &items).await.expect(200);
    assert_eq!(answer.json()["PinSize"], 8 * 10_001);
    for number in [0, 1, 4999, 9999, 10_000] {
        let served = server.get(&format!("/ipfs/{cid}/{}", name(number))).await.expect(200);
        assert_eq!(served.body, bytes(number));
    }
    server.get(&format!("/ipfs/{cid}/{}", name(10_001))).await.expect(404);
}

#[tokio::test]
async fn the_reference_trees_get_their_cids() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for tree in vectors().trees {
        let mut items = vec![Item::Folder("tree".to_owned())];
        items.extend(tree.entries.iter().map(|entry| {
            let path = format!("tree/{}", entry.path);
            match (entry.seed, entry.size) {
                (Some(seed), Some(size)) => file(&path, content(seed, size)),
                _ => Item::Folder(path),
            }
        }));
        for (profile, expected) in &tree.cids {
            let form = ann.form(&expected.cid).text("profile", profile);
            let answer = ann.upload(form.items(&items)).await.expect(200);
            assert_eq!(answer.json()["PinHash"], expected.cid, "{} {profile}", tree.name);
        }
    }
}

#[tokio::test]
async fn a_symbolic_link_with_an_endless_target_is_refused() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = [Item::Link("link".to_owned(), "x".repeat(4097))];
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &[]).to_string();
    let form = Form::new().items(&items).text("cid", &cid).text("secret", &ann.sign(&cid));
    ann.upload(form).await.refusal(400);
    server.is_left_empty().await;
}

fn without_first_name(item: &Item) -> Item {
    let rest = |path: &str| path.split_once('/').unwrap().1.to_owned();
    match item {
        Item::File(path, bytes) => Item::File(rest(path), bytes.clone()),
        Item::Folder(path) => Item::Folder(rest(path)),
        Item::Link(path, target) => Item::Link(rest(path), target.clone()),
    }
}

#[derive(Deserialize)]
struct Vectors {
    trees: Vec<Tree>,
    numbered: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Tree {
    name: String,
    entries: Vec<TreeEntry>,
    cids: std::collections::BTreeMap<String, Expected>,
}

/// A file, or a folder without files.
#[derive(Deserialize)]
struct TreeEntry {
    path: String,
    seed: Option<u64>,
    size: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbered {
    count: u64,
    prefix: String,
    seed_base: u64,
    size: usize,
    cids: std::collections::BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    cid: String,
}

/// `testdata/vectors/cids.json`
fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../../testdata/vectors/cids.json")).unwrap()
}

//! What is not here, and what is here but not for everybody: nobody can tell the two apart.

use tidegate_content::{Profile, content_key};

use crate::support::{
    answer::Answer,
    content::{cid_of, content, file, folder_cid, unique},
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

on_both_engines![private_content_looks_exactly_like_content_that_is_not_there];

async fn private_content_looks_exactly_like_content_that_is_not_there(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let items = [file("index.html", "<p>secret</p>"), file("big.bin", content(unique(), 600_000))];
    let root = folder_cid(Profile::UNIXFS_V0_2015, &items);
    let form = ann.form(&root.to_string()).text("visibility", "private").items(&items);
    ann.upload(form).await.expect(200);
    let inside = inner_cids(&items);
    let absent = folder_cid(Profile::UNIXFS_V0_2015, &[file("never", content(unique(), 10))]);
    assert!(!inside.is_empty());
    for cid in inside.iter().chain([&root, &content_key(&root)]) {
        for rest in [
            "",
            "/",
            "/index.html",
            "/nothing",
            "?format=raw",
            "?format=car",
            "?format=car&car-dups=y",
            "/index.html?format=raw",
            "/big.bin?format=car",
        ] {
            for headers in [
                &[][..],
                &[("range", "bytes=0-9")],
                &[("if-none-match", "*")],
                &[("cache-control", "only-if-cached")],
                &[("accept", "application/vnd.ipld.raw")],
            ] {
                let hidden = server.get_with(&format!("/ipfs/{cid}{rest}"), headers).await;
                let missing = server.get_with(&format!("/ipfs/{absent}{rest}"), headers).await;
                let status =
                    if headers.first() == Some(&("cache-control", "only-if-cached")) { 412 } else { 404 };
                assert_eq!(hidden.status, status, "{cid}{rest} {headers:?}");
                assert_alike(&hidden, &missing, &cid.to_string(), &absent.to_string());
            }
        }
    }

    // As soon as somebody pins it for everybody, it is there for everybody.
    bob.pin_folder(&root.to_string(), &items).await.expect(200);
    for cid in inside.iter().chain([&root]) {
        server.get(&format!("/ipfs/{cid}?format=raw")).await.expect(200);
    }
    server.get(&format!("/ipfs/{root}/index.html")).await.expect(200);
}

#[tokio::test]
async fn what_is_not_pinned_is_not_found_in_any_form() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    ann.pin(&content(unique(), 600_000)).await;
    let bytes = content(unique(), 600_000);
    for profile in Profile::ALL {
        let cid = cid_of(profile, &bytes);
        for query in ["", "?format=raw", "?format=car", "/path", "/"] {
            let path = format!("/ipfs/{cid}{query}");
            let answer = server.get(&path).await.expect(404);
            assert_eq!(answer.text(), format!("{cid} is not here\n"));
            assert!(!answer.header("cache-control").contains("immutable"));
            let cached = [("cache-control", "only-if-cached")];
            server.get_with(&path, &cached).await.expect(412);
        }
    }
}

#[tokio::test]
async fn what_was_not_there_is_there_as_soon_as_it_is_pinned() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 1000);
    let cid = cid_of(Profile::UNIXFS_V1_2025, &bytes).to_string();
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    ann.pin_as(&cid, &bytes).await;
    server.get(&format!("/ipfs/{cid}")).await.expect(200);
}

/// The CIDs of the blocks below the folder of `items`.
fn inner_cids(items: &[crate::support::content::Item]) -> Vec<tidegate_content::Cid> {
    items
        .iter()
        .filter_map(|item| match item {
            crate::support::content::Item::File(_, bytes) => Some(cid_of(Profile::UNIXFS_V0_2015, bytes)),
            _ => None,
        })
        .collect()
}

/// The two answers say the same, but for the CID that was asked for.
#[track_caller]
fn assert_alike(one: &Answer, other: &Answer, cid: &str, other_cid: &str) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.text().replace(cid, "CID"), other.text().replace(other_cid, "CID"));
    let headers = |answer: &Answer| {
        let mut names: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        names.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
        names
    };
    assert_eq!(headers(one), headers(other));
}

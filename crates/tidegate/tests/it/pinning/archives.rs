//! A directory as tar, a DAG as CAR, in one request.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use tidegate_content::{
    Cid, Profile,
    car::{
        V2Header,
        v1::{encode_header, section_prefix},
        v2::PRAGMA,
    },
    cid_text::{DAG_CBOR, Multihash, RAW, SHA2_256},
    sha256,
    tar::{TarKind, write},
};

use crate::support::{
    content::{Item, cid_of, cid_v0, content, file, folder_cid, unique},
    dag::Dag,
    form::Form,
    person::Person,
    server::TestServer,
    tarball::tar,
};

fn form(ann: &Person, cid: &str, format: &str, archive: &[u8]) -> Form {
    ann.form(cid).text("format", format).file("archive", archive)
}

#[tokio::test]
async fn a_tar_archive_becomes_the_folder_that_is_named() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let long = format!("{}/{}", "d".repeat(120), "n".repeat(120));
    let items = [
        file("readme", "read me"),
        file("deep/down/a.txt", content(unique(), 300_000)),
        file(&long, "long"),
        Item::Folder("empty".to_owned()),
        Item::Link("deep/link".to_owned(), "../readme".to_owned()),
    ];
    let inside = |item: &Item| match item {
        Item::File(path, bytes) => Item::File(format!("site/{path}"), bytes.clone()),
        Item::Folder(path) => Item::Folder(format!("site/{path}")),
        Item::Link(path, target) => Item::Link(format!("site/{path}"), target.clone()),
    };
    let wrapped: Vec<Item> = items.iter().map(inside).collect();
    for profile in [Profile::UNIXFS_V0_2015, Profile::UNIXFS_V1_2025] {
        let cid = folder_cid(profile, &items).to_string();
        // The folder of everything, the sole folder in the archive, and the folder around that.
        let around = folder_cid(profile, &wrapped).to_string();
        for (cid, archive) in [(&cid, tar(&items)), (&cid, tar(&wrapped)), (&around, tar(&wrapped))] {
            ann.upload(form(&ann, cid, "tar", &archive)).await.expect(200);
        }
        assert_eq!(server.get(&format!("/ipfs/{cid}/readme")).await.expect(200).text(), "read me");
        assert_eq!(server.get(&format!("/ipfs/{cid}/{long}")).await.expect(200).text(), "long");
        server.get(&format!("/ipfs/{around}/site/deep/down/a.txt")).await.expect(200);
    }
    // A sole file may also be meant without a folder.
    let sole = [file("sole", "alone")];
    for cid in [cid_v0(&Bytes::from_static(b"alone")), folder_cid(Profile::UNIXFS_V0_2015, &sole).to_string()]
    {
        ann.upload(form(&ann, &cid, "tar", &tar(&sole))).await.expect(200);
    }
    let nothing = folder_cid(Profile::UNIXFS_V0_2015, &[]).to_string();
    ann.upload(form(&ann, &nothing, "tar", &tar(&[]))).await.expect(200);
}

#[tokio::test]
async fn an_archive_that_is_not_called_one_stays_a_file() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let archive = Bytes::from(tar(&[file("a", "a")]));
    let cid = ann.pin(&archive).await;
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, archive);
    let car = Bytes::from(Dag::file(100_000).car());
    let cid = ann.pin(&car).await;
    assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, car);
}

#[tokio::test]
async fn archives_that_make_no_folder_are_refused_with_the_path() {
    let server = TestServer::with(|config| config.limits.upload_files = 50).await;
    let ann = server.person("ann").await;
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &[file("a", "a")]).to_string();
    let twice = [file("a", "1"), file("b", "2"), file("a", "3")];
    let under = [file("a", "1"), file("a/b", "2")];
    let mut hard_link = write::head("linked", &TarKind::Symlink { target: "a".to_owned() });
    hard_link[156] = b'1';
    let sum: u64 = hard_link
        .iter()
        .enumerate()
        .map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        .sum();
    hard_link[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    hard_link.extend(write::END);
    let many: Vec<Item> = (0..51).map(|n| file(&n.to_string(), "")).collect();
    let whole = tar(&[file("a", "a")]);
    for (archive, status, words) in [
        (tar(&[file("../up", "x")]), 400, "../up"),
        (tar(&[file("/etc/passwd", "x")]), 400, "/etc/passwd"),
        (tar(&twice), 400, "\"a\""),
        (tar(&under), 400, "\"a\""),
        (hard_link, 400, "linked"),
        (whole[..512].to_vec(), 400, "too early"),
        (b"no archive at all".repeat(100), 400, "no tar archive"),
        (tar(&many), 413, "50 files"),
        (tar(&[file("b", "another")]), 400, "do not belong together"),
    ] {
        let refused = ann.upload(form(&ann, &cid, "tar", &archive)).await.refusal(status);
        assert!(refused.contains(words), "{refused}");
    }
    let late = ann.form(&cid).file("archive", &whole).text("format", "tar");
    assert!(ann.upload(late).await.refusal(400).contains("before"));
    let two = form(&ann, &cid, "tar", &whole).file("another", &whole);
    assert!(ann.upload(two).await.refusal(400).contains("alone"));
    let odd = ann.form(&cid).text("format", "zip").file("archive", &whole);
    assert!(ann.upload(odd).await.refusal(400).contains("file, tar, car"));
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_car_of_any_dag_is_pinned_whole() {
    let server = TestServer::start().await;
    let mut ann = server.person("ann").await;
    let dag = Dag::file(500_000);
    let cid = dag.root.to_string();
    // Version 1, version 2, and from the leaves up.
    let v1 = dag.car();
    let header = V2Header::unpadded(v1.len() as u64);
    let v2 = [&PRAGMA[..], &header.encode(), &v1].concat();
    let reversed = car(&dag.root, dag.order.iter().rev(), &dag.blocks);
    for archive in [v1, v2, reversed] {
        let answer = ann.upload(form(&ann, &cid, "car", &archive)).await.expect(200).json();
        assert_eq!(answer["PinSize"], 500_000);
        assert_eq!(server.get(&format!("/ipfs/{cid}")).await.expect(200).body, dag.content);
        // The next one is new content again.
        ann.unpin(&cid).await.expect(200);
        server.clock.advance(server.app.config.store.grace);
        server.app.pins.collect().await.unwrap();
        ann.token = ann.fresh_token().await;
    }
}

#[tokio::test]
async fn a_car_of_six_thousand_files_is_one_request() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items: Vec<Item> =
        (0..6000).map(|n| file(&format!("{}/{n}.json", n % 7), format!("{{\"n\":{n}}}"))).collect();
    let dag = Dag::folder(&items);
    let cid = dag.root.to_string();
    let archive = form(&ann, &cid, "car", &dag.car()).text("visibility", "private");
    ann.upload(archive).await.expect(200);
    server.get(&format!("/ipfs/{cid}")).await.expect(404);
    ann.upload(form(&ann, &cid, "car", &dag.car()).text("visibility", "public")).await.expect(200);
    assert_eq!(server.get(&format!("/ipfs/{cid}/3/5999.json")).await.status, 404);
    assert_eq!(server.get(&format!("/ipfs/{cid}/0/5999.json")).await.expect(200).text(), "{\"n\":5999}");
}

#[tokio::test]
async fn a_dag_of_another_kind_is_pinned_too() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let leaf = Bytes::from_static(b"leaf");
    let leaf_cid = cid_of(Profile::UNIXFS_V1_2025, &leaf);
    // [42(h'00…')]: a list of one link.
    let mut node = vec![0x81, 0xd8, 0x2a, 0x58, 0x25, 0x00];
    node.extend(leaf_cid.to_bytes());
    let dag = Dag::raw(vec![(named(DAG_CBOR, &node), node.into()), (leaf_cid, leaf)]);
    let cid = dag.root.to_string();
    assert!(ann.upload(ann.form(&cid).file("a", b"x")).await.refusal(400).contains("DAG-PB"));
    ann.upload(form(&ann, &cid, "car", &dag.car())).await.expect(200);
    server.get(&format!("/ipfs/{cid}?format=car")).await.expect(200);
    server.get(&format!("/ipfs/{leaf_cid}?format=raw")).await.expect(200);
}

#[tokio::test]
async fn a_car_that_is_not_the_whole_dag_and_nothing_else_is_refused() {
    let server = TestServer::with(|config| config.pull.blocks = 40).await;
    let ann = server.person("ann").await;
    let dag = Dag::file(300_000);
    let cid = dag.root.to_string();
    let whole = dag.car();
    let without_last = car(&dag.root, dag.order[..dag.order.len() - 1].iter(), &dag.blocks);
    let missing = dag.order[dag.order.len() - 1].to_string();
    let stranger = Bytes::from_static(b"not asked for");
    let extra = [&whole[..], &section(&named(RAW, &stranger), &stranger)].concat();
    let lie = [&whole[..], &section(&named(RAW, b"one thing"), b"another")].concat();
    let other = Dag::file(1000);
    let endless: Vec<u8> = (0..50_u8).flat_map(|n| section(&named(RAW, &[n]), &[n])).collect();
    let endless = [&encode_header(&[dag.root])[..], &endless].concat();
    let two_roots = [&encode_header(&[dag.root, other.root])[..], &whole].concat();
    for (archive, words) in [
        (without_last, missing.as_str()),
        (extra, "no part of the DAG"),
        (lie, "do not match"),
        (whole[..whole.len() - 1].to_vec(), "too early"),
        (encode_header(&[]), "0 roots"),
        (two_roots, "2 roots"),
        (other.car(), "do not belong together"),
        (endless, "40 blocks"),
        (b"no archive at all".to_vec(), "CAR"),
        (Vec::new(), "too early"),
    ] {
        let refused = ann.upload(form(&ann, &cid, "car", &archive)).await.refusal(400);
        assert!(refused.contains(words), "{words}: {refused}");
    }
    let unknown = Cid::new_v1(0x1234, *named(RAW, b"x").hash());
    let refused =
        ann.upload(form(&ann, &unknown.to_string(), "car", &car(&unknown, [].iter(), &dag.blocks))).await;
    assert!(refused.refusal(400).contains("cannot be followed"));
    server.is_left_empty().await;
}

fn named(codec: u64, block: &[u8]) -> Cid {
    Cid::new_v1(codec, Multihash::wrap(SHA2_256, &sha256(&[block])).unwrap())
}

fn section(cid: &Cid, block: &[u8]) -> Vec<u8> {
    [&section_prefix(cid, block.len())[..], block].concat()
}

fn car<'a>(root: &Cid, order: impl Iterator<Item = &'a Cid>, blocks: &Arc<HashMap<Cid, Bytes>>) -> Vec<u8> {
    let sections = order.flat_map(|cid| section(cid, &blocks[cid]));
    encode_header(&[*root]).into_iter().chain(sections).collect()
}

//! Blocks and CARs, taken apart and checked as a client does that trusts nobody.

use bytes::Bytes;
use http::Method;
use tidegate_content::{
    Cid, ExtractEvent, Extractor, PbNode, Profile,
    car::{CarEvent, CarLimits, CarReader},
    cid_text::DAG_PB,
    parse_cid, verify_block,
};

use crate::support::{
    answer::Answer,
    content::{Item, cid_of, content, file, folder_cid, unique},
    server::TestServer,
};

#[tokio::test]
async fn every_block_of_a_file_can_be_had_and_checked() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 5_000_000);
    for (profile, count) in Profile::ALL.into_iter().zip([21, 21, 6]) {
        let root = cid_of(profile, &bytes);
        ann.pin_as(&root.to_string(), &bytes).await;
        let mut wanted = vec![root];
        let mut seen = 0;
        while let Some(cid) = wanted.pop() {
            let path = format!("/ipfs/{cid}?format=raw");
            let answer = server.get(&path).await.expect(200);
            verify_block(&cid, &answer.body).unwrap();
            for (name, value) in [
                ("content-type", "application/vnd.ipld.raw"),
                ("x-content-type-options", "nosniff"),
                ("etag", &format!("\"{cid}.raw\"")),
                ("cache-control", "public, max-age=29030400, immutable"),
                ("content-disposition", &format!("attachment; filename=\"{cid}.bin\"")),
            ] {
                assert_eq!(answer.header(name), value);
            }
            wanted.extend(links(&cid, &answer.body));
            seen += 1;
        }
        assert_eq!(seen, count, "{}", profile.name());
    }
}

#[tokio::test]
async fn a_car_holds_the_whole_dag_and_nothing_else() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = tree();
    for profile in Profile::ALL {
        let root = folder_cid(profile, &items);
        ann.pin_folder(&root.to_string(), &items).await.expect(200);
        let answer = server.get(&format!("/ipfs/{root}?format=car")).await.expect(200);
        for (name, value) in [
            ("content-type", "application/vnd.ipld.car; version=1; order=dfs; dups=n"),
            ("x-content-type-options", "nosniff"),
            ("accept-ranges", "none"),
            ("content-disposition", &format!("attachment; filename=\"{root}.car\"")),
            ("cache-control", "public, max-age=29030400, immutable"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        let (roots, blocks) = unpack(&answer);
        assert_eq!(roots, [root]);
        assert_eq!(blocks[0].0, root, "depth first");
        let names: std::collections::BTreeSet<Cid> = blocks.iter().map(|(cid, _)| *cid).collect();
        assert_eq!(names.len(), blocks.len(), "each once");
        let reached: std::collections::BTreeSet<Cid> =
            blocks.iter().flat_map(|(cid, block)| links(cid, block)).chain([root]).collect();
        assert_eq!(names, reached, "each is linked to, and each link is there");

        let accept = [("accept", "application/vnd.ipld.car;version=1;order=dfs;dups=n")];
        let negotiated = server.get_with(&format!("/ipfs/{root}"), &accept).await.expect(200);
        assert!(negotiated.body == answer.body);
        assert_eq!(negotiated.header("content-location"), format!("/ipfs/{root}?format=car"));
        assert_eq!(negotiated.header("vary"), "Accept");
        let tag = [("if-none-match", answer.header("etag"))];
        server.get_with(&format!("/ipfs/{root}?format=car"), &tag).await.expect(304);
    }
}

#[tokio::test]
async fn a_car_with_duplicates_rebuilds_every_file() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let items = tree();
    for profile in Profile::ALL {
        let root = folder_cid(profile, &items);
        ann.pin_folder(&root.to_string(), &items).await.expect(200);
        let path = format!("/ipfs/{root}?format=car&car-dups=y");
        let answer = server.get(&path).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/vnd.ipld.car; version=1; order=dfs; dups=y");
        let mut rebuilt = extract(root, &answer);
        let mut expected: Vec<_> = items.iter().filter_map(as_file).collect();
        rebuilt.sort();
        expected.sort();
        assert!(rebuilt == expected, "{}", profile.name());
    }
}

#[tokio::test]
async fn a_car_of_a_path_begins_with_the_blocks_on_the_way() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 600_000);
    let profile = Profile::UNIXFS_V1_2025;
    let items = [file("a/b/c.bin", bytes.clone()), file("a/other", "x"), file("more", "y")];
    let root = folder_cid(profile, &items);
    ann.pin_folder(&root.to_string(), &items).await.expect(200);
    let answer = server.get(&format!("/ipfs/{root}/a/b/c.bin?format=car")).await.expect(200);
    let (roots, blocks) = unpack(&answer);
    let target = cid_of(profile, &bytes);
    assert_eq!(roots, [target]);
    let way = [
        root,
        folder_cid(profile, &[file("b/c.bin", bytes.clone()), file("other", "x")]),
        folder_cid(profile, &[file("c.bin", bytes.clone())]),
        target,
    ];
    let names: Vec<Cid> = blocks.iter().map(|(cid, _)| *cid).collect();
    assert_eq!(names[..4], way);
    assert_eq!(names.len(), 4, "the file is one block, and nothing beside the path is there");

    let other = server.get(&format!("/ipfs/{root}?format=car")).await.expect(200);
    assert_ne!(answer.header("etag"), other.header("etag"));
    server.get(&format!("/ipfs/{root}/a/missing?format=car")).await.expect(404);
}

#[tokio::test]
async fn a_car_inside_a_large_folder_brings_its_shards() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let profile = Profile::UNIXFS_V1_2025;
    let items: Vec<_> = (0..6000).map(|n| file(&format!("file-{n:05}"), n.to_string())).collect();
    let root = folder_cid(profile, &items);
    ann.pin_folder(&root.to_string(), &items).await.expect(200);
    let answer = server.get(&format!("/ipfs/{root}/file-04321?format=car")).await.expect(200);
    let (_, blocks) = unpack(&answer);
    assert_eq!(blocks[0].0, root);
    assert!(blocks.len() > 2, "at least one shard lies between");
    for pair in blocks.windows(2) {
        assert!(links(&pair[0].0, &pair[0].1).contains(&pair[1].0), "each leads to the next");
    }
    assert_eq!(blocks.last().unwrap().1, "4321");
    let served = server.get(&format!("/ipfs/{root}/file-04321")).await.expect(200);
    assert_eq!(served.header("x-ipfs-roots").split(',').count(), 2, "shards are no roots");
}

#[tokio::test]
async fn an_identity_cid_makes_an_empty_car() {
    let server = TestServer::start().await;
    let answer = server.get("/ipfs/bafkqaaa?format=car").await.expect(200);
    let (roots, blocks) = unpack(&answer);
    assert_eq!(roots, [parse_cid("bafkqaaa").unwrap()]);
    assert!(blocks.is_empty());
    let head = server.ask(Method::HEAD, "/ipfs/bafkqaaa?format=car", &[]).await.expect(200);
    assert_eq!(head.header("content-type"), answer.header("content-type"));
}

fn tree() -> Vec<Item> {
    vec![
        file("a/one", content(11, 300_000)),
        file("a/again", content(11, 300_000)),
        file("b/empty", ""),
        file("b/c/small", "small"),
        Item::Folder("b/none".to_owned()),
        Item::Link("link".to_owned(), "b/empty".to_owned()),
        file("big", content(12, 1_500_000)),
    ]
}

fn as_file(item: &Item) -> Option<(String, Vec<u8>)> {
    match item {
        Item::File(path, bytes) => Some((path.clone(), bytes.to_vec())),
        _ => None,
    }
}

/// The roots and the blocks of a CAR, each block checked.
fn unpack(answer: &Answer) -> (Vec<Cid>, Vec<(Cid, Bytes)>) {
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(answer.body.clone());
    let (mut roots, mut blocks) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next().unwrap() {
        match event {
            CarEvent::Header(header) => roots = header,
            CarEvent::Block { cid, data, .. } => {
                verify_block(&cid, &data).unwrap();
                blocks.push((cid, data));
            }
        }
    }
    reader.finish().unwrap();
    (roots, blocks)
}

fn extract(root: Cid, answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let mut extractor = Extractor::new(root);
    let mut files = Vec::new();
    for (cid, block) in unpack(answer).1 {
        take(&mut extractor, &mut files);
        extractor.push(&cid, block).unwrap();
    }
    take(&mut extractor, &mut files);
    extractor.finish().unwrap();
    files
}

fn take(extractor: &mut Extractor, files: &mut Vec<(String, Vec<u8>)>) {
    while let Some(event) = extractor.next().unwrap() {
        match event {
            ExtractEvent::FileStart { path, .. } => files.push((path, Vec::new())),
            ExtractEvent::Data(bytes) => files.last_mut().unwrap().1.extend_from_slice(&bytes),
            _ => {}
        }
    }
}

fn links(cid: &Cid, block: &Bytes) -> Vec<Cid> {
    if cid.codec() != DAG_PB {
        return Vec::new();
    }
    let node = PbNode::decode(block).unwrap();
    node.links.iter().map(|link| link.cid).collect()
}

//! Content that others have: gateways good and bad, alone and together, and a Kubo node.

use std::collections::{BTreeMap, HashSet};

use tidegate::{
    blobs,
    db::pins::{PinSource, Visibility},
    pins::Request,
};
use tidegate_content::{Cid, content_key, parse_cid};

use super::{ask_for, asking, find_job, pinned};
use crate::support::{
    content::{content, file, unique},
    dag::{Dag, Question, missing},
    databases::{TestDatabase, on_both_engines},
    origin::{Origin, Reply},
    server::TestServer,
};

on_both_engines![a_file_elsewhere_is_brought_in_and_served, a_folder_elsewhere_is_brought_in];

async fn a_file_elsewhere_is_brought_in_and_served(database: TestDatabase) {
    let dag = Dag::file(1_000_000);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::on(database, asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let cid = dag.root.to_string();
    let id = ask_for(&server, &ann, &cid).await;
    let job = pinned(&server, &ann, &id).await;

    assert_eq!(job.progress.blocks_done, dag.blocks.len() as u64);
    let pins = server.pins(ann.account).await;
    assert_eq!((pins.len(), pins[0].pin.size, pins[0].id), (1, 1_000_000, job.pin.unwrap()));
    assert_eq!(server.used_bytes(ann.account).await, 1_000_000);
    let served = server.get(&format!("/ipfs/{cid}")).await.expect(200);
    assert!(served.body == dag.content);
    let [car] = server.cars().try_into().unwrap();
    let verified = blobs::verify(&car, |_| {}).unwrap();
    assert_eq!(verified.block_prefixes.len(), dag.blocks.len());
    // The root, and the rest as one stream.
    assert_eq!(gateway.asked().len(), 2, "{:?}", gateway.lines());
    assert!(left_over(&server).is_empty());
}

async fn a_folder_elsewhere_is_brought_in(database: TestDatabase) {
    let items = [
        file("index.html", "<h1>tide</h1>"),
        file("a/b/deep", content(unique(), 600_000)),
        file("a/twice", content(unique(), 300_000)),
    ];
    let dag = Dag::folder(&items);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::on(database, asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    assert_eq!(server.pins(ann.account).await[0].pin.size, 900_013);
    let page = server.get(&format!("/ipfs/{}/index.html", dag.root)).await.expect(200);
    assert_eq!(page.text(), "<h1>tide</h1>");
}

#[tokio::test]
async fn an_old_cid_is_asked_for_as_a_new_one_and_shown_as_given() {
    let dag = Dag::folder(&[file("a", "x")]);
    let old = Cid::new_v0(*dag.root.hash()).unwrap().to_string();
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &old).await;
    pinned(&server, &ann, &id).await;
    assert_eq!(server.pins(ann.account).await[0].pin.cid, old);
    assert!(gateway.lines().iter().all(|line| line.contains("/ipfs/baf")));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_completed_block_by_block() {
    let dag = Dag::file(2_000_000);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| match Question::of(asked) {
            Question::Archive(_) => {
                let car = dag.car();
                let half = car[..car.len() / 2].to_vec();
                Reply::status(200).with("Content-Length", &car.len().to_string()).then_body(half).then_close()
            }
            _ => dag.serve(asked),
        }
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    let blocks: Vec<_> = gateway.asked().iter().filter_map(Question::block).collect();
    let different: HashSet<_> = blocks.iter().collect();
    assert_eq!(different.len(), blocks.len(), "nothing is fetched twice");
    assert!(blocks.len() < dag.blocks.len() * 2 / 3, "what the stream brought is kept");
}

#[tokio::test]
async fn blocks_come_from_whoever_has_them() {
    let dag = Dag::file(2_000_000);
    let (even, odd): (HashSet<Cid>, HashSet<Cid>) =
        dag.order.iter().skip(1).partition(|cid| cid.hash().digest()[5] % 2 == 0);
    let [first, second] = [even, odd].map(|absent| {
        let dag = dag.clone();
        Origin::start(move |asked| dag.serve_without(asked, &absent))
    });
    let (first, second) = (first.await, second.await);
    let server = TestServer::with(asking(&[&first, &second])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    assert!(server.get(&format!("/ipfs/{}", dag.root)).await.expect(200).body == dag.content);
}

#[tokio::test]
async fn forged_blocks_are_not_kept() {
    let dag = Dag::file(500_000);
    let forger = Origin::start({
        let dag = dag.clone();
        move |asked| match Question::of(asked) {
            Question::Block(cid) if content_key(&cid) == content_key(&dag.root) => dag.serve(asked),
            Question::Block(_) => Reply::ok("forged"),
            Question::Archive(_) => {
                let mut car = dag.car();
                let len = car.len();
                for at in (len / 4..len).step_by(40_000) {
                    car[at] ^= 1;
                }
                Reply::ok(car)
            }
            Question::Other => missing(),
        }
    })
    .await;
    let honest = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve_without(asked, &HashSet::new())
    })
    .await;
    let server = TestServer::with(asking(&[&forger, &honest])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    let [car] = server.cars().try_into().unwrap();
    blobs::verify(&car, |_| {}).unwrap();
    assert!(server.get(&format!("/ipfs/{}", dag.root)).await.expect(200).body == dag.content);
}

#[tokio::test]
async fn a_flood_of_other_blocks_is_not_kept_nor_endured() {
    let (dag, flood) = (Dag::file(400_000), Dag::file(3_000_000));
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| match Question::of(asked) {
            Question::Archive(_) => {
                let head = dag.car()[..59].to_vec();
                let body = [head, flood.car()[59..].repeat(8)].concat();
                Reply::status(200).with("Transfer-Encoding", "identity").then_body(body).then_endless()
            }
            _ => dag.serve(asked),
        }
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    let job = pinned(&server, &ann, &id).await;
    assert_eq!(job.progress.blocks_done, dag.blocks.len() as u64);
    let [car] = server.cars().try_into().unwrap();
    assert!(std::fs::metadata(car).unwrap().len() < 500_000);
}

#[tokio::test]
async fn a_kubo_node_is_asked_for_what_no_gateway_has() {
    let dag = Dag::file(500_000);
    let gateway = Origin::start(|_| missing()).await;
    let node = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let url = node.url("").parse().unwrap();
    let server = TestServer::with(|config| {
        asking(&[&gateway])(config);
        config.pull.kubo = Some(url);
    })
    .await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    assert!(server.get(&format!("/ipfs/{}", dag.root)).await.expect(200).body == dag.content);
    assert!(node.lines().iter().all(|line| line.starts_with("POST /api/v0/block/get?arg=baf")));
}

#[tokio::test]
async fn a_kubo_node_is_told_where_public_peers_are() {
    let dag = Dag::file(1000);
    let node = Origin::start({
        let dag = dag.clone();
        move |asked| {
            if asked.target.starts_with("/api/v0/swarm/connect") { Reply::ok("{}") } else { dag.serve(asked) }
        }
    })
    .await;
    let url = node.url("").parse().unwrap();
    let server = TestServer::with(|config| config.pull.kubo = Some(url)).await;
    let ann = server.person("ann").await;
    let peer = "p2p/12D3KooWGRUVh65rL8hQ1ZzFFzPbDGVmkGSpKcRXhkyHA6y8Lk6H";
    let job = server
        .app
        .pins
        .request(
            ann.account,
            Request {
                source: PinSource::Psa,
                cid: dag.root,
                cid_text: dag.root.to_string(),
                name: None,
                meta: BTreeMap::new(),
                origins: vec![
                    format!("/ip4/1.1.1.1/tcp/4001/{peer}"),
                    format!("/ip4/127.0.0.1/tcp/22/{peer}"),
                ],
                visibility: Visibility::Public,
            },
        )
        .await
        .unwrap();
    pinned(&server, &ann, &job.job.id).await;
    let told: Vec<_> = node.lines().into_iter().filter(|line| line.contains("connect")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("1.1.1.1"));
}

#[tokio::test]
async fn one_dag_asked_for_by_many_is_fetched_once() {
    let dag = Dag::file(1_000_000);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let cid = dag.root.to_string();
    let mut asked = Vec::new();
    for name in ["ann", "ben", "eve"] {
        let person = server.person(name).await;
        asked.push((ask_for(&server, &person, &cid).await, person));
    }
    for (id, person) in &asked {
        pinned(&server, person, id).await;
        assert_eq!(server.used_bytes(person.account).await, 1_000_000);
    }
    assert_eq!(server.cars().len(), 1);
    let archives = gateway.asked().iter().filter(|asked| asked.target.contains("format=car")).count();
    assert!(archives <= 3, "{:?}", gateway.lines());
}

#[tokio::test]
async fn a_gateway_that_stumbles_is_asked_again() {
    let dag = Dag::file(30_000);
    let stumbles = std::sync::atomic::AtomicUsize::new(0);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| match stumbles.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::status(503).with("Content-Length", "0"),
            1 => Reply::nothing(),
            _ => dag.serve(asked),
        }
    })
    .await;
    let server = TestServer::with(asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    pinned(&server, &ann, &id).await;
    assert_eq!(find_job(&server, &ann, &id).await.tries, 1);
}

/// Unfinished DAGs on the disk.
pub fn left_over(server: &TestServer) -> Vec<String> {
    let names = std::fs::read_dir(server.data().join("partial")).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_test_dags_are_what_they_say() {
    let dag = Dag::file(300_000);
    assert_eq!(parse_cid(&dag.root.to_string()), Ok(dag.root));
    assert_eq!(dag.order[0], dag.root);
    assert_eq!(dag.blocks.len(), 8);
}

//! DAGs that are not taken: too large, broken, of unknown kinds, beyond the quota. Each ends at once and leaves nothing.

use bytes::Bytes;
use bytesize::ByteSize;
use tidegate::{config::Config, db::jobs::JobStatus};
use tidegate_content::{
    Cid, Kind, PbLink, PbNode, UnixFs,
    cid_text::{DAG_CBOR, DAG_PB, Multihash, RAW, SHA2_256},
    sha256,
};

use super::{ask_for, asking, ended, later, pinned, tried};
use crate::support::{
    content::{cid_v0, content, unique},
    dag::Dag,
    origin::Origin,
    server::TestServer,
};

fn block(codec: u64, bytes: impl Into<Bytes>) -> (Cid, Bytes) {
    let bytes = bytes.into();
    (Cid::new_v1(codec, Multihash::wrap(SHA2_256, &sha256(&[&bytes])).unwrap()), bytes)
}

fn folder_of(cid: Cid) -> (Cid, Bytes) {
    let links = vec![PbLink { cid, name: Some("x".to_owned()), tsize: None }];
    let data = Some(UnixFs::new(Kind::Directory).encode().into());
    block(DAG_PB, PbNode { links, data }.encode())
}

/// The reason for which the DAG is refused by a server with these settings.
async fn refusal(dag: &Dag, change: impl FnOnce(&mut Config)) -> String {
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::with(|config| {
        asking(&[&gateway])(config);
        change(config);
    })
    .await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    let job = ended(&server, &ann, &id).await;
    assert_eq!((job.status, job.tries), (JobStatus::Failed, 1));
    server.is_left_empty().await;
    crate::support::eventually("nothing is kept", async || super::elsewhere::left_over(&server).is_empty())
        .await;
    assert_eq!(server.used_bytes(ann.account).await, 0);
    job.reason.unwrap()
}

#[tokio::test]
async fn a_dag_has_bounds() {
    let dag = Dag::file(1_000_000);
    let blocks = dag.blocks.len() as u64;
    let reason = refusal(&dag, |config| config.pull.blocks = blocks - 1).await;
    assert_eq!(reason, format!("the DAG has more than {} blocks", blocks - 1));
    let reason = refusal(&dag, |config| config.pull.size = ByteSize(900_000)).await;
    assert_eq!(reason, "the DAG has more than 900000 bytes");
    let reason = refusal(&dag, |config| config.limits.account_quota = ByteSize(999_999)).await;
    assert_eq!(reason, "this would exceed the account's quota");
}

#[tokio::test]
async fn what_cannot_be_checked_or_followed_is_refused() {
    let sha3 = Cid::new_v1(RAW, Multihash::wrap(0x16, &[7; 32]).unwrap());
    let reason = refusal(&Dag::raw(vec![folder_of(sha3)]), |_| {}).await;
    assert!(reason.ends_with("blocks hashed with function 0x16 cannot be checked"), "{reason}");
    let (json, _) = block(0x0129, "{}");
    let reason = refusal(&Dag::raw(vec![folder_of(json)]), |_| {}).await;
    assert!(reason.ends_with("links of codec 0x129 cannot be followed"), "{reason}");
    let broken = block(DAG_PB, "not a node");
    let reason = refusal(&Dag::raw(vec![folder_of(broken.0), broken]), |_| {}).await;
    assert!(reason.contains("DAG-PB"), "{reason}");
}

#[tokio::test]
async fn a_bottomless_dag_is_refused() {
    let mut blocks = vec![folder_of(block(RAW, "bottom").0)];
    for _ in 0..1100 {
        blocks.push(folder_of(blocks.last().unwrap().0));
    }
    blocks.reverse();
    let reason = refusal(&Dag::raw(blocks), |_| {}).await;
    assert!(reason.ends_with("too deep or too wide to be read"), "{reason}");
}

#[tokio::test]
async fn a_graph_that_is_no_file_is_pinned_whole_and_paid_for() {
    let leaf = block(RAW, vec![7; 50_000]);
    let link = [&[0x81, 0xd8, 42, 0x58, 37, 0][..], &leaf.0.to_bytes()].concat();
    let graph = Dag::raw(vec![block(DAG_CBOR, link), leaf]);
    let lying = UnixFs { block_sizes: vec![0], ..UnixFs::new(Kind::File) };
    let hidden = block(RAW, vec![8; 60_000]);
    let links = vec![PbLink { cid: hidden.0, name: None, tsize: Some(0) }];
    let liar =
        Dag::raw(vec![block(DAG_PB, PbNode { links, data: Some(lying.encode().into()) }.encode()), hidden]);
    for (dag, least) in [(graph, 50_000), (liar, 60_000)] {
        let gateway = Origin::start({
            let dag = dag.clone();
            move |asked| dag.serve(asked)
        })
        .await;
        let server = TestServer::with(asking(&[&gateway])).await;
        let ann = server.person("ann").await;
        let id = ask_for(&server, &ann, &dag.root.to_string()).await;
        let job = pinned(&server, &ann, &id).await;
        assert_eq!(job.progress.blocks_done, 2);
        assert!(server.used_bytes(ann.account).await >= least);
    }
}

#[tokio::test]
async fn a_dag_waits_for_room_and_takes_what_is_free() {
    let dag = Dag::file(1_000_000);
    let gateway = Origin::start({
        let dag = dag.clone();
        move |asked| dag.serve(asked)
    })
    .await;
    let server = TestServer::with(|config| {
        asking(&[&gateway])(config);
        config.store.size = ByteSize(1_200_000);
    })
    .await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let other = bob.pin(&content(unique(), 500_000)).await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    let job = tried(&server, &ann, &id, 1).await;
    assert!(job.reason.unwrap().contains("no room"));
    // What has come of it counts.
    let large = content(unique(), 600_000);
    bob.upload(bob.form(&cid_v0(&large)).file("a", &large)).await.expect(507);
    bob.unpin(&other).await.expect(200);
    later(&server, std::time::Duration::from_secs(60));
    pinned(&server, &ann, &id).await;
}

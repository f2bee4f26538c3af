//! What happens at Endpoints is in the Cloud's lists: once, whatever is told twice or late, and as long as its owner wants it.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use serde_json::json;
use tidegate::{
    cloud::{told::JobState, wire::Told},
    db::{
        EndpointId,
        endpoints::SelfPortrait,
        jobs::{self, JobStatus},
        pins,
    },
};

use super::{PUBLIC, cloud, counts, endpoint, in_step};
use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    eventually,
    proxy::Line,
};

on_both_engines![
    an_upload_at_an_endpoint_is_in_the_clouds_lists,
    content_at_many_endpoints_is_one_pin_and_paid_for_once,
    an_unpinned_cid_is_gone_everywhere,
    what_was_pinned_again_while_its_removal_was_under_way_stays,
    what_is_told_twice_counts_once,
    a_message_that_comes_late_changes_nothing,
    an_outage_under_load_loses_nothing,
];

/// A database of the other engine's kind for the other side, so that both are both.
async fn other(database: &TestDatabase) -> TestDatabase {
    match database.options {
        tidegate::db::DbOptions::Sqlite { .. } => TestDatabase::postgres().await,
        tidegate::db::DbOptions::Postgres { .. } => TestDatabase::sqlite().await,
    }
}

async fn an_upload_at_an_endpoint_is_in_the_clouds_lists(database: TestDatabase) {
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (endpoint, _line) = endpoint(&cloud, others).await;
    cloud.clock.advance(Duration::from_secs(60));
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    let bytes = content(unique(), 1000);
    let cid = cid_v0(&bytes);
    let form = there.form(&cid).text("decooMetadata", r#"{"name":"Tide tables"}"#).file("a", &bytes);
    let pinned = there.upload(form).await.expect(200).json();
    in_step(&cloud, &[&endpoint]).await;

    let pins = ann.ask("/pinning/pinList").await.expect(200).json();
    assert_eq!(pins["Count"], 1);
    let pin = &pins["Pins"][0];
    assert_eq!((&pin["PinHash"], &pin["PinSize"]), (&json!(cid), &json!(1000)));
    assert_eq!((&pin["PinDate"], &pin["Metadata"]), (&pinned["PinDate"], &json!({"name": "Tide tables"})));
    let jobs = ann.ask(&format!("/pinning/pinJobs?pin-hash={cid}")).await.expect(200).json();
    assert_eq!((&jobs["Count"], &jobs["Jobs"][0]["Status"]), (&json!(1), &json!("pinned")));
    let psa = ann.ask("/psa/pins?name=Tide%20tables").await.expect(200).json();
    assert_eq!((&psa["count"], &psa["results"][0]["created"]), (&json!(1), &pinned["PinDate"]));
    assert_eq!(psa["results"][0]["requestid"], jobs["Jobs"][0]["Id"]);
    assert_eq!(ann.ask("/data/pinList").await.expect(200).json()["count"], 1);
    assert_eq!(cloud.used_bytes(ann.account).await, 1000);
    assert_eq!(endpoint.get(&format!("/ipfs/{cid}")).await.expect(200).body, bytes);
    let elsewhere = cloud.get(&format!("/ipfs/{cid}?download=true")).await.expect(307);
    assert_eq!(elsewhere.header("location"), format!("{PUBLIC}/ipfs/{cid}?download=true"));
    cloud.get("/ipfs/QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH").await.expect(404);

    // The same again is the one entry, later.
    endpoint.clock.advance(Duration::from_secs(5));
    let again = there.upload(there.form(&cid).file("b", &bytes)).await.expect(200).json();
    in_step(&cloud, &[&endpoint]).await;
    let renewed = ann.ask("/pinning/pinList").await.expect(200).json();
    assert_eq!((&renewed["Count"], &renewed["Pins"][0]["Id"]), (&json!(1), &pin["Id"]));
    assert_eq!(renewed["Pins"][0]["PinDate"], again["PinDate"]);
    assert_eq!(counts(&ann).await, (1, 1));
    assert_eq!(cloud.used_bytes(ann.account).await, 1000);
    // What is missing here is at an Endpoint, and so is not missing.
    let missing = cloud.app.db.read(|s| Box::pin(pins::pinned_roots_without_content(s, "", 10)));
    assert_eq!(missing.await.unwrap(), []);
}

async fn content_at_many_endpoints_is_one_pin_and_paid_for_once(database: TestDatabase) {
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (one, _one) = endpoint(&cloud, others).await;
    let (two, _two) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    let ann = cloud.person("ann").await;
    cloud.clock.advance(Duration::from_secs(60));
    two.clock.advance(Duration::from_secs(30));
    let bytes = content(unique(), 1000);
    let cid = ann.moved_to(&two.url("")).pin(&bytes).await;
    in_step(&cloud, &[&two]).await;
    let newer = ann.ask("/pinning/pinList").await.expect(200).json();
    // What was pinned earlier is told later, and is not the newer one for that.
    ann.moved_to(&one.url("")).pin(&bytes).await;
    in_step(&cloud, &[&one, &two]).await;
    assert_eq!(ann.ask("/pinning/pinList").await.expect(200).json(), newer);
    assert_eq!(counts(&ann).await, (1, 2));
    assert_eq!(cloud.used_bytes(ann.account).await, 1000);

    ann.unpin(&cid).await.expect(200);
    assert_eq!((counts(&ann).await, cloud.used_bytes(ann.account).await), ((0, 0), 0));
    in_step(&cloud, &[&one, &two]).await;
    for endpoint in [&one, &two] {
        endpoint.get(&format!("/ipfs/{cid}")).await.expect(404);
        assert_eq!(endpoint.used_bytes(ann.account).await, 0);
    }
}

async fn an_unpinned_cid_is_gone_everywhere(database: TestDatabase) {
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (endpoint, line) = endpoint(&cloud, others).await;
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    let cid = there.pin(&content(unique(), 1000)).await;
    in_step(&cloud, &[&endpoint]).await;
    // The Endpoint is away, and hears of it when it is back.
    line.set(Line::Cut);
    ann.unpin(&cid).await.expect(200);
    assert_eq!(counts(&ann).await, (0, 0));
    endpoint.get(&format!("/ipfs/{cid}")).await.expect(200);
    line.set(Line::Open);
    in_step(&cloud, &[&endpoint]).await;
    endpoint.get(&format!("/ipfs/{cid}")).await.expect(404);
    assert!(endpoint.pins(ann.account).await.is_empty());
    assert_eq!(counts(&ann).await, (0, 0));
}

async fn what_was_pinned_again_while_its_removal_was_under_way_stays(database: TestDatabase) {
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (endpoint, line) = endpoint(&cloud, others).await;
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    let bytes = content(unique(), 1000);
    let cid = there.pin(&bytes).await;
    in_step(&cloud, &[&endpoint]).await;
    line.set(Line::Cut);
    ann.unpin(&cid).await.expect(200);
    there.pin(&bytes).await;
    line.set(Line::Open);
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!((counts(&ann).await, cloud.used_bytes(ann.account).await), ((1, 1), 1000));
    endpoint.get(&format!("/ipfs/{cid}")).await.expect(200);
}

async fn what_is_told_twice_counts_once(database: TestDatabase) {
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (endpoint, line) = endpoint(&cloud, others).await;
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    let first = there.pin(&content(unique(), 1000)).await;
    in_step(&cloud, &[&endpoint]).await;
    // The Cloud hears all of it, and the Endpoint never hears that.
    line.set(Line::Deaf);
    for _ in 0..3 {
        there.pin(&content(unique(), 1000)).await;
    }
    eventually("the Cloud has heard it", async || counts(&ann).await == (4, 4)).await;
    // Meanwhile one is removed, which the Endpoint does not hear either, and goes on telling.
    let known = cloud.pins(ann.account).await;
    let gone = known.iter().find(|pin| pin.pin.cid != first).unwrap().pin.cid.clone();
    ann.unpin(&gone).await.expect(200);
    let told = line.heard("POST /api/v1/endpoints/report");
    eventually("it is told again", async || line.heard("POST /api/v1/endpoints/report") > told + 2).await;
    assert_eq!((counts(&ann).await, cloud.used_bytes(ann.account).await), ((3, 3), 3000));
    line.set(Line::Open);
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!((counts(&ann).await, cloud.used_bytes(ann.account).await), ((3, 3), 3000));
    assert_eq!(endpoint.pins(ann.account).await.len(), 3);
    endpoint.get(&format!("/ipfs/{gone}")).await.expect(404);
}

async fn a_message_that_comes_late_changes_nothing(database: TestDatabase) {
    let cloud = cloud(database).await;
    let (endpoint, line) = endpoint(&cloud, TestDatabase::sqlite().await).await;
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    let cid = there.pin(&content(unique(), 1000)).await;
    in_step(&cloud, &[&endpoint]).await;
    line.set(Line::Cut);
    let (account, id) = (ann.account, EndpointId(cloud.app.endpoints.list().await.unwrap()[0].id.0));
    let pin = endpoint.pins(account).await.remove(0);
    let of_pin = pin.id;
    let job = endpoint.app.db.read(move |s| Box::pin(jobs::jobs_of_pin(s, of_pin))).await.unwrap().remove(0);
    let told = || vec![Told::Job(Box::new(JobState::of(&job, Some(&pin))))];
    let says = || SelfPortrait { url: PUBLIC.to_owned(), version: "1".to_owned(), free_bytes: 1 };
    let tell = async |batch: u64, news: Vec<Told>| {
        let answer = cloud.app.pins.take_in(id, batch, says(), news).await.unwrap();
        (answer.taken, answer.errands)
    };

    ann.unpin(&cid).await.expect(200);
    // While the Endpoint has not said that it has removed it, what it says of it does not count.
    let (taken, errands) = tell(1_000_000, told()).await;
    assert!(taken && errands.len() == 1);
    assert_eq!(counts(&ann).await, (0, 0));
    assert!(tell(1_000_001, vec![Told::Done { errand: errands[0].id }]).await.0);
    // And a message from before, which the network has kept till now, is too old.
    for batch in [0, 1, 1_000_000, 1_000_001] {
        assert!(!tell(batch, told()).await.0);
    }
    assert_eq!(counts(&ann).await, (0, 0));

    // Nor does anything count that no Endpoint can know.
    let mut nobodys = JobState::of(&job, Some(&pin));
    nobodys.account = 999;
    assert!(tell(1_000_002, vec![Told::Job(Box::new(nobodys)), Told::Done { errand: 999 }]).await.0);
    assert_eq!(counts(&ann).await, (0, 0));
}

async fn an_outage_under_load_loses_nothing(database: TestDatabase) {
    const UPLOADS: usize = 150;
    let others = other(&database).await;
    let cloud = cloud(database).await;
    let (endpoint, line) = endpoint(&cloud, others).await;
    let ann = cloud.person("ann").await;
    let there = ann.moved_to(&endpoint.url(""));
    there.pin(&content(unique(), 10)).await;
    in_step(&cloud, &[&endpoint]).await;
    line.set(Line::Cut);
    let uploads: Vec<_> = (0..UPLOADS)
        .map(|number| {
            let there = there.clone();
            tokio::spawn(async move { there.pin(&Bytes::from(format!("{number} {}", unique()))).await })
        })
        .collect();
    let mut pinned = BTreeSet::new();
    for upload in uploads {
        assert!(pinned.insert(upload.await.unwrap()));
    }
    assert_eq!(counts(&ann).await, (1, 1));
    assert!(endpoint.app.pins.count_untold().await.unwrap() >= UPLOADS as u64);
    line.set(Line::Open);
    in_step(&cloud, &[&endpoint]).await;
    assert_eq!(counts(&ann).await, (UPLOADS as u64 + 1, UPLOADS as u64 + 1));
    let listed = ann.ask("/pinning/pinJobs?limit=1000&status=pinned").await.expect(200).json();
    let (mut ids, mut cids) = (BTreeSet::new(), BTreeSet::new());
    for job in listed["Jobs"].as_array().unwrap() {
        assert_eq!(job["Status"], JobStatus::Pinned.as_str());
        assert!(ids.insert(job["Id"].as_str().unwrap().to_owned()));
        cids.insert(job["PinHash"].as_str().unwrap().to_owned());
    }
    assert!(cids.is_superset(&pinned));
    // Paging by time loses none: no two have the same.
    let psa = ann.ask("/psa/pins?limit=1000").await.expect(200).json();
    let times: BTreeSet<_> = psa["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["created"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(times.len(), UPLOADS + 1);
}

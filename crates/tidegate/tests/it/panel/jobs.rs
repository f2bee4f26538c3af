//! What was asked for: how far it is, why it failed, and another try.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tidegate::db::{
    DbError,
    jobs::{
        JobId, Progress,
        queue::{self, Outcome},
    },
};

use crate::support::{
    browser::Browser,
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    person::Person,
    server::{TestServer, without_workers},
};

on_both_engines![a_failed_request_is_made_again_and_nobody_is_told_of_the_old_one];

async fn ann(server: &TestServer) -> (Person, Browser) {
    let ann = server.person("ann").await;
    let mut browser = Browser::at(server);
    browser.sign_in("ann@example.org").await;
    (ann, browser)
}

/// Asks for content by its CID, and returns the request's id.
async fn ask_for(person: &Person, cid: &str, name: &str) -> String {
    let answer = person.send(Method::POST, "/psa/pins", Some(json!({"cid": cid, "name": name}))).await;
    answer.expect(202).json()["requestid"].as_str().unwrap().to_owned()
}

/// Somebody takes up the request that is due, and this comes of it.
async fn work(server: &TestServer, outcome: Option<Outcome>, progress: Progress) {
    let now = server.clock.now();
    let worked = server.app.db.write(move |s| {
        Box::pin(async move {
            let lease = Duration::from_secs(60);
            let job = queue::claim_job(s, "test/1", now, lease).await?.expect("something is due");
            queue::renew_job(s, &job.job.id, "test/1", progress, now, lease).await?;
            if let Some(outcome) = outcome {
                assert!(queue::finish_job(s, &job, "test/1", outcome, progress, now).await?);
            }
            Ok::<_, DbError>(())
        })
    });
    worked.await.unwrap();
}

fn failed(reason: &str) -> Option<Outcome> {
    Some(Outcome::Failed { reason: reason.to_owned(), again_at: None })
}

#[tokio::test]
async fn each_job_says_how_far_it_is_and_why_it_is_no_farther() {
    let server = TestServer::with(without_workers).await;
    let (ann, mut browser) = ann(&server).await;
    assert!(browser.page("/panel/jobs").await.contains("Nothing was asked for yet."));
    let absent = || cid_v0(&content(unique(), 10));

    ask_for(&ann, &absent(), "never").await;
    work(&server, failed("nobody has <this>"), Progress::default()).await;
    ask_for(&ann, &absent(), "later").await;
    let later = server.clock.now().plus(Duration::from_secs(600));
    let waits = Some(Outcome::Later { reason: "nobody has it just now".to_owned(), at: later });
    work(&server, waits, Progress::default()).await;
    ask_for(&ann, &absent(), "half of it").await;
    let half = Progress { bytes_done: 1 << 20, bytes_total: Some(2 << 20), blocks_done: 1234 };
    work(&server, None, half).await;
    let cid = ann.pin(&content(unique(), 10)).await;

    let page = browser.page("/panel/jobs").await;
    for expected in [
        "Nobody has &#60;this&#62;",
        "Nobody has it just now",
        "next try <time datetime=\"2023-11-14T22:23:20.123Z\">2023-11-14 22:23 UTC</time>",
        "1.0 MiB of 2.0 MiB, 1\u{202f}234 blocks",
        "<progress max=\"1000\" value=\"500\"",
        &cid,
        ">All <span class=\"dim\">4</span>",
        ">Waiting <span class=\"dim\">1</span>",
        ">At work <span class=\"dim\">1</span>",
        ">Pinned <span class=\"dim\">1</span>",
        ">Failed <span class=\"dim\">1</span>",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert_eq!(page.matches(">Try again</button>").count(), 1);
    for (status, only) in
        [("queued", "later"), ("pinning", "half of it"), ("pinned", cid.as_str()), ("failed", "never")]
    {
        let page = browser.page(&format!("/panel/jobs?status={status}")).await;
        for name in ["later", "half of it", &cid, "never"] {
            assert_eq!(page.contains(name), name == only, "{status}: {name}");
        }
    }
}

#[tokio::test]
async fn older_jobs_are_on_the_next_page() {
    let server = TestServer::with(without_workers).await;
    let (ann, mut browser) = ann(&server).await;
    for number in 0..60 {
        ask_for(&ann, &cid_v0(&content(unique(), 10)), &format!("job {number:02}.")).await;
    }
    let mut page = browser.page("/panel/jobs?status=queued").await;
    let names = |page: &str| (0..60).filter(|number| page.contains(&format!("job {number:02}."))).count();
    assert_eq!(names(&page), 50);
    assert!(page.contains("job 59.") && !page.contains("Newest"));
    let older = page.split("rel=\"next\"").next().unwrap();
    let older = older[older.rfind("href=\"").unwrap() + 6..].split('"').next().unwrap();
    page = browser.page(&older.replace("&#38;", "&").replace("&amp;", "&")).await;
    assert_eq!(names(&page), 10);
    assert!(page.contains("job 00.") && page.contains(">Newest</a>") && !page.contains(">Older</a>"));
}

async fn a_failed_request_is_made_again_and_nobody_is_told_of_the_old_one(database: TestDatabase) {
    let server = TestServer::on(database, |config| {
        without_workers(config);
        config.webhooks.at_once = 0;
    })
    .await;
    let (ann, mut browser) = ann(&server).await;
    let hook =
        json!({"url": "https://app.example.org/", "events": ["pin.failed", "pin.removed", "pin.pinned"]});
    let hook = ann.send(Method::POST, "/api/v1/webhooks", Some(hook)).await.expect(201).json();
    let bytes = content(unique(), 1000);
    let id = ask_for(&ann, &cid_v0(&bytes), "wanted").await;
    work(&server, failed("nobody has it"), Progress::default()).await;

    let path = |id: &str| format!("/panel/jobs/{id}/retry");
    let (mut bob, _) = Browser::of(&server, "bob").await;
    bob.post(&path(&id), &[]).await.expect(422);
    let page = browser.submit(&path(&id), &[]).await;
    assert!(page.contains("It is tried again.") && page.contains(">waiting</span>"), "{page}");
    assert!(!page.contains("Try again"), "{page}");
    let refused = browser.post(&path(&id), &[]).await.expect(422);
    assert!(refused.text().contains("There is no such request any more, or it has not failed."));
    let jobs = ann.ask("/psa/pins?status=queued,pinning,pinned,failed").await.expect(200).json();
    assert_eq!((&jobs["count"], &jobs["results"][0]["pin"]["name"]), (&json!(1), &json!("wanted")));
    let again = jobs["results"][0]["requestid"].as_str().unwrap().to_owned();
    assert_ne!(again, id);
    browser.post(&path(&again), &[]).await.expect(422);

    // By the next try somebody has it here.
    work(&server, failed("nobody has it"), Progress::default()).await;
    let bob = server.person("bobby").await;
    bob.pin(&bytes).await;
    let page = browser.submit(&path(&again), &[]).await;
    assert!(page.contains(">pinned</span>") && page.contains("/panel/pins/"), "{page}");
    assert_eq!(server.used_bytes(ann.account).await, 1000);

    let log = format!("/api/v1/webhooks/{}/deliveries", hook["id"].as_str().unwrap());
    let log = ann.ask(&log).await.expect(200).json();
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|item| item["event"].clone()).collect();
    assert!(!told.contains(&json!("pin.removed")), "{told:?}");
    assert_eq!(told.iter().filter(|event| **event == json!("pin.pinned")).count(), 1);
}

#[tokio::test]
async fn a_request_that_waits_or_has_failed_can_be_removed() {
    let server = TestServer::with(without_workers).await;
    let (ann, mut browser) = ann(&server).await;
    let id = ask_for(&ann, &cid_v0(&content(unique(), 10)), "wanted").await;
    let path = format!("/panel/jobs/{id}/remove");
    let (mut bob, _) = Browser::of(&server, "bob").await;
    bob.post(&path, &[]).await.expect(404);
    let page = browser.submit(&path, &[]).await;
    assert!(page.contains("The request is removed.") && page.contains("Nothing was asked for yet."));
    browser.post(&path, &[]).await.expect(404);
    browser.post("/panel/jobs/%00/remove", &[]).await.expect(404);
    let read = server.app.db.read(move |s| {
        Box::pin(async move { tidegate::db::jobs::find_job(s, ann.account, &JobId(id)).await })
    });
    assert_eq!(read.await.unwrap(), None);
}

//! Content that is asked for by its CID: how it comes, from whom, and what its owner is told.

mod bounds;
pub mod elsewhere;
mod here;
mod route;
mod tries;

use std::time::Duration;

use serde_json::json;
use tidegate::{
    config::Config,
    db::jobs::{self, Job, JobId, JobStatus},
};

use crate::support::{answer::Answer, eventually, origin::Origin, person::Person, server::TestServer};

/// A server that asks these gateways.
pub fn asking(gateways: &[&Origin]) -> impl FnOnce(&mut Config) {
    let urls: Vec<_> = gateways.iter().map(|origin| origin.url("").parse().unwrap()).collect();
    move |config| config.pull.gateways = urls
}

/// Asks for a CID as Decoo's SDK does.
pub async fn ask(server: &TestServer, person: &Person, cid: &str) -> Answer {
    let body = json!({"hashToPin": cid, "secret": person.sign(cid)});
    let request = server.client.post(server.url("/pinning/pinByHash"));
    Answer::of(request.header("UserAccessToken", &person.token).json(&body)).await
}

/// Asks for a CID; the job that was made.
pub async fn ask_for(server: &TestServer, person: &Person, cid: &str) -> JobId {
    let answer = ask(server, person, cid).await.expect(200).json();
    assert_eq!((&answer["HashToPin"], &answer["JobStatus"]), (&json!(cid), &json!("queued")));
    JobId(answer["JobId"].as_str().unwrap().to_owned())
}

pub async fn find_job(server: &TestServer, person: &Person, id: &JobId) -> Job {
    let (account, id) = (person.account, id.clone());
    let read = server.app.db.read(move |s| Box::pin(async move { jobs::find_job(s, account, &id).await }));
    read.await.unwrap().unwrap()
}

/// Waits until a try has ended, and says how.
pub async fn tried(server: &TestServer, person: &Person, id: &JobId, tries: u64) -> Job {
    eventually("a try ends", async || {
        let job = find_job(server, person, id).await;
        job.tries >= tries && job.status != JobStatus::Pinning
    })
    .await;
    find_job(server, person, id).await
}

/// Waits until the job is done for good.
pub async fn ended(server: &TestServer, person: &Person, id: &JobId) -> Job {
    eventually("the job ends", async || find_job(server, person, id).await.due_at.is_none()).await;
    find_job(server, person, id).await
}

/// Waits until the job is done, well.
#[track_caller]
pub fn pinned<'a>(
    server: &'a TestServer,
    person: &'a Person,
    id: &'a JobId,
) -> impl Future<Output = Job> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let job = ended(server, person, id).await;
        assert_eq!((job.status, &job.reason), (JobStatus::Pinned, &None), "at {caller}");
        job
    }
}

/// Later, as the server sees it.
pub fn later(server: &TestServer, by: Duration) {
    server.clock.advance(by);
    server.app.pins.wake();
}

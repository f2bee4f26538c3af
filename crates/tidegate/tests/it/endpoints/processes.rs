//! One Cloud and three Endpoints as processes of their own, under load, while lines break and each of them dies: what was
//! acknowledged is in the Cloud's lists exactly once, and can be read where it was pinned.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::{accounts::Registered, app::App, clock::Clock};

use crate::support::{
    answer::Answer,
    content::{cid_v0, unique},
    eventually,
    person::Person,
    process::Process,
    proxy::{Line, Proxy},
    server::{client, settings},
};

const ENDPOINTS: usize = 3;
const CLIENTS: usize = 2;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_break_and_servers_that_die_lose_and_double_nothing() {
    let mut stage = Stage::set().await;
    let load = Load::begin(&stage).await;
    load.grows(0, 5).await;

    // Cut off, it goes on with the tokens that it knows; killed meanwhile, it has lost nothing of that.
    stage.lines[0].set(Line::Cut);
    load.grows(0, 5).await;
    stage.kill(0).await;
    stage.start(0).await;
    stage.lines[0].set(Line::Open);
    load.grows(0, 5).await;

    // What it tells takes long, or arrives and is never confirmed.
    stage.lines[1].set(Line::Held);
    load.grows(1, 5).await;
    stage.lines[1].set(Line::Open);
    stage.lines[2].set(Line::Deaf);
    load.grows(2, 5).await;
    stage.kill(2).await;
    stage.start(2).await;
    stage.lines[2].set(Line::Open);
    load.grows(2, 5).await;

    // The Cloud dies in the middle of what it is told, again and again.
    for _ in 0..3 {
        load.grows(1, 3).await;
        stage.kill_cloud().await;
        load.grows(1, 3).await;
        stage.start_cloud().await;
    }

    // One is stopped as an operator does, and then all die at once.
    stage.stop(1).await;
    stage.start(1).await;
    load.grows(1, 5).await;
    stage.kill_cloud().await;
    for number in 0..ENDPOINTS {
        stage.kill(number).await;
    }
    stage.start_cloud().await;
    for number in 0..ENDPOINTS {
        stage.start(number).await;
        load.grows(number, 3).await;
    }

    let uploads = load.end().await;
    stage.is_in_step().await;
    stage.keeps_its_promises(&uploads).await;
    stage.forgets_everywhere(&uploads).await;
}

/// By CID: what was sent, and what of it was acknowledged.
#[derive(Default)]
struct Uploads {
    sent: BTreeMap<String, Bytes>,
    acknowledged: BTreeSet<String>,
}

/// The servers, and the lines between them.
struct Stage {
    folder: TempDir,
    person: Person,
    cloud: Option<Process>,
    /// What clients call the Cloud, over all its lives.
    cloud_front: Proxy,
    endpoints: Vec<Option<Process>>,
    /// What clients call the Endpoints.
    fronts: Vec<Proxy>,
    /// By which the Endpoints reach the Cloud.
    lines: Vec<Proxy>,
    tokens: Vec<String>,
}

impl Stage {
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (registered, tokens) = prepare(folder.path().join("cloud")).await;
        let cloud_front = Proxy::new().await;
        let (mut fronts, mut lines) = (Vec::new(), Vec::new());
        for _ in 0..ENDPOINTS {
            fronts.push(Proxy::new().await);
            lines.push(Proxy::new().await);
        }
        let cloud = Process::start(&folder.path().join("cloud"), &[("TIDEGATE_SERVER_ROLE", "cloud")]).await;
        cloud_front.lead_to(address(&cloud));
        let person = Person::at(&cloud_front.url, &client(), &registered).await;
        let endpoints = (0..ENDPOINTS).map(|_| None).collect();
        let mut stage =
            Self { folder, person, cloud: Some(cloud), cloud_front, endpoints, fronts, lines, tokens };
        stage.lead_to_cloud();
        for number in 0..ENDPOINTS {
            stage.start(number).await;
        }
        stage
    }

    async fn start(&mut self, number: usize) {
        let data = self.folder.path().join(number.to_string());
        let process = Process::start(
            &data,
            &[
                ("TIDEGATE_SERVER_ROLE", "endpoint"),
                ("TIDEGATE_SERVER_PUBLIC_URL", &self.fronts[number].url),
                ("TIDEGATE_ENDPOINT_CLOUD", &self.lines[number].url),
                ("TIDEGATE_ENDPOINT_REGISTRATION_TOKEN", &self.tokens[number]),
                ("TIDEGATE_ENDPOINT_HEARTBEAT", "50ms"),
            ],
        )
        .await;
        self.fronts[number].lead_to(address(&process));
        self.endpoints[number] = Some(process);
    }

    async fn kill(&mut self, number: usize) {
        self.endpoints[number].take().unwrap().kill().await;
    }

    async fn stop(&mut self, number: usize) {
        assert!(self.endpoints[number].take().unwrap().stop().await);
    }

    async fn kill_cloud(&mut self) {
        self.cloud.take().unwrap().kill().await;
    }

    async fn start_cloud(&mut self) {
        let data = self.folder.path().join("cloud");
        let cloud = Process::start(&data, &[("TIDEGATE_SERVER_ROLE", "cloud")]).await;
        self.cloud_front.lead_to(address(&cloud));
        self.cloud = Some(cloud);
        self.lead_to_cloud();
    }

    fn lead_to_cloud(&self) {
        for line in &self.lines {
            line.lead_to(address(self.cloud.as_ref().unwrap()));
        }
    }

    /// Waits until the Endpoints have told all that they have to tell.
    async fn is_in_step(&self) {
        for front in &self.fronts {
            eventually("the Cloud knows everything", async || {
                let ready =
                    Answer::of(client().get(format!("{}/readyz", front.url))).await.expect(200).json();
                ready["cloud"] == "ok" && ready["outbox"] == 0
            })
            .await;
        }
    }

    async fn keeps_its_promises(&self, uploads: &[Uploads]) {
        let listed = self.listed("/pinning/pinJobs", "Jobs").await;
        let ids: BTreeSet<_> = listed.iter().map(|job| job["Id"].as_str().unwrap()).collect();
        let cids: BTreeSet<_> = listed.iter().map(|job| job["PinHash"].as_str().unwrap()).collect();
        assert_eq!((ids.len(), cids.len()), (listed.len(), listed.len()), "nothing is there twice");
        assert!(listed.iter().all(|job| job["Status"] == "pinned"));
        assert_eq!(self.listed("/pinning/pinList", "Pins").await.len(), listed.len());
        let mut bytes_of_all = 0;
        for (uploads, front) in uploads.iter().zip(&self.fronts) {
            println!("{} uploads sent, {} acknowledged", uploads.sent.len(), uploads.acknowledged.len());
            for (cid, bytes) in &uploads.sent {
                let answer = Answer::of(client().get(format!("{}/ipfs/{cid}", front.url))).await;
                // What was not acknowledged may be there, and then it is so everywhere.
                let expected = if cids.contains(cid.as_str()) { 200 } else { 404 };
                assert!(expected == 200 || !uploads.acknowledged.contains(cid), "{cid} is lost");
                if answer.expect(expected).status == 200 {
                    bytes_of_all += bytes.len();
                }
            }
        }
        let used = self.person.ask("/api/v1/account").await.expect(200).json()["usedBytes"].clone();
        assert_eq!(used, json!(bytes_of_all));
    }

    /// Removes a pin of each Endpoint at the Cloud.
    async fn forgets_everywhere(&self, uploads: &[Uploads]) {
        for (uploads, front) in uploads.iter().zip(&self.fronts) {
            let cid = uploads.acknowledged.first().unwrap();
            self.person.unpin(cid).await.expect(200);
            eventually("it is gone at the Endpoint", async || {
                Answer::of(client().get(format!("{}/ipfs/{cid}", front.url))).await.status == 404
            })
            .await;
        }
    }

    /// All entries of a list, by pages.
    async fn listed(&self, path: &str, entries: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page =
                self.person.ask(&format!("{path}?limit=1000&offset={}", all.len())).await.expect(200).json();
            let more = page[entries].as_array().unwrap().clone();
            if more.is_empty() {
                assert_eq!(page["Count"], all.len());
                return all;
            }
            all.extend(more);
        }
    }
}

/// An account and invitations, in the folder of a Cloud that does not run yet.
async fn prepare(data: PathBuf) -> (Registered, Vec<String>) {
    let app = App::open(settings(&data), Clock::system()).await.unwrap();
    let registered = app.accounts.register("ann@example.org", "correct horse".into()).await.unwrap();
    let mut tokens = Vec::new();
    for number in 0..ENDPOINTS {
        let (token, _) = app.endpoints.invite(&format!("Endpoint {number}")).await.unwrap();
        tokens.push(token.expose_secret().to_owned());
    }
    app.close().await;
    (registered, tokens)
}

fn address(process: &Process) -> SocketAddr {
    process.url.trim_start_matches("http://").parse().unwrap()
}

/// Clients that upload on and on, each to the same Endpoint, as `/endpoint/list` names it.
struct Load {
    uploads: Vec<Arc<Mutex<Uploads>>>,
    enough: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn begin(stage: &Stage) -> Self {
        let person = &stage.person;
        eventually("all Endpoints are listed", async || {
            let listed = person.ask("/endpoint/list").await.expect(200).json();
            listed.as_array().unwrap().len() == ENDPOINTS
        })
        .await;
        let listed = person.ask("/endpoint/list").await.expect(200).json();
        let mut load = Self { uploads: Vec::new(), enough: Arc::default(), clients: Vec::new() };
        for endpoint in listed.as_array().unwrap() {
            let person = person.moved_to(endpoint["apiHost"].as_str().unwrap());
            let uploads: Arc<Mutex<Uploads>> = Arc::default();
            for _ in 0..CLIENTS {
                let (person, uploads, enough) =
                    (person.clone(), Arc::clone(&uploads), Arc::clone(&load.enough));
                load.clients.push(tokio::spawn(upload_until_enough(person, uploads, enough)));
            }
            load.uploads.push(uploads);
        }
        load
    }

    /// Waits until so many more uploads to an Endpoint are acknowledged.
    async fn grows(&self, number: usize, by: usize) {
        let acknowledged = || self.uploads[number].lock().unwrap().acknowledged.len();
        let enough = acknowledged() + by;
        eventually("uploads go on", async || acknowledged() >= enough).await;
    }

    async fn end(self) -> Vec<Uploads> {
        self.enough.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        self.uploads.iter().map(|uploads| std::mem::take(&mut *uploads.lock().unwrap())).collect()
    }
}

async fn upload_until_enough(person: Person, uploads: Arc<Mutex<Uploads>>, enough: Arc<AtomicBool>) {
    // As fast as answers come, but no busier than that while nobody is there.
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !enough.load(Ordering::Relaxed) {
        ticks.tick().await;
        let bytes = Bytes::from(format!("the tide of {}", unique()));
        let cid = cid_v0(&bytes);
        let form = person.form(&cid).file("a", &bytes).close();
        uploads.lock().unwrap().sent.insert(cid.clone(), bytes);
        // An answer that never comes is none.
        match person.request(form).timeout(PATIENCE).send().await {
            Ok(answer) if answer.status() == 200 => {
                uploads.lock().unwrap().acknowledged.insert(cid);
            }
            // An Endpoint that has started while its Cloud is away knows nobody.
            Ok(answer) => assert_eq!(answer.status(), 503),
            Err(_) => {}
        }
    }
}

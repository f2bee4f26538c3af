//! `tidegate pin` of what is large: it goes on after a break.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tidegate_content::Profile;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    binary::{RunningServer, Tidegate, User},
    content::{Item, content, file, folder_cid, unique},
    eventually,
};

/// Files of the folder: more than are sent in one request of old.
const FILES: usize = 1001;

/// Stands before a server and lets only so many bytes through to it.
struct Gate {
    url: String,
    left: Arc<AtomicU64>,
}

/// What happens to a connection when no more bytes may pass.
#[derive(Clone, Copy)]
enum Then {
    Hang,
    Break,
}

impl Gate {
    async fn before(server: &str, bytes: u64, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let left = Arc::new(AtomicU64::new(bytes));
        let (server, counter) = (server.trim_start_matches("http://").to_owned(), Arc::clone(&left));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), Arc::clone(&counter), then));
            }
        });
        Self { url, left }
    }

    fn open(&self) {
        self.left.store(u64::MAX, Ordering::SeqCst);
    }

    fn is_shut(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

async fn pass(client: TcpStream, server: String, left: Arc<AtomicU64>, then: Then) {
    let (mut from, mut back) = client.into_split();
    let (mut answers, mut to) = TcpStream::connect(server).await.unwrap().into_split();
    let answering = tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let before = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(read as u64)));
        if before.unwrap() < read as u64 {
            match then {
                Then::Hang => std::future::pending().await,
                Then::Break => {
                    // What was cut by mistake once comes through the next time.
                    left.store(u64::MAX, Ordering::SeqCst);
                    answering.abort();
                    return;
                }
            }
        }
        to.write_all(&buffer[..read]).await.unwrap();
    }
}

fn folder(home: &Path) -> (Vec<Item>, String) {
    let items: Vec<Item> =
        (0..FILES).map(|n| file(&format!("{}/{n}", n % 3), content(unique(), 1000))).collect();
    for item in &items {
        let Item::File(path, bytes) = item else { unreachable!() };
        let path = home.join("many").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    (items, cid)
}

fn pin(user: &User) -> Tidegate {
    let key = |name: &str| user.account[name].as_str().unwrap().to_owned();
    user.tidegate(["pin", "--json", "many"])
        .env("TIDEGATE_API_KEY", key("apiKey"))
        .env("TIDEGATE_RSA_PRIVATE_KEY", key("rsaPrivateKey"))
}

/// A server behind a gate, and somebody with a folder of many files.
async fn behind(bytes: u64, then: Then) -> (RunningServer, Gate, User) {
    // A server names the address by which it was reached as the place for uploads, so these pass the gate, too.
    let server = RunningServer::start();
    let gate = Gate::before(&server.address, bytes, then).await;
    let mut user = server.user("ann@example.org");
    user.address.clone_from(&gate.url);
    (server, gate, user)
}

async fn is_served(server: &RunningServer, cid: &str, items: &[Item]) {
    for item in [&items[0], &items[FILES - 1]] {
        let Item::File(path, bytes) = item else { unreachable!() };
        let read = reqwest::get(format!("{}/ipfs/{cid}/{path}", server.address)).await.unwrap();
        assert_eq!(read.status(), 200);
        assert_eq!(read.bytes().await.unwrap(), *bytes);
    }
}

fn uploads(server: &RunningServer) -> usize {
    std::fs::read_dir(server.data().join("uploads")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_goes_on_where_the_last_was_killed() {
    let (server, gate, user) = behind(600_000, Then::Hang).await;
    let (items, cid) = folder(user.home.path());
    let mut first = pin(&user).start();
    eventually("some of it has come", async || gate.is_shut()).await;
    first.kill().unwrap();
    first.wait().unwrap();
    let notes = user.home.path().join("uploads");
    let note = std::fs::read_dir(&notes).unwrap().next().unwrap().unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&note.metadata().unwrap().permissions()) & 0o777,
        0o600
    );

    gate.open();
    let second = tokio::task::spawn_blocking(move || (pin(&user).run().json(), user)).await.unwrap();
    let (pinned, user) = second;
    assert_eq!(pinned["cid"], cid);
    assert_eq!(pinned["size"], FILES * 1000);
    assert!(pinned["resumedFrom"].as_u64().unwrap() > 100_000, "{pinned}");
    assert_eq!(std::fs::read_dir(&notes).unwrap().count(), 0);
    is_served(&server, &cid, &items).await;
    assert_eq!(uploads(&server), 0);

    // Pinned once more it is new again: nothing is left to go on with.
    let third = tokio::task::spawn_blocking(move || pin(&user).run().json()).await.unwrap();
    assert_eq!(third["resumedFrom"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_changed_begins_anew() {
    let (server, gate, user) = behind(600_000, Then::Hang).await;
    let (mut items, _) = folder(user.home.path());
    let mut first = pin(&user).start();
    eventually("some of it has come", async || gate.is_shut()).await;
    first.kill().unwrap();
    first.wait().unwrap();
    gate.open();
    items[0] = file("0/0", Bytes::from_static(b"changed"));
    std::fs::write(user.home.path().join("many/0/0"), "changed").unwrap();
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    let pinned = tokio::task::spawn_blocking(move || pin(&user).run().json()).await.unwrap();
    assert_eq!(
        (pinned["cid"].as_str(), &pinned["resumedFrom"]),
        (Some(cid.as_str()), &serde_json::Value::Null)
    );
    is_served(&server, &cid, &items).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_again() {
    let (server, _gate, user) = behind(600_000, Then::Break).await;
    let (items, cid) = folder(user.home.path());
    let pinned = tokio::task::spawn_blocking(move || pin(&user).run().json()).await.unwrap();
    assert_eq!(pinned["cid"], cid);
    is_served(&server, &cid, &items).await;
    assert_eq!(uploads(&server), 0);
}

//! Gateways that lie or stop. Whatever they send, nothing of it may appear.

use std::fs;

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    binary::{RunningServer, User},
    eventually,
};

/// A gateway that answers everything with `body`; returns its address.
async fn gateway(body: Vec<u8>) -> String {
    let body = Bytes::from(body);
    serve(Router::new().route("/ipfs/{*path}", get(move || async move { body }))).await
}

/// A gateway that begins with `body` and then says nothing more.
async fn silent_gateway(body: Vec<u8>) -> String {
    let body = Bytes::from(body);
    let answer = move || async move {
        let begun = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        Body::from_stream(begun.chain(stream::pending()))
    };
    serve(Router::new().route("/ipfs/{*path}", get(answer))).await
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The true CAR of `cid`.
async fn car(server: &RunningServer, cid: &str) -> Vec<u8> {
    let url = format!("{}/ipfs/{cid}?format=car&car-dups=y", server.address);
    reqwest::get(url).await.unwrap().bytes().await.unwrap().to_vec()
}

/// A folder with a few files and its CID.
fn pin_folder(user: &User) -> String {
    let folder = user.home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a"), vec![1; 300_000]).unwrap();
    fs::write(folder.join("b"), "b").unwrap();
    user.pin("folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_bit_anywhere_and_nothing_is_written() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let cid = pin_folder(&user);
    let car = car(&server, &cid).await;
    let before = fs::read_dir(user.home.path()).unwrap().count();
    // The root's bytes, a CID, a leaf's bytes, the last byte; the header's roots are not looked at.
    for place in [100, car.len() / 3, car.len() / 2, car.len() - 1] {
        let mut forged = car.clone();
        forged[place] ^= 1;
        let address = gateway(forged).await;
        let got = user.tidegate(["get", "--json", &cid, "-o", "back", "--url", &address]).run();
        got.failed_with(3, "did not send what the CID names");
        assert_eq!(fs::read_dir(user.home.path()).unwrap().count(), before, "at {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_and_too_much_are_both_wrong() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let cid = pin_folder(&user);
    let car = car(&server, &cid).await;
    // One byte says how long the header behind it is.
    let first = 1 + usize::from(car[0]);
    for forged in [
        Vec::new(),
        b"<html>hello</html>".to_vec(),
        car[..first].to_vec(),
        car[..car.len() - 7].to_vec(),
        [&car[..], &car[first..]].concat(),
    ] {
        let address = gateway(forged).await;
        let got = user.tidegate(["get", &cid, "-o", "back", "--url", &address]).run();
        assert_eq!(got.code, 3, "{got:?}");
        assert!(!user.home.path().join("back").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_not_believed_either() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let cid = pin_folder(&user);
    let address = gateway(b"another block".to_vec()).await;
    let got = user.tidegate(["get", &format!("{cid}/b"), "-o", "back", "--url", &address]).run();
    got.failed_with(3, "the block's bytes do not match its CID");
    let address = gateway(vec![0; 3 << 20]).await;
    let got = user.tidegate(["get", &format!("{cid}/b"), "-o", "back", "--url", &address]).run();
    got.failed_with(3, "more than a block");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_outside_is_not_made() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let folder = user.home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("../../secret", folder.join("out")).unwrap();
    fs::write(folder.join("a"), "a").unwrap();
    let cid = user.pin("folder");
    let got = user.tidegate(["get", &cid, "-o", "back"]).run();
    got.failed_with(3, "may lead outside");
    assert!(!user.home.path().join("back").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_interrupted_leaves_nothing() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let cid = pin_folder(&user);
    let mut begun = car(&server, &cid).await;
    begun.truncate(begun.len() - 7);
    let address = silent_gateway(begun).await;
    let names = || fs::read_dir(user.home.path()).unwrap().count();
    let before = names();
    let mut get = user.tidegate(["get", &cid, "-o", "back", "--url", &address]).start();
    eventually("something is written", async || names() > before).await;
    kill_process(Pid::from_child(&get), Signal::INT).unwrap();
    assert_eq!(get.wait().unwrap().code(), Some(1));
    assert_eq!(names(), before);
}

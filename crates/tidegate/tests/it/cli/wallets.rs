//! `tidegate account wallet` and `tidegate pin --private`.

use std::fs;

use serde_json::json;

use crate::support::binary::{RunningServer, Tidegate};

const WALLET: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

#[test]
fn wallets_are_added_listed_and_removed() {
    let server = RunningServer::start();
    server.account(["create", "--email", "ann@example.org"]).run().json();
    let wallet = |command: &str, rest: &[&str]| {
        let wallet = server.account(["wallet", command, "--email", "ann@example.org"]);
        rest.iter().fold(wallet, Tidegate::arg).run()
    };
    let lower = WALLET.to_ascii_lowercase();
    assert_eq!(wallet("add", &[&lower]).json(), json!({"wallet": WALLET, "added": true}));
    assert_eq!(wallet("add", &[WALLET]).json()["added"], false, "it is the same in capitals");
    let listed = wallet("list", &[]).json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["wallet"]), (1, &json!(WALLET)));

    assert_eq!(wallet("remove", &[WALLET]).json()["removed"], true);
    wallet("remove", &[WALLET]).failed_with(5, "does not have this wallet");
    wallet("add", &["0x1234"]).failed_with(2, "0x1234");
    let nobody = server.account(["wallet", "add", "--email", "nobody@example.org", WALLET]);
    nobody.run().failed_with(5, "account list");
}

#[tokio::test]
async fn what_is_pinned_privately_is_not_on_the_gateway_until_it_is_public() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content to be sold").unwrap();
    let pin = |args: &[&str]| {
        let command = user.tidegate(["pin", "--json", "file"]);
        args.iter().fold(command, Tidegate::arg).run()
    };
    let private = pin(&["--private"]).json();
    assert!(private["url"].is_null());
    let url = format!("{}/ipfs/{}", server.address, private["cid"].as_str().unwrap());
    let status = async || reqwest::get(&url).await.unwrap().status();
    assert_eq!(status().await, 404);
    pin(&[]).json();
    assert_eq!(status().await, 404, "pinning it again says nothing of who may read it");
    assert_eq!(pin(&["--public"]).json()["url"], url);
    assert_eq!(status().await, 200);
    pin(&["--public", "--private"]).failed_with(2, "cannot be used with");
}

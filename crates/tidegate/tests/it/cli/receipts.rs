//! `tidegate receipt verify`.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_ocean::{ProviderKey, keccak256};

use crate::support::binary::{Ended, Tidegate};

/// SHA-256 of `hello`.
const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn key() -> ProviderKey {
    ProviderKey::parse(&"42".repeat(32)).unwrap()
}

/// A receipt over `hello`, as servers hand it out.
fn receipt() -> Value {
    let document = json!({
        "chainId": 8996, "orderTx": format!("0x{}", "01".repeat(32)), "consumerAddress": key().address(),
        "documentId": "did:op:00", "serviceId": "a", "fileIndex": 0, "range": null, "downloadedBytes": 5,
        "sha256": SHA256, "time": "2026-11-22T06:00:00.000Z",
    })
    .to_string();
    json!({
        "id": 7,
        "hash": keccak256(&document),
        "signature": format!("0x{}", hex::encode(key().sign_personal(&keccak256(&document)).as_bytes())),
        "document": document,
        "provider": key().address().to_string(),
        "seller": null,
    })
}

fn verify(folder: &TempDir, receipt: &Value, rest: &[&str]) -> Ended {
    fs::write(folder.path().join("receipt.json"), receipt.to_string()).unwrap();
    let command = Tidegate::new(["receipt", "verify", "receipt.json"]).in_folder(folder.path());
    rest.iter().fold(command, Tidegate::arg).run()
}

#[test]
fn a_receipt_is_checked_with_what_was_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("right"), "hello").unwrap();
    fs::write(folder.path().join("wrong"), "hallo").unwrap();
    let provider = key().address().to_string();
    let said = verify(&folder, &receipt(), &["--json", "--content", "right", "--provider", &provider]).json();
    assert_eq!((&said["good"], &said["signer"]), (&json!(true), &json!(provider)));
    let checks: Vec<_> =
        said["checks"].as_array().unwrap().iter().map(|check| check["check"].clone()).collect();
    assert_eq!(checks, ["document", "hash", "signature", "provider", "content"]);

    let wrong = verify(&folder, &receipt(), &["--json", "--content", "wrong"]);
    wrong.failed_with(3, "the receipt does not hold");
    assert_eq!(wrong.value()["good"], false);
    let words = verify(&folder, &receipt(), &[]);
    assert_eq!(words.code, 0);
    assert_eq!(String::from_utf8(words.stdout).unwrap().matches("ok ").count(), 4);
    verify(&folder, &receipt(), &["--content", "missing"]).failed_with(1, "cannot read missing");
}

#[test]
fn what_was_changed_or_signed_by_somebody_else_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut changed = receipt();
    changed["document"] = json!(changed["document"].as_str().unwrap().replace("did:op:00", "did:op:01"));
    let ended = verify(&folder, &changed, &[]);
    ended.failed_with(3, "does not hold");
    assert!(String::from_utf8(ended.stdout).unwrap().contains("WRONG  The text has the hash"));
    let other = ["--provider", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"];
    verify(&folder, &receipt(), &other).failed_with(3, "does not hold");
    verify(&folder, &json!({"document": "{}"}), &[]).failed_with(3, "receipt.json is no receipt");
    verify(&folder, &receipt(), &["--provider", "0x12"]).failed_with(2, "0x12");
    Tidegate::new(["receipt", "verify", "/nowhere"]).run().failed_with(1, "cannot read /nowhere");
    let piped = Tidegate::new(["receipt", "verify", "-"]).run_with_input(receipt().to_string().as_bytes());
    assert_eq!(piped.code, 0, "{piped:?}");
}

//! `tidegate account`, beside a running server.

use std::fs;

use serde_json::Value;

use crate::support::binary::{RunningServer, Tidegate};

#[test]
fn an_account_is_shown_again_as_it_was_made() {
    let server = RunningServer::start();
    let created = server.account(["create", "--email", "Ann@Example.org"]).run().json();
    assert_eq!(created["email"], "ann@example.org");
    assert!(created["password"].as_str().unwrap().len() >= 16);
    let shown = server.account(["show", "--email", "ann@example.org"]).run().json();
    for field in ["account", "email", "apiKey", "rsaPrivateKey", "rsaPublicKey"] {
        assert_eq!(shown[field], created[field], "{field}");
        assert!(!shown[field].is_null(), "{field}");
    }
    assert!(shown["password"].is_null());

    let chosen = server.account(["create", "--email", "bob@example.org", "--password-stdin"]);
    let chosen = chosen.run_with_input(b"correct horse\n").json();
    assert!(chosen["password"].is_null());
    let emails: Vec<Value> = server
        .account(["list"])
        .run()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["email"].clone())
        .collect();
    assert_eq!(emails, ["ann@example.org", "bob@example.org"]);
}

#[test]
fn what_cannot_be_done_says_why() {
    let server = RunningServer::start();
    server.account(["create", "--email", "ann@example.org"]).run().json();
    let create = |email: &str| server.account(["create", "--email", email]).run();
    create("ann@example.org").failed_with(1, "already");
    create("ann").failed_with(2, "name@example.org");
    let short = server.account(["create", "--email", "b@example.org", "--password-stdin"]);
    short.run_with_input(b"short").failed_with(2, "8 to 1024 bytes");
    server.account(["show", "--email", "nobody@example.org"]).run().failed_with(5, "account list");
    Tidegate::new(["account", "list", "--data", "/nonexistent/folder"]).run().failed_with(2, "--data");
}

#[test]
fn a_revoked_key_pins_no_more_and_another_does() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content").unwrap();
    let key = |command: &str, name: &str| {
        let args = ["key", command, "--email", "ann@example.org", "--name", name];
        server.account(args).run()
    };
    let added = key("add", "ci").json();
    key("add", "ci").failed_with(1, "already");
    key("revoke", "default").json();
    key("revoke", "default").failed_with(5, "no API key");
    user.tidegate(["pin", "file"]).run().failed_with(4, "Invalid token");
    let with_new = user.tidegate(["pin", "--json", "file"]);
    with_new.env("TIDEGATE_API_KEY", added["apiKey"].as_str().unwrap()).run().json();

    let listed = server.account(["key", "list", "--email", "ann@example.org"]).run().json();
    let revoked = |name: &str| {
        let keys = listed.as_array().unwrap();
        let key = keys.iter().find(|key| key["name"] == name).unwrap();
        !key["revokedAt"].is_null()
    };
    assert!(revoked("default") && !revoked("ci"));
    assert!(!listed.to_string().contains(added["apiKey"].as_str().unwrap()));
}

#[test]
fn a_key_is_made_for_as_much_as_it_is_needed_for() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content").unwrap();
    let add = |more: &[&str]| {
        let args = ["key", "add", "--email", "ann@example.org", "--name", "press"];
        server.account(args.iter().chain(more)).run()
    };
    add(&["--scope", "write"]).failed_with(2, "read, pin, unpin or admin");
    add(&["--expires", "soon"]).failed_with(2, "--expires");
    add(&["--max-uses", "0"]).failed_with(2, "once or more");
    let added = add(&["--scope", "pin", "--scope", "read", "--expires", "30d", "--max-uses", "1"]).json();
    let with_new =
        |command: &[&str]| user.tidegate(command).env("TIDEGATE_API_KEY", added["apiKey"].as_str().unwrap());
    let cid = with_new(&["pin", "--json", "file"]).run().json()["cid"].as_str().unwrap().to_owned();
    with_new(&["unpin", &cid]).run().failed_with(4, "\"unpin\"");
    with_new(&["pin", "file"]).run().failed_with(4, "as often as it may be");

    let listed = server.account(["key", "list", "--email", "ann@example.org"]).run().json();
    let key = &listed.as_array().unwrap()[1];
    assert_eq!((&key["name"], &key["uses"], &key["maxUses"]), (&"press".into(), &1.into(), &1.into()));
    assert_eq!(key["scopes"], serde_json::json!(["read", "pin"]));
    assert!(key["expiresAt"].as_str().unwrap() > key["createdAt"].as_str().unwrap());
    let shown = Tidegate::new(["account", "--data"])
        .arg(server.data())
        .arg("key")
        .arg("list")
        .arg("--email")
        .arg("ann@example.org")
        .run();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("press  read pin  expires") && text.contains("1 of 1 uses"), "{text}");
}

#[test]
fn a_key_of_ones_own_signs_in_place_of_the_given_one() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../../testdata/vectors/cid-signatures.json")).unwrap();
    let own = &vectors["keys"][0];
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content").unwrap();
    let public = user.home.path().join("public.txt");
    fs::write(&public, own["publicKey"].as_str().unwrap()).unwrap();
    let set = |key: &str| {
        let args = ["verification-key", "set", "--email", "ann@example.org", "--public-key", key];
        server.account(args).run()
    };
    set("rubbish").failed_with(2, "RSA public key");
    assert_eq!(set(public.to_str().unwrap()).json()["rsaPublicKey"], own["publicKey"]);

    user.tidegate(["pin", "file"]).run().failed_with(1, "do not belong together");
    let signed = user.tidegate(["pin", "--json", "file"]);
    signed.env("TIDEGATE_RSA_PRIVATE_KEY", own["privateKey"].as_str().unwrap()).run().json();
    let shown = server.account(["show", "--email", "ann@example.org"]).run().json();
    assert!(shown["rsaPrivateKey"].is_null());
}

#[test]
fn an_operator_bounds_what_an_account_may_pin() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let quota = |size: &str| server.account(["quota", "--email", "ann@example.org", size]).run();
    quota("10 B").json();
    let file = user.home.path().join("eleven bytes");
    fs::write(&file, [7; 11]).unwrap();
    user.tidegate(["pin".as_ref(), file.as_os_str()]).run().failed_with(1, "quota");
    assert_eq!(quota("default").json()["quotaBytes"], Value::Null);
    user.pin(&file);
    quota("much").failed_with(2, "500GiB");
}

#[test]
fn a_new_password_leaves_the_keys_good() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let change = || server.account(["password", "--email", "ann@example.org", "--password-stdin"]);
    assert_eq!(change().run_with_input(b"another good one\n").json()["password"], Value::Null);
    let file = user.home.path().join("kept");
    fs::write(&file, b"kept").unwrap();
    user.pin(&file);
    change().run_with_input(b"short\n").failed_with(2, "8 to 1024 bytes");
}

#[test]
fn a_server_that_nobody_administers_says_who_can() {
    let server = RunningServer::start();
    let link = server.first_admin.clone().unwrap();
    assert!(link.starts_with(&format!("{}/panel/register?invite=", server.address)), "{link}");
    server.account(["create", "--email", "ann@example.org"]).run().json();
    server.account(["admin", "--email", "nobody@example.org"]).run().failed_with(5, "account list");

    let server = RunningServer::start_in(server.stop());
    assert_ne!(server.first_admin.clone().unwrap(), link, "each start makes a new one");
    let made = server.account(["admin", "--email", "ann@example.org"]).run().json();
    assert_eq!(made["admin"], true);

    let server = RunningServer::start_in(server.stop());
    assert!(server.first_admin.is_none());
    server.account(["admin", "--email", "ann@example.org", "--remove"]).run().json();
    server.account(["create", "--email", "bob@example.org", "--admin"]).run().json();
    let server = RunningServer::start_in(server.stop());
    assert!(server.first_admin.is_none());
    let invite = server.account(["invite", "--note", "for Carol"]).run().json();
    assert!(invite["link"].as_str().unwrap().contains("/panel/register?invite="), "{invite}");
    assert_eq!(invite["admin"], false);
}

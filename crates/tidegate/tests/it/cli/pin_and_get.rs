//! Pinning what is there and getting the same back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::support::binary::{RunningServer, User};

/// Everything below a folder: files with their content, links with their targets, folders with nothing.
fn read_tree(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_dir() {
                folders.push(path.clone());
                None
            } else if meta.is_symlink() {
                Some(fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())
            } else {
                Some(fs::read(&path).unwrap())
            };
            tree.insert(path.strip_prefix(root).unwrap().to_owned(), content);
        }
    }
    tree
}

/// Names in the user's folder.
fn names(user: &User) -> Vec<String> {
    let entries = fs::read_dir(user.home.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_back_as_it_was() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(user.home.path().join("numbers"), &content).unwrap();

    let pinned = user.tidegate(["pin", "--json", "--name", "My \"numbers\"; all", "numbers"]).run().json();
    let cid = pinned["cid"].as_str().unwrap();
    assert_eq!(pinned["size"], 3_000_000);
    assert_eq!(pinned["url"], format!("{}/ipfs/{cid}", server.address));
    assert!(pinned["date"].as_str().unwrap().ends_with('Z'));

    let got = user.tidegate(["get", "--json", cid, "-o", "back"]).run().json();
    assert_eq!(
        got,
        serde_json::json!({"cid": cid, "path": "back", "bytes": 3_000_000, "files": 1, "verified": true})
    );
    assert_eq!(fs::read(user.home.path().join("back")).unwrap(), content);
    let piped = user.tidegate(["get", cid, "-o", "-"]).run();
    assert_eq!((piped.code, piped.stdout == content), (0, true));
    // Without -o it is called as it was asked for.
    user.tidegate(["get", cid]).run().failed_with(0, "");
    assert!(user.home.path().join(cid).is_file());
    assert_eq!(names(&user).len(), 4);
}

#[test]
fn every_profile_can_be_pinned() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), vec![7; 600_000]).unwrap();
    for profile in ["unixfs-v0-2015", "v1-raw-256k-174", "unixfs-v1-2025"] {
        let pin = user.tidegate(["pin", "--json", "file", "--profile", profile]);
        let cid = pin.run().json()["cid"].as_str().unwrap().to_owned();
        let got = user.tidegate(["get", "--json", &cid, "-o", profile]).run().json();
        assert_eq!(got["bytes"], 600_000);
    }
}

#[test]
fn a_folder_comes_back_with_all_its_names() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let root = user.home.path().join("a folder");
    fs::create_dir_all(root.join("deep/er/empty")).unwrap();
    for name in [
        "plain",
        "with space",
        "quote\"s'",
        "back\\slash",
        "line\nend",
        "carriage\rreturn",
        "per%22cent",
        "semi;colon",
        ".hidden",
        "zażółć 🌊 海潮",
        "deep/er/file",
    ] {
        fs::write(root.join(name), name).unwrap();
    }
    fs::write(root.join("zero"), "").unwrap();
    symlink("../with space", root.join("deep/link")).unwrap();

    let cid = user.pin("a folder");
    user.tidegate(["get", "--json", &cid, "-o", "back"]).run().json();
    assert_eq!(read_tree(&user.home.path().join("back")), read_tree(&root));

    // One name of it, also a folder.
    let one = user.tidegate(["get", &format!("{cid}/line\nend"), "-o", "-"]).run();
    assert_eq!(one.stdout, b"line\nend");
    user.tidegate(["get", "--json", &format!("/ipfs/{cid}/deep/er")]).run().json();
    assert_eq!(read_tree(&user.home.path().join("er")), read_tree(&root.join("deep/er")));
    let none = user.tidegate(["get", &format!("{cid}/deep/none"), "-o", "none"]).run();
    none.failed_with(5, "\"none\"");
    user.tidegate(["get", &cid, "-o", "-"]).run().failed_with(2, "is a folder");
}

#[test]
fn a_pin_is_called_as_its_owner_says_or_as_its_content() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::create_dir(user.home.path().join("folder")).unwrap();
    fs::write(user.home.path().join("folder/a"), "a").unwrap();
    fs::write(user.home.path().join("file"), "file").unwrap();
    fs::write(user.home.path().join("other"), "other").unwrap();
    user.pin("folder");
    user.pin("file");
    let named = user.tidegate(["pin", "--json", "other", "--name", "My \"file\"; all"]);
    named.run().json();
    let db = rusqlite::Connection::open(server.data().join("tidegate.sqlite")).unwrap();
    let mut names = db.prepare("SELECT name FROM pins ORDER BY id").unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let names: Vec<_> = names.map(Result::unwrap).collect();
    assert_eq!(names, ["folder", "file", "My \"file\"; all"]);
}

#[test]
fn an_empty_folder_and_an_empty_file_can_be_pinned() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::create_dir(user.home.path().join("nothing")).unwrap();
    fs::write(user.home.path().join("zero"), "").unwrap();
    assert_eq!(user.pin("nothing"), "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
    assert_eq!(user.pin("zero"), "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
    let folder = ["get", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", "-o", "back"];
    user.tidegate(folder).run().failed_with(0, "");
    assert!(read_tree(&user.home.path().join("back")).is_empty());
}

#[test]
fn ten_thousand_and_one_files_come_back() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let root = user.home.path().join("many");
    fs::create_dir(&root).unwrap();
    for number in 0..10_001 {
        fs::write(root.join(format!("file-{number}")), format!("{number}")).unwrap();
    }
    let cid = user.pin("many");
    let got = user.tidegate(["get", "--json", &cid, "-o", "back"]).run().json();
    assert_eq!(got["files"], 10_001);
    assert_eq!(read_tree(&user.home.path().join("back")), read_tree(&root));
}

#[test]
fn what_is_not_here_is_said_so() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let unknown = user.tidegate(["get", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD", "-o", "x"]);
    unknown.run().failed_with(5, "X-Request-Id");
    user.tidegate(["get", "hello", "-o", "x"]).run().failed_with(2, "not a CID");
    assert_eq!(names(&user), ["profile.toml"]);
}

#[test]
fn what_the_server_does_not_take_is_said_in_its_words() {
    let settings = [("TIDEGATE_LIMITS_UPLOAD_SIZE", "100kB")];
    let server = RunningServer::start_with(tempfile::tempdir().unwrap(), &settings);
    let user = server.user("ann@example.org");
    let folder = user.home.path().join("large");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a"), vec![0; 50_000]).unwrap();
    user.tidegate(["pin", "large"]).run().failed_with(0, "");
    // Too much only when the form is counted, and too much from the start.
    for size in [60_000, 30_000_000] {
        fs::write(folder.join("b"), vec![0; size]).unwrap();
        user.tidegate(["pin", "large"]).run().failed_with(1, "100000 bytes of content at most");
    }
}

#[test]
fn what_exists_is_not_overwritten() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content").unwrap();
    let cid = user.pin("file");
    fs::write(user.home.path().join("mine"), "mine").unwrap();
    user.tidegate(["get", &cid, "-o", "mine"]).run().failed_with(2, "exists already");
    assert_eq!(fs::read(user.home.path().join("mine")).unwrap(), b"mine");
    user.tidegate(["get", &cid, "-o", "mine", "--force"]).run().failed_with(0, "");
    assert_eq!(fs::read(user.home.path().join("mine")).unwrap(), b"content");
}

#[test]
fn a_wrong_key_is_not_allowed() {
    let server = RunningServer::start();
    let (ann, bob) = (server.user("ann@example.org"), server.user("bob@example.org"));
    fs::write(ann.home.path().join("file"), "content").unwrap();
    let pin = || ann.tidegate(["pin", "file"]);
    pin().env("TIDEGATE_API_KEY", "wrong").run().failed_with(4, "Invalid token");
    // Somebody else's signature is good for nothing.
    let theirs = bob.account["rsaPrivateKey"].as_str().unwrap();
    pin().env("TIDEGATE_RSA_PRIVATE_KEY", theirs).run().failed_with(1, "do not belong together");
    pin().env("TIDEGATE_RSA_PRIVATE_KEY", "rubbish").run().failed_with(2, "RSA private key");
    ann.tidegate(["get", &ann.pin("file"), "-o", "-"]).run().failed_with(0, "");
}

#[test]
fn the_profile_is_for_its_owner_and_its_server() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), "content").unwrap();
    let mode = fs::metadata(&user.profile).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);

    let other = RunningServer::start();
    let pin = user.tidegate(["pin", "file", "--url", &other.address]);
    pin.run().failed_with(2, "there is no API key");

    fs::set_permissions(&user.profile, fs::Permissions::from_mode(0o640)).unwrap();
    user.tidegate(["pin", "file"]).run().failed_with(2, "chmod 600");
}

#[test]
fn login_keeps_only_keys_that_are_good() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let elsewhere = user.home.path().join("new/folder/profile.toml");
    let keys = |api_key: &str, rsa: &str| {
        let from = serde_json::json!({"apiKey": api_key, "rsaPrivateKey": rsa}).to_string();
        user.tidegate(["login", "--json", "--from", "-"])
            .env("TIDEGATE_PROFILE", &elsewhere)
            .run_with_input(from.as_bytes())
    };
    let good = |name: &str| user.account[name].as_str().unwrap().to_owned();
    keys("wrong", &good("rsaPrivateKey")).failed_with(4, "401");
    keys(&good("apiKey"), "wrong").failed_with(2, "RSA private key");
    assert!(!elsewhere.exists());
    keys(&good("apiKey"), &good("rsaPrivateKey")).json();
    let folder = fs::metadata(elsewhere.parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(folder & 0o777, 0o700);
    user.tidegate(["login"]).run().failed_with(2, "no terminal");
    user.tidegate(["login", "--from", "-"]).run().failed_with(2, "apiKey");
}

//! `tidegate cid` against the reference vectors.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{binary::Tidegate, content};

const VECTORS: &str = include_str!("../../../../../testdata/vectors/cids.json");
/// Larger files are the content crate's tests.
const LARGEST: u64 = 2 << 20;

fn vectors(kind: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors[kind].as_array().unwrap().clone()
}

/// The content of a file that a vector describes.
fn content_of(vector: &Value) -> bytes::Bytes {
    let size = vector["size"].as_u64().unwrap().try_into().unwrap();
    content::content(vector["seed"].as_u64().unwrap(), size)
}

/// Asserts the CID in every profile of `vector`.
fn assert_cids(vector: &Value, path: &Path, kind: &str) {
    for (profile, expected) in vector["cids"].as_object().unwrap() {
        let said = Tidegate::new(["cid", "--json", "--profile", profile]).arg(path).run().json();
        assert_eq!(said["cid"], expected["cid"], "{path:?} {profile}");
        assert_eq!(said["type"], kind);
        assert_eq!(said["profile"], profile.as_str());
    }
}

#[test]
fn files_have_the_cids_that_kubo_gives_them() {
    let home = tempdir().unwrap();
    let path = home.path().join("file");
    let mut tried = 0;
    for vector in vectors("files") {
        let size = vector["size"].as_u64().unwrap();
        if size <= LARGEST {
            fs::write(&path, content_of(&vector)).unwrap();
            assert_cids(&vector, &path, "file");
            tried += 1;
        }
    }
    assert!(tried >= 10);
}

#[test]
fn folders_have_the_cids_that_kubo_gives_them() {
    for vector in vectors("trees") {
        let home = tempdir().unwrap();
        let root = home.path().join("tree");
        fs::create_dir(&root).unwrap();
        for entry in vector["entries"].as_array().unwrap() {
            let path = root.join(entry["path"].as_str().unwrap());
            if entry["seed"].is_null() {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content_of(entry)).unwrap();
            }
        }
        assert_cids(&vector, &root, "directory");
    }
}

#[test]
fn standard_input_is_a_file() {
    let cid = Tidegate::new(["cid", "-"]).run_with_input(b"hello world");
    // Published with IPIP-0499.
    assert_eq!(cid.stdout, b"Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD\n");
}

#[test]
fn what_cannot_be_content_is_named() {
    let home = tempdir().unwrap();
    let cid = |path: &Path| Tidegate::new(["cid"]).arg(path).run();
    let missing = home.path().join("missing");
    cid(&missing).failed_with(1, missing.to_str().unwrap());

    let link = home.path().join("link");
    symlink("anywhere", &link).unwrap();
    cid(&link).failed_with(1, "is a symbolic link");

    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    cid(&folder).failed_with(1, "folder/socket is neither a file, a folder nor a symbolic link");

    let strange = home.path().join("strange");
    fs::create_dir(&strange).unwrap();
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"not\xffutf8");
    fs::write(strange.join(name), "").unwrap();
    cid(&strange).failed_with(1, "is not UTF-8");
    Tidegate::new(["cid", "--profile", "unixfs-v9", "-"]).run().failed_with(2, "unixfs-v1-2025");
}

//! `tidegate verify` and `tidegate rebuild`: damage is found, lost records come back.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::support::binary::{Ended, RunningServer, Tidegate, User};

fn verify(data: &Path) -> Ended {
    Tidegate::new(["verify", "--json", "--data"]).arg(data).run()
}

fn rebuild(data: &Path) -> Ended {
    Tidegate::new(["rebuild", "--json", "--data"]).arg(data).run()
}

/// Pins a file of a few blocks, a small one, and a folder with repeated and empty files.
fn pin_some(user: &User) -> Vec<String> {
    let home = user.home.path();
    fs::write(home.join("large"), vec![3; 700_000]).unwrap();
    fs::write(home.join("small"), "small").unwrap();
    fs::create_dir_all(home.join("folder/in/it")).unwrap();
    for name in ["folder/a", "folder/in/b", "folder/in/it/c"] {
        fs::write(home.join(name), "repeated").unwrap();
    }
    std::os::unix::fs::symlink("a", home.join("folder/link")).unwrap();
    ["large", "small", "folder"].map(|name| user.pin(name)).to_vec()
}

/// Every content file, the longest first.
fn files(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(data.join("blobs"))
        .unwrap()
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort_by_key(|file| std::cmp::Reverse(fs::metadata(file).unwrap().len()));
    files
}

/// Everything that is recorded of content but its ids.
fn records(data: &Path) -> Vec<String> {
    let db = Connection::open(data.join("tidegate.sqlite")).unwrap();
    let mut records = Vec::new();
    for sql in [
        "SELECT root || kind || ' ' || size || ' ' || car_bytes || ' ' || block_count FROM contents ORDER BY 1",
        "SELECT prefix || ' ' || root FROM blocks JOIN contents ON contents.id = content_id ORDER BY 1",
    ] {
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        records.extend(rows.map(Result::unwrap));
    }
    records
}

fn flip_a_bit(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 1], middle).unwrap();
}

#[test]
fn a_flipped_bit_is_found_beside_the_running_server() {
    let server = RunningServer::start();
    pin_some(&server.user("ann@example.org"));
    let clean = verify(server.data()).json();
    assert_eq!(clean["checked"], 3);
    assert!(clean["bytes"].as_u64().unwrap() > 5);

    let file = &files(server.data())[0];
    flip_a_bit(file);
    let found = verify(server.data());
    found.failed_with(3, "1 damaged");
    let damaged = &found.value()["damaged"][0];
    assert_eq!(damaged["path"], file.to_str().unwrap());
    assert_eq!(damaged["root"], file.file_stem().unwrap().to_str().unwrap());
    assert_eq!(damaged["pins"], 1);
    assert!(damaged["problem"].as_str().unwrap().contains("damaged"), "{damaged}");
}

#[test]
fn a_lost_file_and_a_strange_one_are_found() {
    let server = RunningServer::start();
    pin_some(&server.user("ann@example.org"));
    let file = &files(server.data())[1];
    let strange = file.with_file_name("notes.txt");
    fs::rename(file, &strange).unwrap();
    let found = verify(server.data());
    found.failed_with(3, "1 damaged, 1 missing");
    let found = found.value();
    assert_eq!(found["missing"][0]["root"], file.file_stem().unwrap().to_str().unwrap());
    assert_eq!(found["missing"][0]["pins"], 1);
    assert_eq!(found["damaged"][0]["path"], strange.to_str().unwrap());
}

#[test]
fn lost_records_come_back_as_they_were() {
    let server = RunningServer::start();
    let user = server.user("ann@example.org");
    let cids = pin_some(&user);
    rebuild(server.data()).failed_with(1, "in use");
    let data = server.stop();
    let before = records(data.path());
    assert!(before.len() > 6);
    let db = Connection::open(data.path().join("tidegate.sqlite")).unwrap();
    db.execute_batch("DELETE FROM blocks; DELETE FROM contents;").unwrap();
    drop(db);

    let lost = verify(data.path());
    lost.failed_with(3, "3 unknown");
    assert_eq!(lost.value()["unknown"].as_array().unwrap().len(), 3);
    let rebuilt = rebuild(data.path()).json();
    assert_eq!(rebuilt["contents"], 3);
    assert_eq!(records(data.path()), before);
    verify(data.path()).json();

    let server = RunningServer::start_in(data);
    for cid in &cids {
        let get = user.tidegate(["get", "--json", cid, "-o", cid, "--url", &server.address]);
        get.run().json();
    }
}

#[test]
fn a_rebuild_leaves_out_what_is_damaged_and_names_what_is_missing() {
    let server = RunningServer::start();
    pin_some(&server.user("ann@example.org"));
    let data = server.stop();
    let files = files(data.path());
    flip_a_bit(&files[0]);
    fs::remove_file(&files[1]).unwrap();
    let rebuilt = rebuild(data.path());
    rebuilt.failed_with(3, "1 damaged files were left out, 2 pinned contents are not here");
    let rebuilt = rebuilt.value();
    assert_eq!(rebuilt["contents"], 1);
    assert_eq!(rebuilt["damaged"][0]["path"], files[0].to_str().unwrap());
    assert_eq!(rebuilt["missing"].as_array().unwrap().len(), 2);
    let left = records(data.path());
    assert!(left.iter().all(|record| record.contains(files[2].file_stem().unwrap().to_str().unwrap())));
    assert!(!left.is_empty());
}

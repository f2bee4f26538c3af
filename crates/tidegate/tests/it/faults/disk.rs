//! A full disk, for real: a small one that only the server process sees.

use std::{fs::File, io::Write as _, path::Path};

use tempfile::tempdir;

use crate::support::{
    answer::Answer,
    content::{cid_v0, content, unique},
    eventually,
    person::Person,
    process::{Process, register_in},
    server::client,
};

#[tokio::test]
async fn a_full_disk_refuses_uploads_serves_on_and_recovers() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let registered = register_in(&data, "ann@example.org").await;
    let process = Process::start_on_small_disk(&data, "16m").await;
    let disk = process.sees(&data);
    let client = client();
    let ann = Person::at(&process.url, &client, &registered).await;
    let kept = content(unique(), 100_000);
    let cid = ann.pin(&kept).await;
    let serves_on = async || {
        let answer = Answer::of(client.get(format!("{}/ipfs/{cid}", process.url))).await;
        assert!(answer.expect(200).body == kept);
    };
    let staged = || std::fs::read_dir(disk.join("staging")).unwrap().count();

    // An upload that is larger than what is left.
    let large = content(unique(), 20_000_000);
    for _ in 0..2 {
        let refused = ann.upload(ann.form(&cid_v0(&large)).file("a", &large)).await;
        assert_eq!(refused.refusal(507), "The server's disk is full");
        eventually("what was staged is gone", async || staged() == 0).await;
        serves_on().await;
    }
    let small = content(unique(), 1000);
    ann.pin(&small).await;

    // No byte left for anything, the database included.
    fill(&disk.join("filler"));
    for size in [0, 1000, 300_000] {
        let bytes = content(unique(), size);
        let refused = ann.upload(ann.form(&cid_v0(&bytes)).file("a", &bytes)).await;
        refused.refusal(507);
        serves_on().await;
    }
    eventually("what was staged is gone", async || staged() == 0).await;

    std::fs::remove_file(disk.join("filler")).unwrap();
    let bytes = content(unique(), 1_000_000);
    ann.pin(&bytes).await;
    serves_on().await;
    let cars = walk(&disk.join("blobs"));
    assert_eq!(cars, 3, "only what was acknowledged");
    assert!(process.stop().await);
}

fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        let piece = vec![0; size];
        while file.write_all(&piece).is_ok() {}
    }
}

/// Files in the folders of `folder`.
fn walk(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count())
        .sum()
}

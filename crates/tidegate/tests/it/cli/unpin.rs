//! Letting go on the command line.

use std::fs;

use tempfile::tempdir;

use crate::support::{binary::RunningServer, eventually};

#[tokio::test]
async fn what_is_unpinned_is_no_longer_there_and_soon_no_longer_on_the_disk() {
    let server = RunningServer::start_with(tempdir().unwrap(), &[("TIDEGATE_STORE_GRACE", "0s")]);
    let user = server.user("ann@example.org");
    fs::write(user.home.path().join("file"), b"for a while").unwrap();
    let cid = user.pin("file");

    let unpinned = user.tidegate(["unpin", "--json", &cid]).run().json();
    assert_eq!(unpinned, serde_json::json!({"unpinned": cid}));
    user.tidegate(["get", &cid, "-o", "again"]).run().failed_with(5, "is not here");
    user.tidegate(["unpin", &cid]).run().failed_with(5, "You have not pinned");
    user.tidegate(["unpin", "hello"]).run().failed_with(2, "hello");
    let elsewhere = ["unpin", "--url", "http://127.0.0.1:1", &cid];
    user.tidegate(elsewhere).run().failed_with(2, "TIDEGATE_API_KEY");

    eventually("the file is removed", async || {
        let folders = fs::read_dir(server.data().join("blobs")).unwrap();
        folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap()).count() == 0
    })
    .await;
}

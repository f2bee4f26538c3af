//! What a crash can leave behind, made by hand: the start removes exactly that.

use bytes::Bytes;
use tidegate::{
    app::App,
    blobs::{BlobStore, Root},
    clock::{Clock, Timestamp},
    db::{Db, contents},
};
use tidegate_content::{FileImport, Hasher, Profile};

use crate::support::{
    content::{cid_v0, content, unique},
    databases::{TestDatabase, on_both_engines},
    server::{TestServer, settings},
};

on_both_engines![a_start_removes_what_was_unfinished_and_nothing_else];

async fn a_start_removes_what_was_unfinished_and_nothing_else(database: TestDatabase) {
    let folder = database.folder.path().to_owned();
    let options = database.options.clone();
    let mut server = TestServer::on(database, |_| {}).await;
    let ann = server.person("ann").await;
    let (kept, announced) = (content(unique(), 300_000), content(unique(), 300_000));
    let kept_cid = ann.pin(&kept).await;
    let announced_cid = ann.pin(&announced).await;
    server.begin_stop();
    server.stopped().await;

    let store = BlobStore::open(&folder).unwrap();
    let node = std::fs::read_to_string(folder.join("node")).unwrap();
    // Never sealed; sealed, announced and renamed but not committed; announced and not renamed.
    std::fs::write(folder.join("staging/half.car"), b"half").unwrap();
    let renamed = publish(&store, &content(unique(), 300_000));
    let unnamed = root(&cid_v0(&content(unique(), 10)));
    // Small content, half written where it is to be.
    let half = root(&cid_v0(&content(unique(), 10)));
    let half_path = store.path(&half).with_extension("new");
    std::fs::create_dir_all(half_path.parent().unwrap()).unwrap();
    std::fs::write(&half_path, b"half").unwrap();
    // Committed, though its announcement is still there; and one of another node, under way there.
    let committed = root(&announced_cid);
    let elsewhere = publish(&store, &content(unique(), 300_000));
    for (root, node) in [
        (renamed, node.as_str()),
        (unnamed, node.as_str()),
        (half, node.as_str()),
        (committed, node.as_str()),
        (elsewhere, "another node"),
    ] {
        announce(&server.app.db, root, node).await;
    }
    server.app.close().await;
    let (data, app) = server.into_parts();
    drop(app);

    let mut config = settings(&folder);
    if let tidegate::db::DbOptions::Postgres { url, .. } = options {
        config.database.url = Some(url);
    }
    let app = App::open(config, Clock::system()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.join("staging")).unwrap().count(), 0);
    assert!(!store.path(&renamed).exists(), "renamed and not committed");
    assert!(!half_path.exists(), "not renamed");
    for kept in [root(&kept_cid), committed, elsewhere] {
        assert!(store.path(&kept).exists());
    }
    assert_eq!(incoming(&app.db, &node).await, Vec::<String>::new());
    assert_eq!(incoming(&app.db, "another node").await, [elsewhere.to_string()]);
    for cid in [kept_cid, announced_cid] {
        let cid = tidegate_content::parse_cid(&cid).unwrap();
        assert!(app.library.find_public(&cid).await.unwrap().is_some());
    }
    drop(data);
}

/// Writes a CAR as an upload does, up to its rename.
fn publish(store: &BlobStore, bytes: &Bytes) -> Root {
    let profile = Profile::UNIXFS_V0_2015;
    let mut car = store.stage(profile.version()).unwrap();
    let mut file = FileImport::new(profile, &Hasher::inline());
    file.push(bytes.clone(), &mut car).unwrap();
    let imported = file.finish(&mut car).unwrap();
    store.publish(car.seal(&imported.cid).unwrap()).unwrap();
    Root::of(&imported.cid)
}

fn root(cid: &str) -> Root {
    Root::of(&tidegate_content::parse_cid(cid).unwrap())
}

async fn announce(db: &Db, root: Root, node: &str) {
    let (root, node) = (root.to_string(), node.to_owned());
    let at = Timestamp::from_millis(0);
    let write =
        db.write(move |s| Box::pin(async move { contents::announce_incoming(s, &root, &node, at).await }));
    write.await.unwrap();
}

async fn incoming(db: &Db, node: &str) -> Vec<String> {
    let node = node.to_owned();
    let read = db.read(move |s| Box::pin(async move { contents::incoming_of(s, &node).await }));
    read.await.unwrap()
}

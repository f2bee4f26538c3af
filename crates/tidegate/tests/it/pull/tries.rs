//! Tries that fail: what is told, what is kept, and when it is over.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate::{
    app::App,
    config::Config,
    db::{DbOptions, jobs::JobStatus},
    jobs::Workers,
};
use tidegate_content::Cid;

use super::{ask_for, asking, elsewhere::left_over, ended, later, pinned, tried};
use crate::support::{
    dag::{Dag, Question, missing},
    databases::{TestDatabase, on_both_engines},
    eventually,
    origin::{Origin, Reply},
    server::{TestServer, settings},
};

const MINUTE: Duration = Duration::from_secs(60);

on_both_engines![
    what_is_nowhere_fails_after_a_day,
    a_later_try_goes_on_where_the_last_one_ended,
    a_new_process_goes_on_where_the_old_one_ended,
];

async fn what_is_nowhere_fails_after_a_day(database: TestDatabase) {
    let gateway = Origin::start(|_| missing()).await;
    let server = TestServer::on(database, asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &Dag::file(10).root.to_string()).await;
    for tries in 1..=2 {
        let job = tried(&server, &ann, &id, tries).await;
        assert_eq!(job.status, JobStatus::Queued);
        let reason = job.reason.unwrap();
        assert!(reason.ends_with("was not found: gateway 1 does not have it"), "{reason}");
        assert!(!reason.contains("127.0.0.1"));
        later(&server, MINUTE * u32::try_from(tries).unwrap());
    }
    let job = tried(&server, &ann, &id, 3).await;
    assert_eq!(job.status, JobStatus::Failed);
    assert!(job.due_at.is_some(), "it is still tried");
    later(&server, MINUTE * 60 * 24);
    let job = ended(&server, &ann, &id).await;
    assert_eq!((job.status, job.tries), (JobStatus::Failed, 4));
    assert!(job.reason.unwrap().ends_with("(given up after 4 tries)"));
    server.is_left_empty().await;
}

async fn a_later_try_goes_on_where_the_last_one_ended(database: TestDatabase) {
    let dag = Dag::file(1_000_000);
    let (gateway, absent) = with_holes(&dag, 3).await;
    let server = TestServer::on(database, asking(&[&gateway])).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    let job = tried(&server, &ann, &id, 1).await;
    assert!(job.reason.unwrap().contains("was not found"));
    assert!(job.progress.blocks_done > 0 && job.progress.bytes_total.unwrap() > 1_000_000);
    assert_eq!(left_over(&server).len(), 1);

    let before = fetched(&gateway, &absent);
    absent.lock().unwrap().clear();
    later(&server, MINUTE);
    let job = pinned(&server, &ann, &id).await;
    assert_eq!((job.tries, job.progress.blocks_done), (2, dag.blocks.len() as u64));
    assert_eq!(twice(&gateway, &before), Vec::<Cid>::new(), "what was here is not fetched again");
    assert!(left_over(&server).is_empty());
    assert!(server.get(&format!("/ipfs/{}", dag.root)).await.expect(200).body == dag.content);
}

async fn a_new_process_goes_on_where_the_old_one_ended(database: TestDatabase) {
    let dag = Dag::file(1_000_000);
    let last = *dag.order.last().unwrap();
    // The last block never comes, until it does.
    let open = Arc::new(Mutex::new(false));
    let gateway = Origin::start({
        let (dag, open) = (dag.clone(), Arc::clone(&open));
        move |asked| match Question::of(asked) {
            Question::Block(cid) if cid == last && !*open.lock().unwrap() => {
                Reply::status(200).with("Content-Length", "10").then_hang()
            }
            Question::Archive(_) => missing(),
            _ => dag.serve(asked),
        }
    })
    .await;
    let (folder, options) = (database.folder.path().to_owned(), database.options.clone());
    let few_at_once = |config: &mut Config| {
        asking(&[&gateway])(config);
        config.pull.parallel = 2;
    };
    let mut server = TestServer::on(database, few_at_once).await;
    let ann = server.person("ann").await;
    let id = ask_for(&server, &ann, &dag.root.to_string()).await;
    eventually("all else is there", async || gateway.asked().len() > dag.blocks.len()).await;
    let clock = server.clock.clone();
    server.begin_stop();
    server.stopped().await;
    server.app.close().await;
    let before: HashSet<_> =
        gateway.asked().iter().filter_map(Question::block).filter(|cid| *cid != last).collect();
    let (_folder, app) = server.into_parts();
    drop(app);

    *open.lock().unwrap() = true;
    let mut config = settings(&folder);
    if let DbOptions::Postgres { url, .. } = options {
        config.database.url = Some(url);
    }
    few_at_once(&mut config);
    let app = App::open(config, clock).await.unwrap();
    let workers = Workers::start(&app);
    eventually("it is pinned", async || {
        let (account, id) = (ann.account, id.clone());
        let read = app
            .db
            .read(move |s| Box::pin(async move { tidegate::db::jobs::find_job(s, account, &id).await }));
        read.await.unwrap().unwrap().status == JobStatus::Pinned
    })
    .await;
    assert!(twice(&gateway, &before).len() <= 2, "but for what was on its way, nothing is fetched again");
    workers.stop().await;
    app.close().await;
}

/// A gateway of single blocks that lacks every `nth`, and the list of them.
async fn with_holes(dag: &Dag, nth: usize) -> (Origin, Arc<Mutex<HashSet<Cid>>>) {
    let absent: HashSet<_> = dag.order.iter().skip(nth).step_by(nth).copied().collect();
    let absent = Arc::new(Mutex::new(absent));
    let (dag, shared) = (dag.clone(), Arc::clone(&absent));
    let gateway = Origin::start(move |asked| dag.serve_without(asked, &shared.lock().unwrap())).await;
    (gateway, absent)
}

/// The blocks that were asked for and came.
fn fetched(gateway: &Origin, absent: &Mutex<HashSet<Cid>>) -> HashSet<Cid> {
    let absent = absent.lock().unwrap();
    gateway.asked().iter().filter_map(Question::block).filter(|cid| !absent.contains(cid)).collect()
}

/// Those of `before` that were asked for more than once.
fn twice(gateway: &Origin, before: &HashSet<Cid>) -> Vec<Cid> {
    let mut seen = HashSet::new();
    let asked = gateway.asked();
    asked
        .iter()
        .filter_map(Question::block)
        .filter(|cid| before.contains(cid) && !seen.insert(*cid))
        .collect()
}

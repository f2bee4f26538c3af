//! Jobs: their lists and searches, and who works on them.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use tidegate::clock::Timestamp;
use tidegate::db::jobs::{
    self, Begin, Job, JobId, JobStatus, NewJob, Progress,
    list::JobQuery,
    queue::{self, Outcome},
    search::{JobSearch, NameMatch, search_jobs},
};
use tidegate::db::pins::{self, NewPin, PinSource, Visibility};
use tidegate::db::{AccountId, Db, PinId};

use super::transactions::new_account;
use crate::support::databases::{TestDatabase, on_both_engines};

const LEASE: Duration = Duration::from_secs(60);

on_both_engines![
    no_two_jobs_of_an_account_have_the_same_time,
    lists_and_their_lengths_follow_status_root_and_time,
    names_and_metadata_are_found_by_what_they_are,
    a_job_is_claimed_once_and_falls_due_again_when_nobody_renews_it,
    a_job_ends_as_its_holder_says_and_never_twice,
    of_many_workers_each_gets_another_job,
    accounts_take_turns_however_many_jobs_each_has,
    a_turn_comes_when_the_first_job_falls_due,
    a_deleted_job_leaves_nothing_in_any_list,
];

async fn no_two_jobs_of_an_account_have_the_same_time(database: TestDatabase) {
    let db = database.open().await;
    let (mine, other) = (new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await);
    let mut times = Vec::new();
    for now in [1000, 1000, 1000, 1001, 5000, 4000] {
        times.push(queue_job(&db, new_job(mine, "r"), now).await.created_at.as_millis());
    }
    assert_eq!(times, [1000, 1001, 1002, 1003, 5000, 5001]);
    assert_eq!(queue_job(&db, new_job(other, "r"), 1000).await.created_at.as_millis(), 1000);
}

async fn lists_and_their_lengths_follow_status_root_and_time(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let other = new_account(&db, "b@example.org").await;
    queue_job(&db, new_job(other, "r1"), 1).await;
    // Spread over seconds, minutes and days, so that lengths are summed up in every way.
    let times = [1_000, 59_999, 60_000, 61_000, 3_600_000, 86_399_999, 86_400_000, 200_000_000, 900_000_000];
    let pin = pin(&db, account, "r1").await;
    for (place, time) in times.into_iter().enumerate() {
        let job = new_job(account, if place % 3 == 0 { "r1" } else { "r2" });
        let begin = if place % 2 == 0 { Begin::Pinned(pin) } else { Begin::Queued };
        insert(&db, job, begin, time).await;
    }
    let spans = [0..i64::MAX, 0..1, 1_000..60_000, 1_001..86_400_000, 60_000..86_400_001, 0..900_000_000];
    for span in spans {
        for status in [None, Some(JobStatus::Queued), Some(JobStatus::Pinned), Some(JobStatus::Failed)] {
            for root in [None, Some("r1"), Some("r2"), Some("r3")] {
                let expected: Vec<i64> = times
                    .into_iter()
                    .enumerate()
                    .filter(|(place, time)| {
                        span.contains(time)
                            && status.is_none_or(|s| s == [JobStatus::Pinned, JobStatus::Queued][place % 2])
                            && root.is_none_or(|r| r == if place % 3 == 0 { "r1" } else { "r2" })
                    })
                    .map(|(_, time)| time)
                    .collect();
                let query = JobQuery {
                    account,
                    status,
                    root: root.map(str::to_owned),
                    span: time_span(&span),
                    newest_first: false,
                    offset: 0,
                    limit: 1000,
                };
                assert_eq!(list(&db, query.clone()).await, (expected.clone(), expected.len() as u64));
                let page = JobQuery { newest_first: true, offset: 1, limit: 2, ..query };
                let newest: Vec<i64> = expected.iter().rev().skip(1).take(2).copied().collect();
                assert_eq!(list(&db, page).await, (newest, expected.len() as u64));
            }
        }
    }
}

async fn names_and_metadata_are_found_by_what_they_are(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let long = format!("{}z", "y".repeat(1000));
    let names = ["Photo 100%", "photo 100%", "photo_1", "Ärger", "ärger", &long];
    for (place, name) in names.iter().enumerate() {
        let mut job = new_job(account, &format!("r{place}"));
        job.name = Some((*name).to_owned());
        job.meta = format!(r#"{{"app":"x","place":"{place}"}}"#);
        queue_job(&db, job, 1000 + i64::try_from(place).unwrap()).await;
    }
    queue_job(&db, new_job(account, "r9"), 2000).await;

    let exact = |text: &str| NameMatch { text: text.to_owned(), part: false, caseless: false };
    let caseless = |text: &str| NameMatch { caseless: true, ..exact(text) };
    let part = |text: &str| NameMatch { part: true, ..exact(text) };
    let part_caseless = |text: &str| NameMatch { part: true, ..caseless(text) };
    for (name, expected) in [
        (exact("photo 100%"), vec![1]),
        (exact("photo 100_"), vec![]),
        (exact("Ärger"), vec![3]),
        (exact(&long), vec![5]),
        (exact(&"y".repeat(1000)), vec![]),
        (caseless("PHOTO 100%"), vec![1, 0]),
        (caseless("ÄRGER"), vec![4, 3]),
        (part("hoto 1"), vec![1, 0]),
        (part("0%"), vec![1, 0]),
        (part("o_"), vec![2]),
        (part("Photo"), vec![0]),
        (part("%"), vec![1, 0]),
        (part_caseless("PHOTO"), vec![2, 1, 0]),
        (part_caseless("ÄR"), vec![4, 3]),
        (part_caseless("nothing"), vec![]),
    ] {
        let search = JobSearch { name: Some(name.clone()), ..everything(account) };
        assert_eq!(places(&db, search).await, expected, "{name:?}");
    }
    for (meta, roots, expected) in [
        (vec![("app", "x")], vec![], vec![5, 4, 3, 2, 1, 0]),
        (vec![("app", "x"), ("place", "2")], vec![], vec![2]),
        (vec![("app", "y")], vec![], vec![]),
        (vec![("ap", "px")], vec![], vec![]),
        (vec![("place", "2")], vec!["r1"], vec![]),
        (vec![("app", "x")], vec!["r4", "r1", "r9"], vec![4, 1]),
        (vec![], vec!["r4", "r1", "r7"], vec![4, 1]),
    ] {
        let meta: BTreeMap<_, _> = meta.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let roots = roots.into_iter().map(str::to_owned).collect();
        let search = JobSearch { meta: meta.clone(), roots, ..everything(account) };
        assert_eq!(places(&db, search).await, expected, "{meta:?}");
    }
    let first = JobSearch { limit: 2, ..everything(account) };
    let (count, jobs) =
        db.read(move |s| Box::pin(async move { search_jobs(s, &first).await })).await.unwrap();
    assert_eq!((count, jobs.len()), (7, 2));
    let none = JobSearch { statuses: vec![JobStatus::Failed], ..everything(account) };
    assert_eq!(places(&db, none).await, Vec::<i64>::new());
}

async fn a_job_is_claimed_once_and_falls_due_again_when_nobody_renews_it(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let job = queue_job(&db, new_job(account, "r"), 1000).await;
    assert_eq!(claim(&db, "early", 999).await, None);
    let claimed = claim(&db, "one", 1000).await.unwrap();
    assert_eq!((claimed.job.id.clone(), claimed.status, claimed.tries), (job.job.id, JobStatus::Pinning, 1));
    assert_eq!(claim(&db, "two", 60_999).await, None);

    let progress = Progress { bytes_done: 5, bytes_total: Some(10), blocks_done: 1 };
    assert!(renew(&db, &claimed, "one", progress, 60_000).await);
    assert_eq!(claim(&db, "two", 61_000).await, None, "it was renewed");
    let again = claim(&db, "two", 120_000).await.unwrap();
    assert_eq!((again.tries, again.progress), (2, progress));
    assert!(!renew(&db, &claimed, "one", progress, 120_001).await, "it is another's now");
    assert_eq!(counts(&db, account).await, [0, 1, 0, 0]);
}

async fn a_job_ends_as_its_holder_says_and_never_twice(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let pin = pin(&db, account, "r").await;
    let mut job = new_job(account, "r");
    (job.root, job.cid) = (None, None);
    queue_job(&db, job, 1000).await;
    let job = claim(&db, "one", 1000).await.unwrap();
    assert!(!finish(&db, &job, "another", Outcome::Pinned { pin, found: None }, 1001).await);

    let later = Outcome::Later { reason: "no answer".to_owned(), at: Timestamp::from_millis(5000) };
    assert!(finish(&db, &job, "one", later, 2000).await);
    assert_eq!(counts(&db, account).await, [1, 0, 0, 0]);
    assert_eq!(claim(&db, "two", 4999).await, None);
    let job = claim(&db, "two", 5000).await.unwrap();
    assert_eq!(job.reason.as_deref(), Some("no answer"));

    let failed = Outcome::Failed { reason: "gone".to_owned(), again_at: Some(Timestamp::from_millis(9000)) };
    assert!(finish(&db, &job, "two", failed, 6000).await);
    assert_eq!(counts(&db, account).await, [0, 0, 0, 1]);
    let job = claim(&db, "three", 9000).await.unwrap();
    assert_eq!(counts(&db, account).await, [0, 1, 0, 0]);

    let found = Some(("root".to_owned(), "cid".to_owned()));
    assert!(finish(&db, &job, "three", Outcome::Pinned { pin, found }, 9001).await);
    assert!(!finish(&db, &job, "three", Outcome::Pinned { pin, found: None }, 9002).await);
    let id = job.job.id.clone();
    let read = db.read(move |s| Box::pin(async move { jobs::find_job(s, account, &id).await }));
    let job = read.await.unwrap().unwrap();
    assert_eq!((job.status, job.pin, job.due_at), (JobStatus::Pinned, Some(pin), None));
    assert_eq!((job.job.root.as_deref(), job.job.cid.as_deref()), (Some("root"), Some("cid")));
    assert_eq!(counts(&db, account).await, [0, 0, 1, 0]);
    assert_eq!(claim(&db, "four", i64::MAX).await, None);
}

async fn of_many_workers_each_gets_another_job(database: TestDatabase) {
    let db = std::sync::Arc::new(database.open().await);
    let accounts = [new_account(&db, "a@example.org").await, new_account(&db, "b@example.org").await];
    for place in 0..20 {
        queue_job(&db, new_job(accounts[place % 2], "r"), 1000).await;
    }
    let workers: Vec<_> = (0..20)
        .map(|number| {
            let db = std::sync::Arc::clone(&db);
            tokio::spawn(async move { claim(&db, &number.to_string(), 2000).await })
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    for worker in workers {
        // Whoever saw only what others were just taking found nothing, and asks again.
        if let Some(job) = worker.await.unwrap() {
            assert!(ids.insert(job.job.id), "claimed twice");
        }
    }
    while let Some(job) = claim(&db, "last", 2000).await {
        assert!(ids.insert(job.job.id), "claimed twice");
    }
    assert_eq!(ids.len(), 20);
}

async fn accounts_take_turns_however_many_jobs_each_has(database: TestDatabase) {
    let db = database.open().await;
    let mut accounts = Vec::new();
    for name in ["a", "b", "c"] {
        accounts.push(new_account(&db, &format!("{name}@example.org")).await);
    }
    for _ in 0..50 {
        queue_job(&db, new_job(accounts[0], "r"), 1000).await;
    }
    let mut taken = Vec::new();
    let claim_at = async |taken: &mut Vec<AccountId>, now: i64| {
        let job = claim(&db, &JobId::new().0, now).await.unwrap();
        taken.push(job.job.account);
    };
    for now in [1000, 1000, 1001] {
        claim_at(&mut taken, now).await;
    }
    // Two that come later, one of them with two jobs, at a clock that stands still or goes on.
    queue_job(&db, new_job(accounts[1], "r"), 1001).await;
    queue_job(&db, new_job(accounts[2], "r"), 1001).await;
    queue_job(&db, new_job(accounts[2], "r"), 1001).await;
    for now in [1001, 1001, 1001, 1001, 1002, 1003] {
        claim_at(&mut taken, now).await;
    }
    let [a, b, c] = accounts[..] else { unreachable!() };
    assert_eq!(taken[..3], [a, a, a]);
    let after: Vec<_> = taken[3..7].to_vec();
    assert_eq!(after.iter().filter(|account| **account == b).count(), 1, "{taken:?}");
    assert_eq!(after.iter().filter(|account| **account == c).count(), 2, "{taken:?}");
    assert_eq!(taken[7..], [a, a]);
}

async fn a_turn_comes_when_the_first_job_falls_due(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let due = async || {
        let next = db.read(|s| Box::pin(queue::next_due(s))).await.unwrap();
        next.map(Timestamp::as_millis)
    };
    assert_eq!(due().await, None);
    queue_job(&db, new_job(account, "r"), 1000).await;
    assert_eq!(due().await, Some(1000));
    let job = claim(&db, "node/one", 1000).await.unwrap();
    assert_eq!(due().await, Some(61_000), "when its holder has said nothing for so long");
    let later = Outcome::Later { reason: "no".to_owned(), at: Timestamp::from_millis(5000) };
    assert!(finish(&db, &job, "node/one", later, 2000).await);
    assert_eq!(due().await, Some(5000));
    // A turn in vain is put right.
    let job = claim(&db, "node/one", 5000).await.unwrap();
    assert!(renew(&db, &job, "node/one", Progress::default(), 50_000).await);
    assert_eq!(due().await, Some(65_000));
    assert_eq!(claim(&db, "node/two", 65_000).await, None);
    assert_eq!(due().await, Some(110_000));
    // A process that has died and comes again makes all that it held due.
    let node = "node".to_owned();
    let release = db.write(move |s| {
        Box::pin(async move { queue::release_jobs(s, &node, Timestamp::from_millis(66_000)).await })
    });
    assert_eq!(release.await, Ok(1));
    assert_eq!(due().await, Some(66_000));
    let job = claim(&db, "node/three", 66_000).await.unwrap();
    db.write(move |s| Box::pin(async move { jobs::delete_job(s, &job).await })).await.unwrap();
    assert_eq!(claim(&db, "node/four", 1_000_000).await, None);
    assert_eq!(due().await, None);
}

async fn a_deleted_job_leaves_nothing_in_any_list(database: TestDatabase) {
    let db = database.open().await;
    let account = new_account(&db, "a@example.org").await;
    let mut new = new_job(account, "r");
    new.meta = r#"{"app":"x"}"#.to_owned();
    let job = queue_job(&db, new, 1000).await;
    db.write(move |s| Box::pin(async move { jobs::delete_job(s, &job).await })).await.unwrap();
    assert_eq!(counts(&db, account).await, [0; 4]);
    let meta = BTreeMap::from([("app".to_owned(), "x".to_owned())]);
    assert_eq!(places(&db, JobSearch { meta, ..everything(account) }).await, Vec::<i64>::new());
    assert_eq!(claim(&db, "one", 2000).await, None);
}

pub fn new_job(account: AccountId, root: &str) -> NewJob {
    NewJob {
        id: JobId::new(),
        account,
        source: PinSource::Psa,
        root: Some(root.to_owned()),
        cid: Some(format!("cid of {root}")),
        name: None,
        meta: "{}".to_owned(),
        origins: "[]".to_owned(),
        visibility: Visibility::Public,
        task: "{}".to_owned(),
    }
}

async fn pin(db: &Db, account: AccountId, root: &str) -> PinId {
    let pin = NewPin {
        account,
        root: root.to_owned(),
        cid: root.to_owned(),
        name: None,
        meta: "{}".to_owned(),
        visibility: Visibility::Public,
        source: PinSource::Psa,
        size: 1,
    };
    let write = db
        .write(move |s| Box::pin(async move { pins::upsert_pin(s, &pin, Timestamp::from_millis(1)).await }));
    write.await.unwrap().id
}

async fn insert(db: &Db, job: NewJob, begin: Begin, now: i64) -> Job {
    let now = Timestamp::from_millis(now);
    let write = db.write(move |s| Box::pin(async move { jobs::insert_job(s, &job, begin, now).await }));
    write.await.unwrap()
}

async fn queue_job(db: &Db, job: NewJob, now: i64) -> Job {
    insert(db, job, Begin::Queued, now).await
}

async fn claim(db: &Db, holder: &str, now: i64) -> Option<Job> {
    let (holder, now) = (holder.to_owned(), Timestamp::from_millis(now));
    db.write(move |s| Box::pin(async move { queue::claim_job(s, &holder, now, LEASE).await })).await.unwrap()
}

async fn renew(db: &Db, job: &Job, holder: &str, progress: Progress, now: i64) -> bool {
    let (id, holder, now) = (job.job.id.clone(), holder.to_owned(), Timestamp::from_millis(now));
    let write = db.write(move |s| {
        Box::pin(async move { queue::renew_job(s, &id, &holder, progress, now, LEASE).await })
    });
    write.await.unwrap()
}

async fn finish(db: &Db, job: &Job, holder: &str, outcome: Outcome, now: i64) -> bool {
    let (job, holder, now) = (job.clone(), holder.to_owned(), Timestamp::from_millis(now));
    let progress = Progress::default();
    let write = db.write(move |s| {
        Box::pin(async move { queue::finish_job(s, &job, &holder, outcome, progress, now).await })
    });
    write.await.unwrap()
}

async fn list(db: &Db, query: JobQuery) -> (Vec<i64>, u64) {
    let read = db.read(move |s| {
        Box::pin(async move {
            let jobs = jobs::list::list_jobs(s, &query).await?;
            Ok((jobs, jobs::list::count_jobs(s, &query).await?))
        })
    });
    let (jobs, count) = read.await.unwrap();
    (jobs.iter().map(|job| job.created_at.as_millis()).collect(), count)
}

/// How many jobs of each status there are.
async fn counts(db: &Db, account: AccountId) -> [u64; 4] {
    let mut counts = [0; 4];
    for (count, status) in counts.iter_mut().zip(JobStatus::ALL) {
        let query = JobQuery {
            account,
            status: Some(status),
            root: None,
            span: Timestamp::MIN..Timestamp::MAX,
            newest_first: true,
            offset: 0,
            limit: 1000,
        };
        let (jobs, length) = list(db, query).await;
        assert_eq!(jobs.len() as u64, length);
        *count = length;
    }
    counts
}

fn everything(account: AccountId) -> JobSearch {
    JobSearch {
        account,
        statuses: JobStatus::ALL.to_vec(),
        span: Timestamp::MIN..Timestamp::MAX,
        roots: Vec::new(),
        name: None,
        meta: BTreeMap::new(),
        limit: 1000,
    }
}

/// When the jobs found were made, in milliseconds after the first.
async fn places(db: &Db, search: JobSearch) -> Vec<i64> {
    let read = db.read(move |s| Box::pin(async move { search_jobs(s, &search).await }));
    let (count, jobs) = read.await.unwrap();
    assert_eq!(jobs.len() as u64, count);
    jobs.iter().map(|job| job.created_at.as_millis() - 1000).collect()
}

fn time_span(span: &Range<i64>) -> Range<Timestamp> {
    Timestamp::from_millis(span.start)..Timestamp::from_millis(span.end)
}

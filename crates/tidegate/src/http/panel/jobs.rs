//! `/panel/jobs`: what was asked for, how far it has come, why it failed, and another try.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use http::Uri;

use super::{Here, Member, Page, Pager, PanelError, SeeOther, Shell, link, pins::door, show};
use crate::{
    app::App,
    clock::Timestamp,
    db::jobs::{
        Job, JobId, JobStatus,
        list::{JobQuery, count_jobs, list_jobs},
    },
    http::{error::capitalised, listed::cut, query::Query},
};

/// Jobs of a page.
const JOBS: u32 = 50;

#[derive(Template)]
#[template(path = "panel/jobs.html")]
struct JobsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    /// Whether jobs of every state are shown.
    is_all: bool,
    pager: Pager,
}

/// The way to the jobs of one state, or to all.
struct Tab {
    label: &'static str,
    link: String,
    count: u64,
    is_here: bool,
}

/// A job as the page shows it.
struct Row {
    id: String,
    title: String,
    /// Its CID, if that is not its title.
    cid: Option<String>,
    pin: Option<i64>,
    status: JobStatus,
    state: &'static str,
    reason: Option<String>,
    next_try: Option<Timestamp>,
    progress: String,
    /// How much of it is done, in thousandths.
    part: Option<u64>,
    created_at: Timestamp,
    door: &'static str,
    is_failed: bool,
}

/// Lists the account's jobs.
pub(super) async fn list(
    member: Member,
    State(app): State<App>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    let query = Query::of(&uri);
    let status = query.get("status").and_then(JobStatus::by_name);
    let before = query.get("before").and_then(|before| before.parse().ok()).map(Timestamp::from_millis);
    let wanted = JobQuery {
        account: member.account,
        status,
        root: None,
        // No two jobs of an account are of the same time, so a page begins where the one before has ended.
        span: Timestamp::MIN..before.unwrap_or(Timestamp::MAX),
        newest_first: true,
        offset: 0,
        limit: JOBS + 1,
    };
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let mut counts = Vec::with_capacity(JobStatus::ALL.len());
            for status in JobStatus::ALL {
                let all =
                    JobQuery { status: Some(status), span: Timestamp::MIN..Timestamp::MAX, ..wanted.clone() };
                counts.push((status, count_jobs(s, &all).await?));
            }
            Ok((counts, list_jobs(s, &wanted).await?))
        })
    });
    let (counts, mut jobs) = read.await?;
    let older = cut(&mut jobs, JOBS, |oldest| place(status, Some(oldest.created_at.as_millis())));
    let now = app.clock.now();
    Ok(Page::new(JobsPage {
        shell: member.shell(Here::Jobs),
        tabs: tabs(&counts, status),
        rows: jobs.into_iter().map(|job| Row::of(job, now)).collect(),
        is_all: status.is_none(),
        pager: Pager::new(place(status, None), before.is_none(), older),
    }))
}

/// Has a failed request tried again.
pub(super) async fn retry(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    match app.pins.retry(member.account, JobId(id)).await? {
        Some(_) => Ok(SeeOther::to("/panel/jobs").saying("It is tried again.")),
        None => {
            Err(PanelError::BadForm("There is no such request any more, or it has not failed.".to_owned()))
        }
    }
}

/// Removes a request that is not fulfilled.
pub(super) async fn remove(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    if !app.pins.cancel(member.account, JobId(id)).await? {
        return Err(PanelError::NotFound);
    }
    Ok(SeeOther::to("/panel/jobs").saying("The request is removed."))
}

fn tabs(counts: &[(JobStatus, u64)], chosen: Option<JobStatus>) -> Vec<Tab> {
    let all = Tab {
        label: "All",
        link: place(None, None),
        count: counts.iter().map(|(_, count)| count).sum(),
        is_here: chosen.is_none(),
    };
    let of_state = |(status, count): &(JobStatus, u64)| {
        let label = match status {
            JobStatus::Queued => "Waiting",
            JobStatus::Pinning => "At work",
            JobStatus::Pinned => "Pinned",
            JobStatus::Failed => "Failed",
        };
        Tab { label, link: place(Some(*status), None), count: *count, is_here: chosen == Some(*status) }
    };
    std::iter::once(all).chain(counts.iter().map(of_state)).collect()
}

fn place(status: Option<JobStatus>, before: Option<i64>) -> String {
    let status = status.map(|status| status.as_str().to_owned());
    link("/panel/jobs", [("status", status), ("before", before.map(|before| before.to_string()))])
}

impl Row {
    fn of(job: Job, now: Timestamp) -> Self {
        let waits = matches!(job.status, JobStatus::Queued | JobStatus::Failed);
        let (progress, part) = progress(&job);
        let named = job.job.name.filter(|name| !name.trim().is_empty());
        let (title, cid) = match (named, job.job.cid) {
            (Some(name), cid) => (name, cid),
            (None, Some(cid)) => (cid, None),
            (None, None) => ("content that is not known yet".to_owned(), None),
        };
        Self {
            id: job.job.id.0,
            title,
            cid,
            pin: job.pin.map(|pin| pin.0),
            status: job.status,
            state: match job.status {
                JobStatus::Queued => "waiting",
                JobStatus::Pinning => "at work",
                JobStatus::Pinned => "pinned",
                JobStatus::Failed => "failed",
            },
            reason: job.reason.map(|reason| capitalised(&reason)),
            next_try: job.due_at.filter(|due| waits && *due > now),
            progress,
            part,
            created_at: job.created_at,
            door: door(job.job.source),
            is_failed: job.status == JobStatus::Failed,
        }
    }
}

/// How far a job is that is not done, in words, and in thousandths where that is known.
fn progress(job: &Job) -> (String, Option<u64>) {
    let done = &job.progress;
    if job.status == JobStatus::Pinned || done.bytes_done == 0 {
        return (String::new(), None);
    }
    let blocks = match done.blocks_done {
        0 => String::new(),
        1 => ", 1 block".to_owned(),
        blocks => format!(", {} blocks", show::count(blocks)),
    };
    match done.bytes_total.filter(|total| *total >= done.bytes_done) {
        Some(total) => {
            let part = u128::from(done.bytes_done) * 1000 / u128::from(total.max(1));
            let words = format!("{} of {}{blocks}", show::bytes(done.bytes_done), show::bytes(total));
            (words, u64::try_from(part).ok())
        }
        None => (format!("{}{blocks}", show::bytes(done.bytes_done)), None),
    }
}

//! The first page: how much is used, what is under way, and what to do next.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};

use super::{Here, Member, Page, PanelError, Shell, show};
use crate::{
    app::App,
    clock::Timestamp,
    db::{
        DbError, Session,
        accounts::{self, Account},
        jobs::{
            Job, JobStatus,
            list::{JobQuery, count_jobs, list_jobs},
        },
        pins::{PinQuery, count_pins},
    },
};

/// Requests that are shown.
const LATEST: u32 = 5;

#[derive(Template)]
#[template(path = "panel/overview.html")]
struct OverviewPage {
    shell: Shell,
    facts: Facts,
    quota: u64,
}

struct Facts {
    account: Option<Account>,
    pins: u64,
    /// Requests that wait, are worked on, and have failed.
    queued: u64,
    pinning: u64,
    failed: u64,
    latest: Vec<Job>,
}

impl OverviewPage {
    fn used(&self) -> u64 {
        self.facts.account.as_ref().map_or(0, |account| account.used_bytes)
    }
}

/// `/panel/`, which is `/panel`.
pub(super) async fn send_to() -> impl IntoResponse {
    Redirect::permanent("/panel")
}

/// Shows the first page.
pub(super) async fn show(member: Member, State(app): State<App>) -> Result<impl IntoResponse, PanelError> {
    let id = member.account;
    let facts = app
        .db
        .read(move |s| {
            Box::pin(async move {
                let pins = PinQuery {
                    account: id,
                    from: Timestamp::MIN,
                    until: Timestamp::MAX,
                    newest_first: true,
                    offset: 0,
                    limit: 0,
                };
                let jobs = JobQuery {
                    account: id,
                    status: None,
                    root: None,
                    span: Timestamp::MIN..Timestamp::MAX,
                    newest_first: true,
                    offset: 0,
                    limit: LATEST,
                };
                Ok(Facts {
                    account: accounts::find_account(s, id).await?,
                    pins: count_pins(s, &pins).await?,
                    queued: count(s, &jobs, JobStatus::Queued).await?,
                    pinning: count(s, &jobs, JobStatus::Pinning).await?,
                    failed: count(s, &jobs, JobStatus::Failed).await?,
                    latest: list_jobs(s, &jobs).await?,
                })
            })
        })
        .await?;
    let default = app.config.limits.account_quota.as_u64();
    let quota = facts.account.as_ref().and_then(|account| account.quota_bytes).unwrap_or(default);
    Ok(Page::new(OverviewPage { shell: member.shell(Here::Overview), facts, quota }))
}

async fn count(s: &mut Session<'_>, jobs: &JobQuery, status: JobStatus) -> Result<u64, DbError> {
    count_jobs(s, &JobQuery { status: Some(status), ..jobs.clone() }).await
}

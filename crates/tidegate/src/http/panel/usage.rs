//! Usage over time: of whoever looks, and for administrators of the whole server.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use http::Uri;

use super::{
    super::query::Query,
    Here, Member, Page, PanelError, Shell,
    chart::{Chart, Kind, Unit},
    show,
};
use crate::{
    app::App,
    clock::Day,
    db::{accounts, usage::Held},
    usage::KEPT_DAYS,
};

/// Spans that can be looked at, in days, and what they are called.
const SPANS: [(u32, &str); 3] = [(30, "30 days"), (90, "90 days"), (365, "a year")];

/// The span that is shown where none is asked for.
const USUAL: u32 = 90;

#[derive(Template)]
#[template(path = "panel/usage.html")]
struct UsagePage {
    shell: Shell,
    span: u32,
    used: u64,
    quota: u64,
    pins: u64,
    charts: Vec<Chart>,
    server: Option<ServerUsage>,
}

/// What administrators see beside their own.
struct ServerUsage {
    charts: Vec<Chart>,
    surfaces: Vec<SurfaceUsage>,
}

/// What one surface answered in the whole span.
struct SurfaceUsage {
    name: String,
    requests: u64,
    sent: u64,
}

impl UsagePage {
    /// Each span with its name.
    fn spans(&self) -> [(u32, &'static str); 3] {
        SPANS
    }
}

/// Shows charts of what was used.
pub(super) async fn show(
    member: Member,
    State(app): State<App>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    let asked = Query::of(&uri).number("days", u64::from(USUAL), 1, u64::from(KEPT_DAYS));
    let asked = asked.map_err(|words| PanelError::BadForm(format!("{words}.")))?;
    let span = u32::try_from(asked).unwrap_or(USUAL);
    let id = member.account;
    let account = app.db.read(move |s| Box::pin(accounts::find_account(s, id))).await?;
    let account = account.ok_or(PanelError::NotFound)?;
    let days = app.usage.of_account(id, span).await?.ok_or(PanelError::NotFound)?;
    let quota = account.quota_bytes.unwrap_or(app.config.limits.account_quota.as_u64());
    let server = if member.is_admin { Some(of_server(&app, span).await?) } else { None };
    Ok(Page::new(UsagePage {
        span,
        used: account.used_bytes,
        quota,
        pins: days.last().map_or(0, |(_, held)| held.pins),
        charts: held_charts(["bytes", "pins"], &days, Some(quota)),
        server,
        shell: member.shell(Here::Usage),
    }))
}

/// What somebody held, as two charts with these ids.
pub(super) fn held_charts(ids: [&'static str; 2], days: &[(Day, Held)], quota: Option<u64>) -> Vec<Chart> {
    let [bytes, pins] = ids;
    vec![
        Chart {
            id: bytes,
            title: "Bytes pinned".to_owned(),
            kind: Kind::Level,
            unit: Unit::Bytes,
            days: days.iter().map(|(day, held)| (*day, held.bytes)).collect(),
            limit: quota,
        },
        Chart {
            id: pins,
            title: "Pins".to_owned(),
            kind: Kind::Level,
            unit: Unit::Count,
            days: days.iter().map(|(day, held)| (*day, held.pins)).collect(),
            limit: None,
        },
    ]
}

async fn of_server(app: &App, span: u32) -> Result<ServerUsage, PanelError> {
    let held = app.usage.of_server(span).await?;
    let mut charts = held_charts(["server-bytes", "server-pins"], &held, None);
    "Bytes stored".clone_into(&mut charts[0].title);
    "Pins of all accounts".clone_into(&mut charts[1].title);

    let mut by_day: BTreeMap<Day, (u64, u64)> = held.iter().map(|(day, _)| (*day, (0, 0))).collect();
    let mut by_surface: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in app.usage.of_surfaces(span).await? {
        for sum in [by_day.entry(row.day).or_default(), by_surface.entry(row.surface).or_default()] {
            *sum = (sum.0.saturating_add(row.requests), sum.1.saturating_add(row.sent));
        }
    }
    charts.push(Chart {
        id: "requests",
        title: "Requests a day".to_owned(),
        kind: Kind::Amount,
        unit: Unit::Count,
        days: by_day.iter().map(|(day, sum)| (*day, sum.0)).collect(),
        limit: None,
    });
    charts.push(Chart {
        id: "sent",
        title: "Bytes sent a day".to_owned(),
        kind: Kind::Amount,
        unit: Unit::Bytes,
        days: by_day.iter().map(|(day, sum)| (*day, sum.1)).collect(),
        limit: None,
    });
    let mut surfaces: Vec<SurfaceUsage> = by_surface
        .into_iter()
        .map(|(label, (requests, sent))| SurfaceUsage { name: name_of(&label), requests, sent })
        .collect();
    surfaces.sort_by_key(|surface| std::cmp::Reverse(surface.requests));
    Ok(ServerUsage { charts, surfaces })
}

/// What people call a surface that is called `label` in the metrics.
fn name_of(label: &str) -> String {
    match label {
        "gateway" => "Gateway",
        "cloud" => "Cloud API",
        "endpoint" => "Endpoint API and upload links",
        "psa" => "Pinning Service API",
        "provider" => "Provider",
        "api" => "Tidegate's own API",
        "operations" => "Operations",
        "panel" => "Panel",
        "other" => "Everything else",
        unknown => unknown,
    }
    .to_owned()
}

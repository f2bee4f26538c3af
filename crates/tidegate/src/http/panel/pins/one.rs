//! A pin's own page: what it is, what is in it, and how to let it go.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use cid::Version;
use http::{HeaderMap, Uri};
use tidegate_content::{Cid, content_key, parse_cid};

use super::{
    super::{Here, Member, Page, PanelError, Shell, show},
    Shown, content, door, find, gateway,
    preview::{Preview, content_of, page_of, preview},
};
use crate::{
    app::App,
    db::{
        contents,
        jobs::{self, Job},
    },
    http::query::Query,
};

/// Requests that are shown.
const JOBS: usize = 20;
/// The codec of nodes, the only one of version 0.
const DAG_PB: u64 = 0x70;

#[derive(Template)]
#[template(path = "panel/pin.html")]
struct PinPage {
    shell: Shell,
    pin: Shown,
    name: Option<String>,
    /// The same CID as the other of its versions writes it.
    other_cid: Option<String>,
    blocks: Option<u64>,
    door: &'static str,
    meta: BTreeMap<String, String>,
    jobs: Vec<Job>,
    gateway: String,
    steps: Vec<Step>,
    preview: Preview,
    is_file: bool,
    /// Where what is shown comes from.
    content: String,
    /// What that is called.
    shown: String,
}

/// A folder on the way to what is shown.
struct Step {
    name: String,
    link: String,
}

/// Shows one pin.
pub(in super::super) async fn show(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PanelError> {
    let (pin, cid) = find(&app, member.account, &id).await?;
    let (id, pin_id, root) = (pin.id.0, pin.id, pin.pin.root.clone());
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let mut jobs = jobs::jobs_of_pin(s, pin_id).await?;
            jobs.truncate(JOBS);
            Ok((contents::find_content(s, &root).await?, jobs))
        })
    });
    let (stored, jobs) = read.await?;
    // The way to what is shown in a folder.
    let names = content::names(Query::of(&uri).get("path").unwrap_or_default());
    let (preview, is_file) = preview(&app, id, &cid, &names, pin.pin.name.as_deref()).await;
    let shown = Shown::from(&pin);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let steps = (1..=names.len())
        .map(|depth| Step { name: names[depth - 1].to_owned(), link: page_of(id, &names[..depth]) });
    Ok(Page::new(PinPage {
        shell: member.shell(Here::Pins),
        name: pin.pin.name.clone(),
        other_cid: other_form(&pin.pin.cid),
        blocks: stored.map(|stored| stored.content.block_count),
        door: door(pin.pin.source),
        meta: serde_json::from_str(&pin.pin.meta).unwrap_or_default(),
        jobs,
        gateway: gateway(&app, &uri, &headers),
        steps: steps.collect(),
        preview,
        is_file,
        content: content_of(id, &names),
        shown: names.last().map_or_else(|| shown.title.clone(), |name| (*name).to_owned()),
        pin: shown,
    }))
}

/// `text` is a CID of version 0: version 1 of it, in base 32. Or the other way round, where that can be.
fn other_form(text: &str) -> Option<String> {
    let cid = parse_cid(text).ok()?;
    match cid.version() {
        Version::V0 => Some(content_key(&cid).to_string()),
        Version::V1 if cid.codec() == DAG_PB => Some(Cid::new_v0(*cid.hash()).ok()?.to_string()),
        Version::V1 => None,
    }
}

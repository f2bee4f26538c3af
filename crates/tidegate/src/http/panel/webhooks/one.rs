//! A webhook's page: what is sent where, the secret, and what became of each message. `callbacks` in place of an id stands for what
//! `pinFromS3` was given with single requests, as in our own API.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    super::{Form, Here, Member, Page, Pager, PanelError, SeeOther, Shell, show},
    Choice, Filled, choices,
};
use crate::{
    app::App,
    clock::Timestamp,
    db::webhooks::{
        Webhook,
        deliveries::{self, Delivery, DeliveryStatus},
    },
    http::{listed::cut, query::Query},
    webhooks::{Shown, Which, Wish},
};

/// The word in place of an id.
const CALLBACKS: &str = "callbacks";
/// Messages of a page.
const MESSAGES: u32 = 30;

#[derive(Template)]
#[template(path = "panel/webhook.html")]
struct WebhookPage {
    shell: Shell,
    id: String,
    title: String,
    is_callbacks: bool,
    url: String,
    events: Vec<Choice>,
    active: bool,
    secret: String,
    /// Whether the secret was just made, and is to be seen.
    is_shown: bool,
    /// Until when messages are signed with the one before, too.
    old_until: Option<Timestamp>,
    rows: Vec<Row>,
    pager: Pager,
}

/// A message and what has become of it.
struct Row {
    id: String,
    event: String,
    /// Where it goes, if that was said with the request.
    url: Option<String>,
    payload: String,
    tone: &'static str,
    state: &'static str,
    words: Option<String>,
    created_at: Timestamp,
    tried_at: Option<Timestamp>,
    next_try: Option<Timestamp>,
}

/// Shows one webhook.
pub(in super::super) async fn show(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    let webhook = app.webhooks.find(member.account, which(&id)).await?;
    let shell = member.shell(Here::Webhooks);
    let query = Query::of(&uri);
    let mut page = page(&app, &member, shell, &id, &webhook, query.text("before")).await?;
    page.is_shown = query.get("secret") == Some("shown");
    Ok(Page::new(page))
}

/// Changes where messages go, of what they tell, and whether they are sent.
pub(in super::super) async fn change(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PanelError> {
    let Filled { url, events, active } = Filled::of(fields);
    let wish = Wish { url: Some(url.clone()), events: Some(events.clone()), active: Some(active) };
    match app.webhooks.change(member.account, id.clone(), wish).await {
        Ok(_) => Ok(to(&id).saying("The webhook is changed.").into_response()),
        Err(error) => {
            let shell = member.shell(Here::Webhooks).with_problem(PanelError::from(error).into_words()?);
            let webhook = app.webhooks.find(member.account, which(&id)).await?;
            let mut page = page(&app, &member, shell, &id, &webhook, None).await?;
            page.url = url;
            page.events = choices(|name| events.iter().any(|event| event == name));
            Ok(Page::new(page).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Gives it a new secret.
pub(in super::super) async fn rotate(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    app.webhooks.rotate(member.account, which(&id)).await?;
    let place = format!("{}?secret=shown", address(&id));
    Ok(SeeOther::to(place)
        .saying("There is a new secret. For a day messages are signed with the old one, too."))
}

/// Sends a message that tells of nothing.
pub(in super::super) async fn ping(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    app.webhooks.ping(member.account, id.clone()).await?;
    Ok(to(&id).saying("A test message is on its way; look again in a moment."))
}

/// Sends a message once more.
pub(in super::super) async fn redeliver(
    member: Member,
    State(app): State<App>,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<SeeOther, PanelError> {
    app.webhooks.redeliver(member.account, which(&id), delivery).await?;
    Ok(to(&id).saying("The message is sent again."))
}

/// Removes the webhook with its log.
pub(in super::super) async fn remove(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    app.webhooks.remove(member.account, id.clone()).await?;
    Ok(SeeOther::to("/panel/webhooks").saying("The webhook is removed."))
}

async fn page(
    app: &App,
    member: &Member,
    shell: Shell,
    id: &str,
    webhook: &Webhook,
    before: Option<String>,
) -> Result<WebhookPage, PanelError> {
    let Shown { secret, old_until } = app.webhooks.secret(member.account, which(id)).await?;
    let (account, key) = (member.account, webhook.id.clone());
    let is_first = before.is_none();
    let read = app.db.read(move |s| {
        Box::pin(async move { deliveries::list(s, account, &key, before.as_deref(), MESSAGES + 1).await })
    });
    let mut found = read.await?;
    let older = cut(&mut found, MESSAGES, |last| format!("{}?before={}", address(id), last.message.id));
    let is_callbacks = webhook.url.is_none();
    let url = webhook.url.clone().unwrap_or_default();
    Ok(WebhookPage {
        shell,
        id: id.to_owned(),
        title: if is_callbacks { "Callbacks of pinFromS3".to_owned() } else { url.clone() },
        is_callbacks,
        url,
        events: choices(|name| webhook.events.iter().any(|event| event == name)),
        active: webhook.active,
        secret: secret.expose_secret().to_owned(),
        is_shown: false,
        old_until,
        rows: found.into_iter().map(Row::from).collect(),
        pager: Pager::new(address(id), is_first, older),
    })
}

impl From<Delivery> for Row {
    fn from(delivery: Delivery) -> Self {
        let (tone, state) = match delivery.status {
            DeliveryStatus::Pending => ("wait", "to be sent"),
            DeliveryStatus::Delivered => ("good", "taken"),
            DeliveryStatus::Failed => ("bad", "given up"),
        };
        let answered = delivery.status_code.map(|status| format!("status {status}"));
        let words = match (delivery.reason, answered) {
            (Some(reason), Some(status)) if !reason.contains(&status) => Some(format!("{reason} ({status})")),
            (reason, status) => reason.or(status),
        };
        // As it was sent is one long line.
        let payload = serde_json::from_str::<Value>(&delivery.message.payload);
        let payload = payload.and_then(|payload| serde_json::to_string_pretty(&payload));
        Self {
            id: delivery.message.id,
            event: delivery.message.event,
            url: delivery.message.url,
            payload: payload.unwrap_or(delivery.message.payload),
            tone,
            state,
            words,
            created_at: delivery.created_at,
            tried_at: delivery.tried_at,
            next_try: delivery.due_at.filter(|_| delivery.tries > 0),
        }
    }
}

fn which(id: &str) -> Which {
    if id == CALLBACKS { Which::Callbacks } else { Which::Id(id.to_owned()) }
}

fn address(id: &str) -> String {
    format!("/panel/webhooks/{id}")
}

fn to(id: &str) -> SeeOther {
    SeeOther::to(address(id))
}

//! `/panel/webhooks`: addresses that are told what becomes of requests. `one.rs` is the page of a single one.

mod one;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;

pub(super) use one::{change, ping, redeliver, remove, rotate, show};

use super::{Form, Here, Member, Page, PanelError, SeeOther, Shell, show};
use crate::{
    app::App,
    clock::Timestamp,
    db::webhooks as rows,
    http::error::{Failure, sentence},
    webhooks::{Event, WebhookError, Wish},
};

#[derive(Template)]
#[template(path = "panel/webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    rows: Vec<Row>,
    /// What was filled in for a new one.
    url: String,
    events: Vec<Choice>,
}

struct Row {
    id: String,
    url: String,
    events: String,
    active: bool,
    created_at: Timestamp,
}

/// An event to be chosen.
struct Choice {
    name: &'static str,
    words: &'static str,
    is_chosen: bool,
}

/// All events, of which those are chosen that `is_chosen` says yes to.
fn choices(is_chosen: impl Fn(&str) -> bool) -> Vec<Choice> {
    let choice = |event: Event| Choice {
        name: event.as_str(),
        words: match event {
            Event::Pinned => "something is pinned",
            Event::Failed => "a request has failed for good",
            Event::Removed => "a pin or a request is removed",
        },
        is_chosen: is_chosen(event.as_str()),
    };
    Event::ALL.into_iter().map(choice).collect()
}

/// What somebody filled in about a webhook.
struct Filled {
    url: String,
    events: Vec<String>,
    active: bool,
}

impl Filled {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self { url: String::new(), events: Vec::new(), active: false };
        for (name, value) in fields {
            match name.as_str() {
                "url" => filled.url = value.trim().to_owned(),
                "event" => filled.events.push(value),
                "active" => filled.active = true,
                _ => {}
            }
        }
        filled
    }
}

/// Lists the account's webhooks.
pub(super) async fn list(member: Member, State(app): State<App>) -> Result<impl IntoResponse, PanelError> {
    let shell = member.shell(Here::Webhooks);
    page(&app, &member, shell, String::new(), choices(|_| true)).await
}

/// Adds a webhook.
pub(super) async fn add(
    member: Member,
    State(app): State<App>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PanelError> {
    let Filled { url, events, .. } = Filled::of(fields);
    let wish = Wish { url: Some(url.clone()), events: Some(events.clone()), active: None };
    match app.webhooks.create(member.account, wish).await {
        Ok((webhook, _)) => {
            let place = format!("/panel/webhooks/{}", webhook.id);
            let words = "The webhook is added. Check messages with its secret, and send it a test message.";
            Ok(SeeOther::to(place).saying(words).into_response())
        }
        Err(error) => {
            let shell = member.shell(Here::Webhooks).with_problem(PanelError::from(error).into_words()?);
            let choices = choices(|name| events.iter().any(|event| event == name));
            let page = page(&app, &member, shell, url, choices).await?;
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

async fn page(
    app: &App,
    member: &Member,
    shell: Shell,
    url: String,
    events: Vec<Choice>,
) -> Result<Page<WebhooksPage>, PanelError> {
    let account = member.account;
    let webhooks = app.db.read(move |s| Box::pin(rows::list(s, account))).await?;
    let row = |webhook: rows::Webhook| Row {
        id: webhook.id,
        url: webhook.url.unwrap_or_default(),
        events: webhook.events.join(", "),
        active: webhook.active,
        created_at: webhook.created_at,
    };
    Ok(Page::new(WebhooksPage { shell, rows: webhooks.into_iter().map(row).collect(), url, events }))
}

impl From<WebhookError> for PanelError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Unknown | WebhookError::UnknownDelivery => Self::NotFound,
            WebhookError::BadUrl => {
                Self::BadForm("The address begins with https:// or http:// and is not too long.".to_owned())
            }
            WebhookError::BadEvents => Self::BadForm("Choose at least one event.".to_owned()),
            WebhookError::TooMany | WebhookError::Inactive => Self::BadForm(format!("{}.", sentence(&error))),
            WebhookError::Db(error) => error.into(),
            WebhookError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
        }
    }
}

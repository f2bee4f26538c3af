//! `/api/v1/webhooks`: where an account wants to be told what becomes of its requests, and what was sent there.
//!
//! In place of an id, `callbacks` stands for what `pinFromS3` was given with single requests: one secret and one log an account.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    super::extract::{ADMIN, Owner},
    ApiError, Items, known_id,
};
use crate::{
    app::App,
    db::webhooks::{
        self as rows, Webhook,
        deliveries::{self, Delivery},
    },
    http::{error::sentence, json_body, listed::cut, query::Query},
    webhooks::{Shown, WebhookError, Which, Wish},
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 16 << 10;
/// The word in place of an id.
const CALLBACKS: &str = "callbacks";
/// Deliveries of a page where the caller does not say, and of the longest.
const LIMITS: (u64, u64) = (50, 100);
/// Secrets stay out of caches.
const NO_STORE: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// What a caller says about a webhook.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: Option<String>,
    events: Option<Vec<String>>,
    active: Option<bool>,
}

/// A webhook as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ShownWebhook {
    id: String,
    url: String,
    events: Vec<String>,
    active: bool,
    created_at: String,
    updated_at: String,
    /// Only where it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// A secret and whether the one before still counts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownSecret {
    secret: String,
    /// Until when messages are signed with the one before, too.
    previous_until: Option<String>,
}

/// A message and what has become of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ShownDelivery {
    id: String,
    event: String,
    /// Where it goes, if that was said with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    status: &'static str,
    tries: u64,
    status_code: Option<u64>,
    reason: Option<String>,
    created_at: String,
    tried_at: Option<String>,
    next_try: Option<String>,
    payload: Box<RawValue>,
}

/// Makes a webhook; the answer has its secret.
pub(in crate::http) async fn create_webhook(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = asked(&app, body).await?;
    let (webhook, shown) = app.webhooks.create(caller.account, wish).await?;
    let secret = Some(shown.secret.expose_secret().to_owned());
    let body = Json(ShownWebhook { secret, ..webhook.into() });
    Ok((StatusCode::CREATED, NO_STORE, body).into_response())
}

/// Lists the caller's webhooks, oldest first.
pub(in crate::http) async fn list_webhooks(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
) -> Result<Json<Items<ShownWebhook>>, ApiError> {
    let webhooks = app.db.read(move |s| Box::pin(rows::list(s, caller.account))).await?;
    Ok(Json(Items { items: webhooks.into_iter().map(ShownWebhook::from).collect(), next: None }))
}

/// Shows one webhook.
pub(in crate::http) async fn show_webhook(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<ShownWebhook>, ApiError> {
    let webhook = app.webhooks.find(caller.account, Which::Id(known_id(id)?)).await?;
    Ok(Json(webhook.into()))
}

/// Changes what the body names.
pub(in crate::http) async fn change_webhook(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ShownWebhook>, ApiError> {
    let wish = asked(&app, body).await?;
    let webhook = app.webhooks.change(caller.account, known_id(id)?, wish).await?;
    Ok(Json(webhook.into()))
}

/// Removes a webhook with its log; what was still to be sent is not.
pub(in crate::http) async fn delete_webhook(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.webhooks.remove(caller.account, known_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what messages are signed with.
pub(in crate::http) async fn show_webhook_secret(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(secret(&app.webhooks.secret(caller.account, which(id)?).await?))
}

/// Gives a webhook a new secret.
pub(in crate::http) async fn rotate_webhook_secret(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(secret(&app.webhooks.rotate(caller.account, which(id)?).await?))
}

/// Sends a message that tells of nothing.
pub(in crate::http) async fn ping_webhook(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let delivery = app.webhooks.ping(caller.account, known_id(id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"id": delivery}))).into_response())
}

/// Lists what was sent or is to be sent, newest first.
pub(in crate::http) async fn list_deliveries(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Items<ShownDelivery>>, ApiError> {
    let query = Query::of(&uri);
    let limit = query.number("limit", LIMITS.0, 1, LIMITS.1).map_err(ApiError::BadRequest)?;
    let before = query.get("cursor").map(str::to_owned);
    if before.as_ref().is_some_and(|cursor| cursor.contains('\0')) {
        return Err(ApiError::BadRequest("The parameter cursor is what next was".to_owned()));
    }
    let webhook = app.webhooks.find(caller.account, which(id)?).await?;
    let (account, limit) = (caller.account, u32::try_from(limit).unwrap_or(u32::MAX));
    let read = app.db.read(move |s| {
        Box::pin(async move { deliveries::list(s, account, &webhook.id, before.as_deref(), limit + 1).await })
    });
    let mut found = read.await?;
    let next = cut(&mut found, limit, |last| last.message.id.clone());
    Ok(Json(Items { items: found.into_iter().map(ShownDelivery::from).collect(), next }))
}

/// Sends a message once more.
pub(in crate::http) async fn redeliver(
    Owner(caller): Owner<ADMIN>,
    State(app): State<App>,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let delivery = known_id(delivery)?;
    app.webhooks.redeliver(caller.account, which(id)?, delivery.clone()).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"id": delivery}))).into_response())
}

async fn asked(app: &App, body: Body) -> Result<Wish, ApiError> {
    let Asked { url, events, active } =
        json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    Ok(Wish { url, events, active })
}

fn which(id: String) -> Result<Which, ApiError> {
    if id == CALLBACKS { Ok(Which::Callbacks) } else { known_id(id).map(Which::Id) }
}

fn secret(shown: &Shown) -> Response {
    let body = ShownSecret {
        secret: shown.secret.expose_secret().to_owned(),
        previous_until: shown.old_until.map(|until| until.to_string()),
    };
    (NO_STORE, Json(body)).into_response()
}

impl From<Webhook> for ShownWebhook {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url.unwrap_or_default(),
            events: webhook.events,
            active: webhook.active,
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
            secret: None,
        }
    }
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.message.id,
            event: delivery.message.event,
            url: delivery.message.url,
            status: delivery.status.as_str(),
            tries: delivery.tries,
            status_code: delivery.status_code,
            reason: delivery.reason,
            created_at: delivery.created_at.to_string(),
            tried_at: delivery.tried_at.map(|at| at.to_string()),
            next_try: delivery.due_at.map(|at| at.to_string()),
            // Written by this server as JSON.
            payload: RawValue::from_string(delivery.message.payload).unwrap_or_default(),
        }
    }
}

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::BadUrl | WebhookError::BadEvents => Self::BadRequest(sentence(&error)),
            WebhookError::TooMany | WebhookError::Inactive => Self::Conflict(sentence(&error)),
            WebhookError::Unknown | WebhookError::UnknownDelivery => Self::NotFound(sentence(&error)),
            WebhookError::Db(error) => error.into(),
            WebhookError::Crypto(_) => Self::failed(&error),
        }
    }
}

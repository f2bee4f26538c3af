//! The Cloud and Endpoint API as Decoo's documents and SDK have it.
//!
//! Each difference from them is a line in `docs/compatibility.md`.

mod error;
mod form;
mod lists;
mod metadata;
mod pin_by_hash;
mod pin_file;
mod pin_from_s3;
mod unpin;

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, Uri, header};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};

pub(super) use error::{PinningError, method_not_allowed};
pub(super) use lists::{list_jobs, list_pins};
pub(super) use pin_by_hash::pin_by_hash;
pub(super) use pin_file::{pin_file, receive_entry, request_limit};
pub(super) use pin_from_s3::pin_from_s3;
pub(super) use unpin::unpin;

use super::extract::{ANY, KeyHolder, PIN, READ};
use super::forwarded::address_as_reached;
use crate::{accounts::AuthError, app::App, config::Role};

/// Says whether the caller's API key is good.
pub(super) async fn ping(_: KeyHolder<ANY>) -> Json<Value> {
    Json(json!({"Success": true}))
}

/// One place that takes uploads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    id: i64,
    name: String,
    api_host: String,
}

/// Lists the places that take uploads: this one, or on a Cloud its Endpoints that are there.
pub(super) async fn list_endpoints(
    _: KeyHolder<READ>,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Vec<Endpoint>>, PinningError> {
    if app.config.server.role == Role::Cloud {
        let live = app.endpoints.live().await?.into_iter();
        let shown = live.map(|it| Endpoint { id: it.id.0, name: it.name, api_host: it.says.url });
        return Ok(Json(shown.collect()));
    }
    let api_host = address_as_reached(&app, &uri, &headers);
    Ok(Json(vec![Endpoint { id: 1, name: app.config.server.name.clone(), api_host }]))
}

/// Gives the holder of an API key a token for uploads, good for two hours.
pub(super) async fn issue_access_token(
    KeyHolder(caller): KeyHolder<PIN>,
    State(app): State<App>,
) -> Result<impl IntoResponse, PinningError> {
    let token = app.accounts.issue_access_token(&caller).map_err(AuthError::from)?.token;
    let body = json!({"Code": 200, "Data": token.expose_secret()});
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)))
}

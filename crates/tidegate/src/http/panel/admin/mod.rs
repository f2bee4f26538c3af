//! Pages for administrators alone: each handler takes an [`Admin`](super::Admin).

mod account;
mod accounts;
mod invites;
mod logs;
mod settings;
mod storage;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::App;

/// Every page below `/panel/admin`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/accounts", get(accounts::list))
        .route("/accounts/{id}", get(account::show))
        .route("/accounts/{id}/quota", post(account::set_quota))
        .route("/accounts/{id}/disable", post(account::disable))
        .route("/accounts/{id}/enable", post(account::enable))
        .route("/accounts/{id}/admin", post(account::make_admin))
        .route("/accounts/{id}/admin/remove", post(account::remove_admin))
        .route("/accounts/{id}/password-link", post(account::make_password_link))
        .route("/invites", get(invites::list).post(invites::make))
        .route("/invites/{id}/revoke", post(invites::revoke))
        .route("/storage", get(storage::show))
        .route("/logs", get(logs::show))
        .route("/settings", get(settings::show))
}

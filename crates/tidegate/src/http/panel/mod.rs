//! `/panel`: the web pages for people. Rendered here from `templates/panel`; what they load is in `assets/panel` and in the binary.
//!
//! ```text
//! member  gate      who is here, by a cookie; how often somebody may try to be
//! guard             what concerns every page: whose requests are taken, and what a browser may do with the answers
//! shell  page  show answers, and what is around every page
//! assets  form  error
//! ```
//!
//! Pages work without scripts: forms are posted and answered with 303. A page reads plain lists from the database; whatever changes
//! something goes through the house.

mod assets;
mod error;
mod form;
mod gate;
mod guard;
mod jobs;
mod login;
mod member;
mod overview;
mod page;
mod pins;
mod register;
mod shell;
mod show;
mod webhooks;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{any, get, post},
};

use self::{
    error::{PanelError, method_not_allowed, not_found},
    form::{FORM_BYTES, Form},
    gate::Gate,
    member::{Member, Visitor},
    page::{Page, SeeOther},
    shell::{Here, Shell},
};
use crate::app::App;

/// Every page.
pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/panel", get(overview::show))
        .route("/panel/", get(overview::send_to))
        .route("/panel/login", get(login::ask).post(login::sign_in))
        .route("/panel/logout", post(login::sign_out))
        .route("/panel/register", get(register::ask).post(register::register))
        .route("/panel/pins", get(pins::list))
        .route("/panel/pins/remove", post(pins::remove_selected))
        .route("/panel/pins/{id}", get(pins::show))
        .route("/panel/pins/{id}/remove", post(pins::remove))
        .route("/panel/pins/{id}/content", get(pins::give))
        .route("/panel/pins/{id}/content/{*path}", get(pins::give_inside))
        .route("/panel/jobs", get(jobs::list))
        .route("/panel/jobs/{id}/retry", post(jobs::retry))
        .route("/panel/jobs/{id}/remove", post(jobs::remove))
        .route("/panel/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/panel/webhooks/{id}", get(webhooks::show).post(webhooks::change))
        .route("/panel/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/panel/webhooks/{id}/ping", post(webhooks::ping))
        .route("/panel/webhooks/{id}/remove", post(webhooks::remove))
        .route("/panel/webhooks/{id}/deliveries/{delivery}/redeliver", post(webhooks::redeliver))
        .route("/panel/assets/{version}/{name}", get(assets::show))
        .route("/panel/{*nothing}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(Extension(Arc::new(Gate::new(app.clock.clone()))))
        .layer(from_fn_with_state(app.clone(), guard::guard))
}

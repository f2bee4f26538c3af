//! `/panel`: the web pages for people. Rendered here from `templates/panel`; what they load is in `assets/panel` and in the binary.
//!
//! ```text
//! member  gate      who is here, by a cookie; how often somebody may try to be
//! guard             what concerns every page: whose requests are taken, and what a browser may do with the answers
//! shell  page  show answers, and what is around every page
//! assets  form  error
//!
//! overview  upload  login  register    the pages
//! ```
//!
//! Pages work without scripts: forms are posted and answered with 303. A page reads plain lists from the database; whatever changes
//! something goes through the house.

mod assets;
mod error;
mod form;
mod gate;
mod guard;
mod login;
mod member;
mod overview;
mod page;
mod register;
mod shell;
mod show;
mod upload;

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
        .route("/panel/upload", get(upload::show))
        .route("/panel/upload/session", post(upload::begin))
        .route("/panel/assets/{version}/{name}", get(assets::show))
        .route("/panel/{*nothing}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(Extension(Arc::new(Gate::new(app.clock.clone()))))
        .layer(from_fn_with_state(app.clone(), guard::guard))
}

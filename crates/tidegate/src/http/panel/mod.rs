//! `/panel`: the web pages for people. Rendered here from `templates/panel`; what they load is in `assets/panel` and in the binary.
//!
//! ```text
//! member  gate      who is here, by a cookie; how often somebody may try to be
//! guard             what concerns every page: whose requests are taken, and what a browser may do with the answers
//! shell  page  show answers, and what is around every page
//! assets  form  error  chart  pager
//!
//! login  login_code  register  password    getting in
//! upload  pins  jobs  webhooks             content, and what was asked for
//! keys  account     what programs are given to act for somebody; password, second factor, sessions
//! provider          selling: chains, assets, orders, receipts, tokens, wallets
//! overview  usage  endpoints               how things are
//! admin/            the pages for administrators alone
//! ```
//!
//! Pages work without scripts: forms are posted and answered with 303. A page reads plain lists from the database; whatever changes
//! something goes through the house.

mod account;
mod admin;
mod assets;
mod chart;
mod endpoints;
mod error;
mod form;
mod gate;
mod guard;
mod jobs;
mod keys;
mod login;
mod login_code;
mod member;
mod overview;
mod page;
mod pager;
mod password;
mod pins;
mod provider;
mod register;
mod shell;
mod show;
mod upload;
mod usage;
mod webhooks;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{any, get, post},
};

use self::{
    account::second_factor,
    error::{PanelError, method_not_allowed, not_found},
    form::{FORM_BYTES, Form},
    gate::Gate,
    keys::{jwt, verification_key},
    member::{Admin, Member, Visitor},
    page::{Page, SeeOther},
    pager::{Pager, link},
    shell::{Here, Shell},
};
use crate::app::App;

/// Every page.
pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/panel", get(overview::show))
        .route("/panel/", get(overview::send_to))
        .route("/panel/login", get(login::ask).post(login::sign_in))
        .route("/panel/login/code", get(login_code::ask).post(login_code::enter))
        .route("/panel/logout", post(login::sign_out))
        .route("/panel/register", get(register::ask).post(register::register))
        .route("/panel/upload", get(upload::show))
        .route("/panel/upload/session", post(upload::begin))
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
        .route("/panel/api/jwt", get(jwt::show).post(jwt::add))
        .route("/panel/api/jwt/{id}/rotate", post(jwt::rotate))
        .route("/panel/api/jwt/{id}/revoke", post(jwt::revoke))
        .route("/panel/api/verification-key", get(verification_key::show).post(verification_key::bring))
        .route("/panel/api/verification-key/rotate", post(verification_key::rotate))
        .route("/panel/api/verification-key/{id}/end", post(verification_key::end))
        .route("/panel/account", get(account::show))
        .route("/panel/account/password", post(account::change_password))
        .route("/panel/account/sessions/end-others", post(account::end_other_sessions))
        .route("/panel/account/sessions/{id}/end", post(account::end_session))
        .route("/panel/account/second-factor", get(second_factor::set_up))
        .route("/panel/account/second-factor/begin", post(second_factor::begin))
        .route("/panel/account/second-factor/confirm", post(second_factor::confirm))
        .route("/panel/account/second-factor/codes", post(second_factor::renew_codes))
        .route("/panel/account/second-factor/remove", post(second_factor::remove))
        .route("/panel/password", get(password::ask).post(password::set))
        .route("/panel/usage", get(usage::show))
        .route("/panel/endpoints", get(endpoints::show))
        .route("/panel/endpoints/invite", post(endpoints::invite))
        .route("/panel/endpoints/{id}/remove", post(endpoints::remove))
        .nest("/panel/admin", admin::routes())
        .route("/panel/provider", get(provider::show))
        .route("/panel/provider/wallets", post(provider::link_wallet))
        .route("/panel/provider/wallets/remove", post(provider::remove_wallet))
        .route("/panel/provider/assets", get(provider::list_assets))
        .route("/panel/provider/orders", get(provider::list_orders))
        .route("/panel/provider/receipts", get(provider::list_receipts))
        .route("/panel/provider/receipts/{id}", get(provider::show_receipt))
        .route("/panel/provider/receipts/{id}/receipt.json", get(provider::save_receipt))
        .route("/panel/provider/tokens", get(provider::list_tokens))
        .route("/panel/provider/tokens/{id}/revoke", post(provider::revoke_token))
        .route("/panel/assets/{version}/{name}", get(assets::show))
        .route("/panel/{*nothing}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(Extension(Arc::new(Gate::new(app.clock.clone()))))
        .layer(from_fn_with_state(app.clone(), guard::guard))
}

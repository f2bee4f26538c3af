//! The Provider: Ocean Protocol's interface for selling access, as its reference implementation and its clients have it.
//!
//! ```text
//! root                                    who we are, and where each route is
//! nonce tokens encrypt decrypt fileinfo initialize download compute    one file per family of routes
//! params validation error json scrub      how requests are read and refused
//! sign                                    what the signed routes share
//! ```
//!
//! Who may have what is decided in [`downloads`](crate::downloads). Each difference from the reference is a line in
//! `docs/compatibility.md`.

mod compute;
mod decrypt;
mod download;
mod encrypt;
mod error;
mod fileinfo;
mod initialize;
mod json;
mod nonce;
mod params;
mod root;
mod scrub;
mod sign;
mod throttle;
mod tokens;
mod validation;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::{any, delete, get, post},
};

pub(in crate::http) use error::ProviderError;
pub(in crate::http) use root::describe;

use self::throttle::Questions;
use super::visit::Visit;
use crate::app::App;

/// The routes below `/api/services`.
pub(super) fn services(app: &App) -> Router<App> {
    let settings = &app.config.provider;
    let questions = Questions::new(settings.fileinfo_concurrent, settings.fileinfo_per_caller);
    let throttled = Extension(Arc::new(questions));
    let mut routes = Router::new()
        .route("/nonce", get(nonce::tell))
        .route("/createAuthToken", get(tokens::create))
        .route("/deleteAuthToken", delete(tokens::delete))
        .route("/auth/token", post(tokens::create_node))
        .route("/auth/token/invalidate", post(tokens::delete_node))
        .route("/encrypt", post(encrypt::encrypt))
        .route("/decrypt", post(decrypt::decrypt))
        .route("/fileinfo", post(fileinfo::tell).layer(throttled.clone()))
        .route("/initialize", get(initialize::quote).layer(throttled));
    for path in compute::PATHS {
        routes = routes.route(path, any(compute::not_offered));
    }
    // Downloads alone are not counted: who may have one is asked anyway, and a player asks for many parts.
    let routes = routes.route_layer(from_fn(knock)).route("/download", get(download::download));
    routes.method_not_allowed_fallback(error::method_not_allowed).fallback(error::not_found)
}

/// Turns away those who come too often.
async fn knock(
    Extension(visit): Extension<Visit>,
    request: Request,
    next: Next,
) -> Result<Response, ProviderError> {
    visit.knock().map_err(|refused| ProviderError::TooOften(refused.after))?;
    Ok(next.run(request).await)
}

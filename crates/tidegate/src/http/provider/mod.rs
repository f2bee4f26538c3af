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
    routing::{any, delete, get, post},
};

pub(in crate::http) use error::ProviderError;
pub(in crate::http) use root::describe;

use self::throttle::Throttle;
use crate::app::App;

/// The routes below `/api/services`.
pub(super) fn services(app: &App) -> Router<App> {
    let settings = &app.config.provider;
    let throttle = Throttle::new(settings.fileinfo_concurrent, settings.fileinfo_per_caller);
    let throttled = Extension(Arc::new(throttle));
    let mut routes = Router::new()
        .route("/nonce", get(nonce::tell))
        .route("/createAuthToken", get(tokens::create))
        .route("/deleteAuthToken", delete(tokens::delete))
        .route("/auth/token", post(tokens::create_node))
        .route("/auth/token/invalidate", post(tokens::delete_node))
        .route("/encrypt", post(encrypt::encrypt))
        .route("/decrypt", post(decrypt::decrypt))
        .route("/fileinfo", post(fileinfo::tell).layer(throttled.clone()))
        .route("/initialize", get(initialize::quote).layer(throttled))
        .route("/download", get(download::download));
    for path in compute::PATHS {
        routes = routes.route(path, any(compute::not_offered));
    }
    routes.method_not_allowed_fallback(error::method_not_allowed).fallback(error::not_found)
}

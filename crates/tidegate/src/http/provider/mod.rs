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
mod error;
mod json;
mod params;
mod scrub;
mod validation;

use axum::{Router, routing::any};

pub(in crate::http) use error::ProviderError;

use crate::app::App;

/// The routes below `/api/services`.
pub(super) fn services() -> Router<App> {
    let mut routes = Router::new();
    for path in compute::PATHS {
        routes = routes.route(path, any(compute::not_offered));
    }
    routes.method_not_allowed_fallback(error::method_not_allowed).fallback(error::not_found)
}

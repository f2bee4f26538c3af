//! Every route of the server.

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post},
};

use super::{error, gateway, layers, ops, pinning, provider};
use crate::app::App;

/// All surfaces on one router.
pub(super) fn router(app: App) -> Router {
    let cloud_and_endpoint = Router::new()
        .route("/ping", get(pinning::ping))
        .route("/endpoint/list", get(pinning::list_endpoints))
        .route("/oauth/accessToken", get(pinning::issue_access_token))
        .route("/pinning/pinFile", post(pinning::pin_file))
        .method_not_allowed_fallback(pinning::method_not_allowed)
        .layer(from_fn(layers::cors::pinning));

    let gateway = Router::new()
        .route("/ipfs/{*path}", get(gateway::serve))
        .method_not_allowed_fallback(gateway::method_not_allowed)
        .layer(from_fn(layers::cors::gateway))
        .with_state(gateway::Gateway::new(app.clone()));

    let provider = Router::new()
        .route("/", get(provider::describe))
        .nest("/api/services", provider::services(&app))
        .layer(from_fn(layers::cors::provider));

    let operations = Router::new()
        .route("/livez", get(ops::live))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics));

    Router::new()
        .merge(cloud_and_endpoint)
        .merge(gateway)
        .merge(provider)
        .merge(operations)
        .fallback(error::not_found)
        .with_state(app)
}

//! Every route of the server.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn,
    routing::{any, delete, get, post, put},
};

use super::{api, docs, error, gateway, layers, ops, panel, pinata, pinning, provider, psa, shared};
use crate::app::App;

/// All surfaces on one router.
pub(super) fn router(app: App) -> Router {
    let cloud_and_endpoint = Router::new()
        .route("/ping", get(pinning::ping))
        .route("/endpoint/list", get(pinning::list_endpoints))
        .route("/oauth/accessToken", get(pinning::issue_access_token))
        .route("/pinning/pinFile", post(pinning::pin_file))
        .route("/pinning/pinByHash", post(shared::pin_by_hash))
        .route("/pinning/pinFromS3", post(pinning::pin_from_s3))
        .route("/pinning/pinJobs", get(shared::list_jobs))
        .route("/pinning/pinList", get(pinning::list_pins))
        .route("/pinning/unpin/{cid}", delete(shared::unpin))
        .method_not_allowed_fallback(pinning::method_not_allowed)
        .layer(from_fn(layers::cors::pinning));

    let pinata = pinata::own_routes()
        .nest("/pinata", pinata::routes())
        .method_not_allowed_fallback(pinata::method_not_allowed)
        .layer(from_fn(layers::cors::pinning));

    let pinning_service = Router::new()
        .route("/psa/pins", get(psa::list_pins).post(psa::add_pin))
        .route("/psa/pins/{requestid}", get(psa::get_pin).post(psa::replace_pin).delete(psa::delete_pin))
        .route("/psa/{*nothing}", any(psa::not_found))
        .method_not_allowed_fallback(psa::method_not_allowed)
        .layer(from_fn(layers::cors::pinning))
        .layer(DefaultBodyLimit::max(psa::BODY_BYTES));

    let own_api = Router::new()
        .route("/api/v1/account", get(api::show_account))
        .route("/api/v1/keys", get(api::list_keys).post(api::add_key))
        .route("/api/v1/keys/{id}", get(api::show_key).patch(api::change_key).delete(api::revoke_key))
        .route("/api/v1/keys/{id}/rotate", post(api::rotate_key))
        .route("/api/v1/upload-links", get(api::list_upload_links).post(api::add_upload_link))
        .route("/api/v1/upload-links/{id}", get(api::show_upload_link).delete(api::remove_upload_link))
        .route("/upload/{token}", put(api::put_upload).post(api::post_upload))
        .route("/api/v1/webhooks", get(api::list_webhooks).post(api::create_webhook))
        .route(
            "/api/v1/webhooks/{id}",
            get(api::show_webhook).patch(api::change_webhook).delete(api::delete_webhook),
        )
        .route("/api/v1/webhooks/{id}/secret", get(api::show_webhook_secret))
        .route("/api/v1/webhooks/{id}/secret/rotate", post(api::rotate_webhook_secret))
        .route("/api/v1/webhooks/{id}/ping", post(api::ping_webhook))
        .route("/api/v1/webhooks/{id}/deliveries", get(api::list_deliveries))
        .route("/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver", post(api::redeliver))
        .route("/api/v1/receipts", get(api::list_receipts))
        .route("/api/v1/receipts/verify", post(api::verify_receipt))
        .route("/api/v1/receipts/{id}", get(api::show_receipt))
        .route("/api/v1/endpoints", get(api::list_endpoints).post(api::join_cloud))
        .route("/api/v1/endpoints/verify", post(api::verify))
        .route("/api/v1/endpoints/report", post(api::report))
        .route("/api/v1/{*nothing}", any(api::not_found))
        .method_not_allowed_fallback(api::method_not_allowed)
        .layer(from_fn(layers::cors::pinning));

    let resumable_uploads = api::uploads::routes();

    let gateway = content(gateway::Gateway::new(app.clone()));

    let provider = Router::new()
        .route("/", get(provider::describe))
        .nest("/api/services", provider::services(&app))
        .layer(from_fn(layers::cors::provider));

    let operations = Router::new()
        .route("/livez", get(ops::live))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics));

    let documentation = Router::new()
        .route("/openapi.json", get(docs::show_description))
        .route("/docs", get(docs::show_first_page))
        .route("/docs/{page}", get(docs::show_page));

    Router::new()
        .merge(cloud_and_endpoint)
        .merge(pinata)
        .merge(pinning_service)
        .merge(own_api)
        .merge(resumable_uploads)
        .merge(gateway)
        .merge(provider)
        .merge(operations)
        .merge(documentation)
        .merge(panel::routes(&app))
        .fallback(error::not_found)
        .with_state(app)
}

/// All that is there under the gateway's own host.
pub(super) fn router_of_content(app: App) -> Router {
    content(gateway::Gateway::alone(app)).route("/livez", get(ops::live)).fallback(gateway::not_found)
}

fn content<S: Clone + Send + Sync + 'static>(gateway: gateway::Gateway) -> Router<S> {
    Router::new()
        .route("/ipfs/{*path}", get(gateway::serve))
        .method_not_allowed_fallback(gateway::method_not_allowed)
        .layer(from_fn(layers::cors::gateway))
        .with_state(gateway)
}

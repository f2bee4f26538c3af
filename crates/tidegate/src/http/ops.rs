//! For operators and their tools: is it alive, is it ready, what does it count.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use crate::{app::App, telemetry};

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Requests can be served: the database answers. 503 says what does not. An Endpoint also says how it stands with its Cloud, without
/// which it can do what it mostly does.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let asked = tokio::time::timeout(Duration::from_secs(2), app.db.ping()).await;
    let (status, database) = match asked {
        Ok(Ok(())) => (StatusCode::OK, "ok".to_owned()),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "it does not answer in time".to_owned()),
    };
    let mut said = json!({"ready": status == StatusCode::OK, "database": database});
    if let Some(cloud) = &app.cloud {
        said["cloud"] = cloud.reach().as_str().into();
        if status == StatusCode::OK {
            said["outbox"] = app.pins.count_untold().await.ok().into();
        }
    }
    (status, Json(said)).into_response()
}

/// The numbers, in Prometheus' text format.
pub(super) async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics::recorder().render())
}

//! On the Cloud: gives requests to Endpoints, and takes them back from those that stay away. Who gets what is decided in
//! `endpoints/giving.rs`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{app::App, db::DbError, telemetry::metrics};

/// How often it is looked at what waits, when nobody rings.
const LOOK: Duration = Duration::from_secs(1);

/// Gives and takes until `stop`.
pub(super) async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let more = match give_and_take(&app).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "requests wait that could not be given to Endpoints");
                false
            }
        };
        if more {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.pins.requested() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn give_and_take(app: &App) -> Result<bool, DbError> {
    metrics::endpoints_live(app.endpoints.live().await?.len());
    let taken = app.endpoints.take_back().await?;
    Ok(app.endpoints.give_out().await? || taken)
}

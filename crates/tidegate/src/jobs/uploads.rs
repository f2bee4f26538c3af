//! Removes uploads of which nothing was heard for too long. Which these are is decided in `uploads/`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often it is looked for them. Nobody can go on with an expired upload, removed or not.
const LOOK: Duration = Duration::from_secs(60);

/// Removes them until `stop`.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        match app.uploads.expire().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed uploads that were not completed in time"),
            Err(error) => tracing::error!(%error, "expired uploads could not be removed; trying again later"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

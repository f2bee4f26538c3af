//! Removes unpinned content when its time of grace is over. What is removed and what stays is decided in `pins/collection.rs`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    pins::{Collected, PinError},
};

/// Another process may have removed a pin: the list is looked at so often without being told.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What could not be removed is not tried again at once.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Collects until `stop`.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let wait = match collect(&app).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "unpinned content could not be removed; trying again later");
                LONGEST_WAIT
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.pins.something_unpinned() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn collect(app: &App) -> Result<Duration, PinError> {
    let Collected { contents, bytes } = app.pins.collect().await?;
    if contents > 0 {
        tracing::info!(contents, bytes, "removed content that nobody has pinned");
    }
    let wait = app.pins.time_to_collection().await?.unwrap_or(LONGEST_WAIT);
    Ok(wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
}

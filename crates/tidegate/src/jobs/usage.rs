//! Notes now and then what accounts and the server have, and what was answered. What is noted is decided in `usage/`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often: the figures of a day are those of its last few minutes.
const LOOK: Duration = Duration::from_secs(300);

/// Notes until `stop`, and once more then, so that nothing that was answered is left out.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        let is_last = stop.is_cancelled();
        if let Err(error) = app.usage.note().await {
            tracing::error!(%error, "the usage of this day could not be noted; trying again later");
        }
        if is_last {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

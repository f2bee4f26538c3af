//! On an Endpoint: tells the Cloud what happened here, and does what the Cloud wants done. What is told and what an errand means is in
//! `pins/errands.rs`; the Cloud's side is `pins/mirror.rs`.
//!
//! One message at a time, each with a number of its own: the Cloud takes in none that comes after a later one. What the Cloud has
//! not confirmed is told again, as it is by then.

use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    cloud::{Cloud, wire::Report},
    telemetry::metrics,
};

/// Tells on and on until `stop`.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let Some(cloud) = app.cloud.clone() else {
        return;
    };
    let mut reporter = Reporter { app, cloud, batch: 0 };
    while !stop.is_cancelled() {
        let heartbeat = reporter.app.config.endpoint.heartbeat;
        let told = tokio::select! {
            () = stop.cancelled() => return,
            told = reporter.report() => told,
        };
        match told {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::debug!(%error, "the Cloud was told nothing");
                // Whoever cannot be reached is not asked more often because there is more to tell.
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(heartbeat) => continue,
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = reporter.app.pins.something_to_tell() => {}
            () = tokio::time::sleep(heartbeat) => reporter.count().await,
        }
    }
}

struct Reporter {
    app: App,
    cloud: Cloud,
    /// The number of the last message.
    batch: u64,
}

impl Reporter {
    /// One message and its answer. True when there is more to tell or to hear at once.
    async fn report(&mut self) -> anyhow::Result<bool> {
        let untold = self.app.pins.untold().await?;
        let url = self.app.config.server.public_url.as_deref().unwrap_or_default();
        self.batch += 1;
        let report = Report { batch: self.batch, endpoint: self.app.pins.portrait(url)?, news: untold.news };
        let answer = self.cloud.report(&report).await?;
        if !answer.taken {
            // An earlier process of this Endpoint has counted on.
            self.batch = answer.batch;
            return Ok(true);
        }
        let more = !untold.entries.is_empty() || !answer.errands.is_empty();
        self.app.pins.forget_told(untold.entries).await?;
        for errand in answer.errands {
            self.app.pins.run_errand(errand).await?;
        }
        Ok(more)
    }

    async fn count(&self) {
        match self.app.pins.count_untold().await {
            Ok(count) => metrics::untold(count),
            Err(error) => tracing::warn!(%error, "what is to be told cannot be counted"),
        }
    }
}

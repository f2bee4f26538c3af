//! What runs beside the requests for as long as the server does, one file per job.

mod by_cid;
mod collect;
mod deliveries;
mod from_s3;
mod give;
mod presigned;
mod report;
mod requests;
mod retry;
mod uploads;
mod usage;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{app::App, config::Role};

/// The running jobs. Whoever starts them stops them.
pub struct Workers {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Starts all of them.
    pub fn start(app: &App) -> Self {
        let workers = Self { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        workers.tasks.spawn(collect::run(app.clone(), workers.stop.clone()));
        workers.tasks.spawn(deliveries::run(app.clone(), workers.stop.clone()));
        workers.tasks.spawn(uploads::run(app.clone(), workers.stop.clone()));
        workers.tasks.spawn(usage::run(app.clone(), workers.stop.clone()));
        let (requests, stop) = (app.clone(), workers.stop.clone());
        match app.config.server.role {
            // A Cloud brings nothing in itself.
            Role::Cloud => workers.tasks.spawn(give::run(requests, stop)),
            Role::All | Role::Endpoint => workers.tasks.spawn(requests::run(requests, stop)),
        };
        workers.tasks.spawn(report::run(app.clone(), workers.stop.clone()));
        workers
    }

    /// Lets each end what it is just doing, and waits for that.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

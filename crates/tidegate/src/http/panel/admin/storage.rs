//! How full the disk is, and of what.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::IntoResponse};

use super::super::{Admin, Here, Page, PanelError, Shell, show};
use crate::{
    app::App,
    db::usage::ServerDay,
    pins::{DiskUse, LastAudit, PinError},
};

#[derive(Template)]
#[template(path = "panel/admin/storage.html")]
struct StoragePage {
    shell: Shell,
    disk: DiskUse,
    /// Uploads that go on after a break.
    uploads: u64,
    /// As it was when it was last looked at.
    stored: Option<ServerDay>,
    audit: Option<LastAudit>,
    grace: Duration,
    data: String,
}

impl StoragePage {
    fn grace(&self) -> String {
        humantime_serde::re::humantime::format_duration(self.grace).to_string()
    }
}

/// Shows it.
pub(in crate::http::panel) async fn show(
    Admin(member): Admin,
    State(app): State<App>,
) -> Result<impl IntoResponse, PanelError> {
    let disk = app.pins.disk_use().await?;
    let uploads = app.uploads.bytes().await.map_err(PinError::from)?;
    Ok(Page::new(StoragePage {
        shell: member.shell(Here::Storage),
        disk,
        uploads,
        stored: app.usage.latest().await?,
        audit: app.pins.last_audit().await?,
        grace: app.config.store.grace,
        data: app.config.data.dir.display().to_string(),
    }))
}

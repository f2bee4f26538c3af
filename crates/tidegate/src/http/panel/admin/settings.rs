//! Settings as in effect, and where each comes from.

use askama::Template;
use axum::{extract::State, response::IntoResponse};

use super::super::{Admin, Here, Page, PanelError, Shell};
use crate::{
    app::App,
    config::{ShownSetting, Source},
};

#[derive(Template)]
#[template(path = "panel/admin/settings.html")]
struct SettingsPage {
    shell: Shell,
    sections: Vec<(&'static str, Vec<ShownSetting>)>,
    version: &'static str,
    without_meaning: Vec<String>,
}

impl SettingsPage {
    /// Where a value comes from, in words.
    fn origin(&self, source: &Source) -> String {
        match source {
            Source::Default => "default".to_owned(),
            Source::File(path) => format!("file {path}"),
            Source::Variable(name) => format!("variable {name}"),
            Source::Flag(name) => format!("flag {name}"),
        }
    }
}

/// Shows them.
pub(in crate::http::panel) async fn show(
    Admin(member): Admin,
    State(app): State<App>,
) -> Result<impl IntoResponse, PanelError> {
    let mut sections: Vec<(&'static str, Vec<ShownSetting>)> = Vec::new();
    for setting in app.config.shown() {
        match sections.last_mut() {
            Some((section, settings)) if *section == setting.section => settings.push(setting),
            _ => sections.push((setting.section, vec![setting])),
        }
    }
    Ok(Page::new(SettingsPage {
        shell: member.shell(Here::Settings),
        sections,
        version: env!("CARGO_PKG_VERSION"),
        without_meaning: app.config.without_meaning.clone(),
    }))
}

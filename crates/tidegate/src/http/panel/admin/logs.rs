//! The last lines of the log, found by request, level and words.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use http::Uri;
use tracing::Level;

use super::super::{
    super::{listed::cut, query::Query as Parameters},
    Admin, Here, Page, Pager, PanelError, Shell, link, show,
};
use crate::{
    app::App,
    telemetry::{KeptLine, Query, kept_lines},
};

/// Lines on one page.
const PAGE: u32 = 100;

/// Lines before and behind one that others are shown around.
const REACH: u64 = 25;

/// The longest text that is looked for, in characters, and how many words it has.
const TEXT: usize = 200;
const WORDS: usize = 8;

/// Levels that can be chosen, with what they are called.
const LEVELS: [(&str, &str, Level); 5] = [
    ("error", "Errors", Level::ERROR),
    ("warn", "Warnings and errors", Level::WARN),
    ("info", "What happens, too", Level::INFO),
    ("debug", "Details, too", Level::DEBUG),
    ("trace", "Everything", Level::TRACE),
];

#[derive(Template)]
#[template(path = "panel/admin/logs.html")]
struct LogsPage {
    shell: Shell,
    request: String,
    words: String,
    level: String,
    lines: Vec<KeptLine>,
    /// The line that the others are around.
    around: Option<u64>,
    pager: Pager,
    /// Lines that there is room for.
    kept: u64,
}

impl LogsPage {
    fn levels(&self) -> [(&'static str, &'static str, Level); 5] {
        LEVELS
    }

    /// The class of a level's badge.
    fn tone(&self, level: &Level) -> &'static str {
        match *level {
            Level::ERROR => "bad",
            Level::WARN => "wait",
            _ => "",
        }
    }

    /// Is it the one that others are shown around?
    fn is_marked(&self, line: &KeptLine) -> bool {
        self.around == Some(line.number)
    }

    fn is_searched(&self) -> bool {
        !self.request.is_empty() || !self.words.is_empty() || self.level != "trace"
    }
}

/// Shows them.
pub(in crate::http::panel) async fn show(
    Admin(member): Admin,
    State(_): State<App>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    let parameters = Parameters::of(&uri);
    let number = |name, default| {
        let number = parameters.number(name, default, 0, u64::MAX);
        number.map_err(|words| PanelError::BadForm(format!("{words}.")))
    };
    let text =
        |name| -> String { parameters.get(name).unwrap_or_default().trim().chars().take(TEXT).collect() };
    let (request, words) = (text("request"), text("words"));
    let level = parameters.get("level").and_then(|name| LEVELS.iter().find(|level| level.0 == name));
    let (level_name, _, level) = level.unwrap_or(&LEVELS[4]);
    let kept = kept_lines();
    let around = Some(number("around", 0)?).filter(|around| *around > 0);
    let before = number("before", u64::MAX)?;
    let mut older = None;
    let lines = match around {
        Some(line) => kept.around(line, REACH),
        None => {
            let query = Query {
                before,
                level: *level,
                request: request.to_lowercase(),
                words: words.split_whitespace().take(WORDS).map(str::to_owned).collect(),
            };
            let mut lines = kept.find(&query, PAGE as usize + 1);
            older = cut(&mut lines, PAGE, |last| place(&request, &words, level_name, Some(last.number)));
            lines
        }
    };
    let newest = place(&request, &words, level_name, None);
    Ok(Page::new(LogsPage {
        shell: member.shell(Here::Logs),
        pager: Pager::new(newest, before == u64::MAX, older),
        request,
        words,
        level: (*level_name).to_owned(),
        lines,
        around,
        kept: kept.capacity() as u64,
    }))
}

/// The page with lines before this one, or the last ones.
fn place(request: &str, words: &str, level: &str, before: Option<u64>) -> String {
    let [request, words, level] = [request, words, level].map(|text| Some(text.to_owned()));
    let before = before.map(|before| before.to_string());
    link("/panel/admin/logs", [("request", request), ("words", words), ("level", level), ("before", before)])
}

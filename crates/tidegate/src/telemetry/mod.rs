//! What an operator sees: log lines here, the last of them in `kept.rs`, and which request they belong to in `request.rs`; numbers in
//! `metrics.rs`, and those of a day in `traffic.rs`.

mod kept;
pub mod metrics;
pub mod request;
mod traffic;

use std::{io::BufWriter, sync::OnceLock};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::format::{Format, JsonFields},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::clock::Clock;
use crate::config::{Log, LogFormat};

pub use kept::{KeptLine, KeptLines, Query};
pub use traffic::{Passed, Traffic};

/// Lines that may wait for a slow terminal or pipe before new ones are dropped: requests never wait for the log.
const WAITING_LINES: usize = 8192;

/// Libraries that talk to other hosts and name them. Where sold files are is nobody's business but their publisher's, so
/// these write nothing, whatever the level is; what matters of it is said by us, without names.
const TALKERS: [&str; 12] = [
    "alloy",
    "h2",
    "hickory_net",
    "hickory_proto",
    "hickory_resolver",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "rustls_platform_verifier",
    "tokio_tungstenite",
    "tungstenite",
];

/// Starts logging to standard error. Lines still waiting are written when the guard is dropped.
///
/// # Errors
/// Logging was started before, or the filter is wrong (which a checked config rules out).
pub fn start_logging(config: &Log) -> anyhow::Result<WorkerGuard> {
    let filter: Targets = config.level.parse()?;
    let filter = filter.with_targets(TALKERS.map(|library| (library, LevelFilter::OFF)));
    // Flushed whenever no line waits: only a busy log is written in larger pieces.
    let lines = BufWriter::new(std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(lines);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = match config.format {
        LogFormat::Text => layer
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .fmt_fields(request::Named::default())
            .boxed(),
        LogFormat::Json => {
            let json =
                Format::default().json().flatten_event(true).with_current_span(false).with_span_list(false);
            layer.fmt_fields(JsonFields::new()).event_format(request::NamedJson(json)).boxed()
        }
    };
    let kept = KEPT.get_or_init(|| KeptLines::new(config.kept, Clock::system()));
    let kept = (kept.capacity() > 0).then(|| kept.layer());
    // One filter before both: what neither wants is not even put together.
    tracing_subscriber::registry().with(filter).with(layer).with(kept).try_init()?;
    Ok(guard)
}

/// What [`start_logging`] keeps. One a process, as there is one log.
static KEPT: OnceLock<KeptLines> = OnceLock::new();

/// The last lines of the log; none where logging was not started.
#[must_use]
pub fn kept_lines() -> KeptLines {
    KEPT.get().cloned().unwrap_or_else(|| KeptLines::new(0, Clock::system()))
}

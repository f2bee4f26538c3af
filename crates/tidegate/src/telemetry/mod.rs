//! What an operator sees: log lines here, numbers in `metrics.rs`.

pub mod metrics;

use std::io::BufWriter;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::{Log, LogFormat};

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
        LogFormat::Text => layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        }
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init()?;
    Ok(guard)
}

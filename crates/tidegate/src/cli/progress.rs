//! The bar that people at a terminal see during long work. Programs, and `--json`, see nothing of it.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;

/// How often the bar moves while nothing comes.
const TICK: Duration = Duration::from_millis(200);

/// Bytes (or things) done, of so many. It vanishes when dropped.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar named `what`, such as "hashing"; without a total until one is known.
    pub(super) fn new(output: Output, what: &'static str, total: Option<u64>) -> Self {
        Self::styled(output, what, total, if total.is_some() { known() } else { unknown() })
    }

    /// A bar of things that are counted, not weighed.
    pub(super) fn counting(output: Output, what: &'static str, total: u64) -> Self {
        Self::styled(output, what, Some(total), counted())
    }

    fn styled(output: Output, what: &'static str, total: Option<u64>, style: ProgressStyle) -> Self {
        if output.json || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        Self(Some(bar))
    }

    /// So many are done.
    pub(super) fn set(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }

    /// So many bytes more are done.
    pub(super) fn add(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    /// Now it is known how many there are.
    pub(super) fn set_total(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(bytes);
            bar.set_style(known());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn known() -> ProgressStyle {
    style("{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}")
}

fn unknown() -> ProgressStyle {
    style("{spinner} {msg} {binary_bytes} {binary_bytes_per_sec}")
}

fn counted() -> ProgressStyle {
    style("{msg} {wide_bar} {human_pos}/{human_len} {eta}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        let _ = (known(), unknown(), counted());
    }
}

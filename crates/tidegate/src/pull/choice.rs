//! Whom to ask next: those who have given much and are not busy, before those who have not.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Source;

/// What one failure counts, in requests under way.
const FAILURE: usize = 4;
/// A source that fails always is still asked last, and no worse than that.
const MAX_FAILURES: usize = 64;

/// The sources of one try, and what was learnt of them.
pub(super) struct Choice<'a>(Vec<Candidate<'a>>);

pub(super) struct Candidate<'a> {
    pub(super) source: &'a Source,
    under_way: AtomicUsize,
    failures: AtomicUsize,
}

impl<'a> Choice<'a> {
    pub(super) fn among(sources: &'a [Source]) -> Self {
        let candidate =
            |source| Candidate { source, under_way: AtomicUsize::new(0), failures: AtomicUsize::new(0) };
        Self(sources.iter().map(candidate).collect())
    }

    /// All sources, the best one first.
    pub(super) fn in_order(&self) -> Vec<&Candidate<'a>> {
        let mut order: Vec<_> = self.0.iter().collect();
        order.sort_by_key(|candidate| candidate.cost());
        order
    }
}

impl Candidate<'_> {
    /// Asks the source, and learns from what it says.
    pub(super) async fn ask<T, E>(&self, asking: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let answer = asking.await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let failures = self.failures.load(Ordering::Relaxed);
        let failures = if answer.is_ok() { failures / 2 } else { (failures + 1).min(MAX_FAILURES) };
        self.failures.store(failures, Ordering::Relaxed);
        answer
    }

    fn cost(&self) -> usize {
        self.under_way.load(Ordering::Relaxed) + FAILURE * self.failures.load(Ordering::Relaxed)
    }
}

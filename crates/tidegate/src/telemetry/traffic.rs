//! How much each surface answers, counted for the figures of a day. What is exported at `/metrics` is counted in `metrics.rs`: those
//! numbers begin at nothing with each start, these are taken from here and written down.

use std::sync::atomic::{AtomicU64, Ordering};

use super::metrics::Surface;

/// What was answered since it was last taken. Counting is two additions, and nobody waits for another.
#[derive(Debug, Default)]
pub struct Traffic([Counts; Surface::ALL.len()]);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    sent: AtomicU64,
}

/// What one surface answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Which.
    pub surface: Surface,
    /// Requests.
    pub requests: u64,
    /// Bytes of bodies.
    pub sent: u64,
}

impl Traffic {
    /// A request was answered with a body of so many bytes.
    pub fn count(&self, surface: Surface, sent: u64) {
        self.add(Passed { surface, requests: 1, sent });
    }

    /// What was answered on surfaces that were asked anything, and counts from nothing again.
    pub fn take(&self) -> Vec<Passed> {
        self.each(|number| number.swap(0, Ordering::Relaxed))
    }

    /// The same, and goes on counting.
    pub fn look(&self) -> Vec<Passed> {
        self.each(|number| number.load(Ordering::Relaxed))
    }

    /// Counts what was taken and could not be written down.
    pub fn give_back(&self, passed: &[Passed]) {
        for passed in passed {
            self.add(*passed);
        }
    }

    fn add(&self, passed: Passed) {
        let counts = &self.0[passed.surface as usize];
        counts.requests.fetch_add(passed.requests, Ordering::Relaxed);
        counts.sent.fetch_add(passed.sent, Ordering::Relaxed);
    }

    fn each(&self, read: impl Fn(&AtomicU64) -> u64) -> Vec<Passed> {
        let counted = Surface::ALL.into_iter().zip(&self.0).map(|(surface, counts)| Passed {
            surface,
            requests: read(&counts.requests),
            sent: read(&counts.sent),
        });
        counted.filter(|passed| passed.requests > 0 || passed.sent > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_counts_once_and_what_is_given_back_counts_again() {
        let traffic = Traffic::default();
        traffic.count(Surface::Gateway, 5);
        traffic.count(Surface::Gateway, 7);
        traffic.count(Surface::Other, 0);
        let expected = [
            Passed { surface: Surface::Gateway, requests: 2, sent: 12 },
            Passed { surface: Surface::Other, requests: 1, sent: 0 },
        ];
        assert_eq!(traffic.look(), expected);
        let taken = traffic.take();
        assert_eq!(taken, expected);
        assert_eq!(traffic.take(), []);
        traffic.give_back(&taken);
        traffic.count(Surface::Gateway, 1);
        assert_eq!(traffic.take()[0], Passed { surface: Surface::Gateway, requests: 3, sent: 13 });
    }
}

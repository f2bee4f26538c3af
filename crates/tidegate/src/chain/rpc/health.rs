//! Which node is asked first: one that failed rests, longer each time, and is asked only when all others fail too.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How one node did lately.
#[derive(Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Default, Clone, Copy)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
}

/// The rest after a first failure.
const FIRST: Duration = Duration::from_millis(500);
/// No rest is longer, whatever a node asks for.
const LONGEST: Duration = Duration::from_secs(30);

impl Health {
    /// The end of the rest, if the node rests at `now`. Nodes sort by it: who does not rest comes first.
    pub(super) fn rest(&self, now: Instant) -> Option<Instant> {
        self.state(|state| state.rests_until.filter(|until| *until > now))
    }

    /// The node answered; whether it had failed before.
    pub(super) fn answered(&self) -> bool {
        self.state(|state| std::mem::take(state).failures > 0)
    }

    /// The node failed at `now` and asks for a pause of `wish`; whether it had answered before.
    pub(super) fn failed(&self, now: Instant, wish: Option<Duration>) -> bool {
        self.state(|state| {
            let rest = FIRST.saturating_mul(1 << state.failures.min(10));
            state.failures = state.failures.saturating_add(1);
            state.rests_until = Some(now + rest.max(wish.unwrap_or_default()).min(LONGEST));
            state.failures == 1
        })
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_get_longer_until_an_answer() {
        let health = Health::default();
        let now = Instant::now();
        assert!(health.failed(now, None));
        assert_eq!(health.rest(now), Some(now + FIRST));
        assert!(!health.failed(now, None));
        assert_eq!(health.rest(now), Some(now + 2 * FIRST));
        assert_eq!(health.rest(now + 2 * FIRST), None);
        for _ in 0..40 {
            health.failed(now, None);
        }
        assert_eq!(health.rest(now), Some(now + LONGEST));
        assert!(health.answered());
        assert!(!health.answered());
        assert_eq!(health.rest(now), None);
    }

    #[test]
    fn a_node_may_ask_for_a_longer_rest_within_reason() {
        let health = Health::default();
        let now = Instant::now();
        health.failed(now, Some(Duration::from_secs(5)));
        assert_eq!(health.rest(now), Some(now + Duration::from_secs(5)));
        health.failed(now, Some(Duration::from_secs(86400)));
        assert_eq!(health.rest(now), Some(now + LONGEST));
    }
}

//! How often anybody may have us ask an origin something: so often a second for each caller, and so many at once for all.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    super::throttle::{Throttle, network_of},
    ProviderError,
};
use crate::clock::Timestamp;

/// A caller who has saved up may ask so many seconds' worth at once.
const BURST_SECONDS: u32 = 5;

/// Time to wait when all places are taken.
const SOON: Duration = Duration::from_secs(1);

/// See the module's documentation.
pub(super) struct Questions {
    places: Arc<Semaphore>,
    callers: Throttle<IpAddr>,
}

impl Questions {
    /// At most `places` questions at once, and `rate` a second for each caller; zero for as many as they like.
    pub(super) fn new(places: usize, rate: u32) -> Self {
        let callers = Throttle::per_second(rate, rate.saturating_mul(BURST_SECONDS));
        Self { places: Arc::new(Semaphore::new(places)), callers }
    }

    /// A place for a question of `caller`, which costs as much as `files` files.
    ///
    /// # Errors
    /// Too many; the error says when to come again.
    pub(super) fn enter(
        &self,
        caller: IpAddr,
        files: usize,
        now: Timestamp,
    ) -> Result<OwnedSemaphorePermit, ProviderError> {
        // Behind a proxy on this machine that is not a trusted one, all callers look like one.
        if !caller.to_canonical().is_loopback() {
            let cost = u32::try_from(files).unwrap_or(u32::MAX);
            let taken = self.callers.take(network_of(caller), cost, now);
            taken.map_err(|refused| ProviderError::TooOften(refused.after))?;
        }
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| ProviderError::Busy(SOON))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_caller_waits_and_callers_on_this_machine_do_not() {
        let (questions, now) = (Questions::new(100, 1), Timestamp::from_millis(0));
        assert!(questions.enter(ip("192.0.2.1"), 5, now).is_ok());
        let refused = questions.enter(ip("192.0.2.1"), 1, now).map(drop);
        assert_eq!(refused, Err(ProviderError::TooOften(Duration::from_secs(1))));
        for caller in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(questions.enter(ip(caller), 5, now).is_ok());
            assert!(questions.enter(ip(caller), 5, now).is_ok());
        }
    }

    #[test]
    fn places_are_given_back() {
        let (questions, now) = (Questions::new(1, 0), Timestamp::from_millis(0));
        let place = questions.enter(ip("192.0.2.1"), 9, now).expect("a place");
        assert!(questions.enter(ip("192.0.2.2"), 1, now).is_err());
        drop(place);
        assert!(questions.enter(ip("192.0.2.2"), 1, now).is_ok());
    }
}

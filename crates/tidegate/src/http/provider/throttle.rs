//! How often anybody may have us ask an origin something: so often a second for each caller, and so many at once for all.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ProviderError;
use crate::clock::Timestamp;

/// Callers that are told apart.
const CALLERS: u64 = 100_000;

/// A caller who has saved up may ask so many seconds' worth at once.
const BURST_SECONDS: f64 = 5.0;

/// Time to wait when all places are taken.
const SOON: Duration = Duration::from_secs(1);

/// See the module's documentation.
pub(super) struct Throttle {
    places: Arc<Semaphore>,
    /// Questions a second for each caller; zero for as many as they like.
    rate: f64,
    callers: Cache<IpAddr, Arc<Mutex<Bucket>>>,
}

struct Bucket {
    left: f64,
    at: Timestamp,
}

impl Throttle {
    /// At most `places` questions at once, and `rate` a second for each caller.
    pub(super) fn new(places: usize, rate: u32) -> Self {
        let idle = Duration::from_secs(60);
        Self {
            places: Arc::new(Semaphore::new(places)),
            rate: f64::from(rate),
            callers: Cache::builder().max_capacity(CALLERS).time_to_idle(idle).build(),
        }
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
        self.charge(caller, files, now).map_err(ProviderError::TooOften)?;
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| ProviderError::Busy(SOON))
    }

    fn charge(&self, caller: IpAddr, files: usize, now: Timestamp) -> Result<(), Duration> {
        // Behind a proxy on this machine, all callers look like one.
        if self.rate == 0.0 || caller.to_canonical().is_loopback() {
            return Ok(());
        }
        let full = self.rate * BURST_SECONDS;
        let bucket = self
            .callers
            .get_with(network_of(caller), || Arc::new(Mutex::new(Bucket { left: full, at: now })));
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = u32::try_from(now.as_millis() - bucket.at.as_millis()).unwrap_or_default();
        // What is more than a full bucket goes through a full one; otherwise it never would.
        let cost = f64::from(u32::try_from(files).unwrap_or(u32::MAX)).min(full);
        let left = (bucket.left + f64::from(passed) / 1000.0 * self.rate).min(full);
        *bucket = Bucket { left: if left >= cost { left - cost } else { left }, at: now };
        if left >= cost { Ok(()) } else { Err(Duration::from_secs_f64((cost - left) / self.rate)) }
    }
}

/// Whoever has one address of IPv6 has all of its network.
fn network_of(caller: IpAddr) -> IpAddr {
    match caller.to_canonical() {
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_caller_may_save_up_and_then_wait() {
        let throttle = Throttle::new(100, 2);
        let caller = ip("192.0.2.1");
        for _ in 0..10 {
            assert_eq!(throttle.charge(caller, 1, at(0)), Ok(()));
        }
        assert_eq!(throttle.charge(caller, 1, at(0)), Err(Duration::from_millis(500)));
        assert_eq!(throttle.charge(caller, 1, at(500)), Ok(()));
        assert_eq!(throttle.charge(caller, 1, at(500)), Err(Duration::from_millis(500)));
        assert_eq!(throttle.charge(caller, 1_000, at(1_000_000)), Ok(()), "what is too dear for any bucket");
        assert_eq!(throttle.charge(ip("192.0.2.2"), 1, at(500)), Ok(()), "somebody else");
    }

    #[test]
    fn callers_on_this_machine_are_not_counted() {
        let throttle = Throttle::new(100, 1);
        for caller in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(throttle.charge(ip(caller), 5, at(0)), Ok(()));
            assert_eq!(throttle.charge(ip(caller), 5, at(0)), Ok(()));
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        assert_eq!(network_of(ip("2001:db8:1:2:3::4")), network_of(ip("2001:db8:1:2::")));
        assert_ne!(network_of(ip("2001:db8:1:2::")), network_of(ip("2001:db8:1:3::")));
        assert_eq!(network_of(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn places_are_given_back() {
        let throttle = Throttle::new(1, 0);
        let place = throttle.enter(ip("192.0.2.1"), 9, at(0)).expect("a place");
        assert!(throttle.enter(ip("192.0.2.2"), 1, at(0)).is_err());
        drop(place);
        assert!(throttle.enter(ip("192.0.2.2"), 1, at(0)).is_ok());
    }
}

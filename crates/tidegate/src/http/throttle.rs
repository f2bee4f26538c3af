//! How often somebody may do something: a bucket for each, which fills by the clock and holds a little more than nothing.

use std::{
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;

use crate::clock::Timestamp;

/// Those who are told apart, in each [`Throttle`]. A bucket has some hundred bytes; who has not come for long is forgotten first.
const KNOWN: u64 = 100_000;

/// See the module's documentation. With no rate, nobody is counted and nothing is looked up.
pub(super) struct Throttle<K> {
    /// What a bucket holds.
    burst: f64,
    per_second: f64,
    buckets: Cache<K, Arc<Mutex<Bucket>>>,
}

struct Bucket {
    left: f64,
    at: Timestamp,
}

/// How full a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// What it holds when it is full.
    pub limit: u64,
    /// What is in it.
    pub left: u64,
    /// Until it is full again.
    pub full_in: Duration,
}

/// A bucket does not have enough in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooOften {
    /// How full it is.
    pub level: Level,
    /// Until it has.
    pub after: Duration,
}

impl<K: Hash + Eq + Send + Sync + 'static> Throttle<K> {
    /// So many a minute on average, and as many at once; zero for no limit.
    pub(super) fn per_minute(count: u32) -> Self {
        Self::new(f64::from(count) / 60.0, f64::from(count))
    }

    /// So many a second on average, and `burst` at once; zero for no limit.
    pub(super) fn per_second(count: u32, burst: u32) -> Self {
        Self::new(f64::from(count), f64::from(burst))
    }

    /// So many a second on average, and `burst` at once.
    pub(super) fn new(per_second: f64, burst: f64) -> Self {
        // A bucket that nobody has asked for longer than it takes to fill is a full one, as is none.
        let idle = if per_second > 0.0 { burst / per_second * 2.0 } else { 0.0 };
        let buckets = Cache::builder()
            .max_capacity(KNOWN)
            .time_to_idle(Duration::from_secs(60).max(Duration::from_secs_f64(idle)))
            .build();
        Self { burst, per_second, buckets }
    }

    /// Takes `cost` of the bucket of `who`; nothing is returned where there is no limit. What is more than a full bucket goes through a
    /// full one: otherwise it never would.
    ///
    /// # Errors
    /// There is not so much in it, and nothing is taken.
    pub(super) fn take(&self, who: K, cost: u32, now: Timestamp) -> Result<Option<Level>, TooOften> {
        if self.per_second == 0.0 {
            return Ok(None);
        }
        let bucket =
            self.buckets.get_with(who, || Arc::new(Mutex::new(Bucket { left: self.burst, at: now })));
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = u32::try_from(now.as_millis() - bucket.at.as_millis()).unwrap_or_default();
        let left = (bucket.left + f64::from(passed) / 1000.0 * self.per_second).min(self.burst);
        let cost = f64::from(cost).min(self.burst);
        let is_enough = left >= cost;
        let left = if is_enough { left - cost } else { left };
        *bucket = Bucket { left, at: now };
        if is_enough {
            Ok(Some(self.level(left)))
        } else {
            Err(TooOften { level: self.level(left), after: self.time_for(cost - left) })
        }
    }

    /// Whether there is one in the bucket of `who`, without taking it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn look(&self, who: &K, now: Timestamp) -> Result<(), TooOften> {
        // No bucket is a full one, and looking makes none.
        let Some(bucket) = (self.per_second > 0.0).then(|| self.buckets.get(who)).flatten() else {
            return Ok(());
        };
        let bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = u32::try_from(now.as_millis() - bucket.at.as_millis()).unwrap_or_default();
        let left = bucket.left + f64::from(passed) / 1000.0 * self.per_second;
        if left >= 1.0 {
            Ok(())
        } else {
            Err(TooOften { level: self.level(left), after: self.time_for(1.0 - left) })
        }
    }

    fn level(&self, left: f64) -> Level {
        Level { limit: whole(self.burst), left: whole(left), full_in: self.time_for(self.burst - left) }
    }

    fn time_for(&self, amount: f64) -> Duration {
        Duration::from_secs_f64((amount / self.per_second).max(0.0))
    }
}

/// The whole part of a number that is not negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Whoever has one address of IPv6 has all of its network.
pub(super) fn network_of(caller: IpAddr) -> IpAddr {
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

    fn after<T>(taken: Result<T, TooOften>) -> Option<Duration> {
        taken.err().map(|refused| refused.after)
    }

    #[test]
    fn whoever_has_saved_up_may_and_then_waits() {
        let throttle = Throttle::per_second(2, 10);
        for left in (0..10).rev() {
            let level = throttle.take("ann", 1, at(0)).expect("enough").expect("a limit");
            assert_eq!((level.limit, level.left), (10, left));
        }
        assert_eq!(after(throttle.take("ann", 1, at(0))), Some(Duration::from_millis(500)));
        assert_eq!(after(throttle.take("ann", 1, at(500))), None);
        assert_eq!(after(throttle.take("ann", 1, at(500))), Some(Duration::from_millis(500)));
        assert_eq!(
            after(throttle.take("ann", 1_000, at(1_000_000))),
            None,
            "what is too dear for any bucket"
        );
        assert_eq!(after(throttle.take("bob", 1, at(500))), None, "somebody else");
        // A clock that was turned back gives nothing, and takes nothing.
        assert_eq!(after(throttle.take("bob", 9, at(0))), None);
    }

    #[test]
    fn a_minutes_worth_may_come_at_once() {
        let throttle = Throttle::per_minute(60);
        for _ in 0..60 {
            assert_eq!(after(throttle.take(1, 1, at(0))), None);
        }
        assert_eq!(after(throttle.take(1, 1, at(0))), Some(Duration::from_secs(1)));
        assert_eq!(after(throttle.look(&1, at(999))), Some(Duration::from_millis(1)));
        assert_eq!(after(throttle.look(&1, at(1000))), None);
        assert_eq!(after(throttle.look(&2, at(0))), None);
        let level = throttle.take(1, 1, at(30_000)).expect("enough").expect("a limit");
        assert_eq!((level.left, level.full_in), (29, Duration::from_secs(31)));
    }

    #[test]
    fn no_limit_counts_nothing() {
        let throttle = Throttle::per_minute(0);
        for _ in 0..1000 {
            assert_eq!(throttle.take(1, 1, at(0)), Ok(None));
        }
        assert_eq!(throttle.look(&1, at(0)), Ok(()));
        assert_eq!(throttle.buckets.iter().count(), 0);
    }

    #[test]
    fn a_flood_of_callers_is_not_remembered_for_ever() {
        let throttle = Throttle::per_minute(10);
        for caller in 0..2 * KNOWN {
            assert_eq!(after(throttle.take(caller, 1, at(0))), None);
        }
        throttle.buckets.run_pending_tasks();
        assert!(throttle.buckets.entry_count() <= KNOWN);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        assert_eq!(network_of(ip("2001:db8:1:2:3::4")), network_of(ip("2001:db8:1:2::")));
        assert_ne!(network_of(ip("2001:db8:1:2::")), network_of(ip("2001:db8:1:3::")));
        assert_eq!(network_of(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}

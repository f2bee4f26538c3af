//! What time it is: the only place that asks. Everything else is handed a [`Clock`] or a [`Timestamp`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::macros::format_description;

/// A clock: the machine's, or one that a test turns by hand. Clones share the same hands.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] turns it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_millis()))))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::from_system(SystemTime::now()),
            Source::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Turns a manual clock forward.
    ///
    /// # Panics
    ///
    /// On the system clock, which nobody can turn.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::System => panic!("the system clock cannot be advanced"),
            Source::Manual(millis) => {
                let later = self.now().plus(by);
                millis.store(later.as_millis(), Ordering::SeqCst);
            }
        }
    }
}

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999.
///
/// Printed as RFC 3339 in UTC with milliseconds, which is also all that is stored: a moment that was printed
/// and read back is the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00.000Z, before everything.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// 9999-12-31T23:59:59.999Z, after everything.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment `millis` milliseconds after the epoch; outside of the four-digit years, the nearest inside.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The moment `seconds` seconds after the epoch; clamped like [`Timestamp::from_millis`].
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the unit of tokens.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and `by` more.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(by))
    }

    /// This moment less `by`.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(by))
    }

    /// As a date of HTTP (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. Seconds are rounded down.
    #[must_use]
    pub fn to_http_date(self) -> String {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let moment = OffsetDateTime::from_unix_timestamp(self.as_seconds());
        // Every moment between the years 0000 and 9999 can be written.
        moment.ok().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
    }

    /// The day that this moment is in.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.0.div_euclid(Day::MILLIS))
    }

    fn from_system(now: SystemTime) -> Self {
        let millis = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Self::from_millis(millis)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(format).map_err(|_| fmt::Error)?)
    }
}

/// A day in UTC: whole days since 1970-01-01. Printed as `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    const MILLIS: i64 = 86_400_000;

    /// The day `number` days after the epoch.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Days since the epoch.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }

    /// The day so many days before this one.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(days)))
    }

    /// The day after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = Timestamp::from_millis(self.0.saturating_mul(Self::MILLIS)).to_string();
        f.write_str(midnight.split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_goes_from_midnight_to_midnight() {
        let last = Timestamp::from_millis(1_629_935_999_999);
        assert_eq!(last.day().to_string(), "2021-08-25");
        assert_eq!(last.plus(Duration::from_millis(1)).day(), last.day().next());
        assert_eq!(Timestamp::from_millis(-1).day().to_string(), "1969-12-31");
        assert_eq!(Timestamp::from_millis(0).day().minus(1).number(), -1);
    }

    #[test]
    fn prints_rfc_3339_with_milliseconds() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_629_867_225_040).to_string(), "2021-08-25T04:53:45.040Z");
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn dates_of_http_are_in_the_one_format() {
        assert_eq!(Timestamp::from_seconds(784_111_777).to_http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(Timestamp::MAX.to_http_date(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn every_moment_can_be_printed() {
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Duration::MAX), Timestamp::MIN);
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(Timestamp::from_millis(1999).as_seconds(), 1);
        assert_eq!(Timestamp::from_millis(-1).as_seconds(), -1);
    }

    #[test]
    fn clones_of_a_manual_clock_turn_together() {
        let clock = Clock::manual(Timestamp::from_seconds(10));
        let clone = clock.clone();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clone.now(), Timestamp::from_millis(11_500));
    }
}

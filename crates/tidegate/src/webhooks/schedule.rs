//! When a message that was not taken is sent again. Pure.

use std::time::Duration;

/// The waits after the first try and each next one, in seconds. When they are used up, the message has failed.
const WAITS: [u64; 7] = [5, 60, 5 * 60, 30 * 60, 2 * 60 * 60, 6 * 60 * 60, 12 * 60 * 60];

/// The wait after so many tries, the last one included; nothing when there is no further one. `jitter` spreads waits over a fifth
/// more, so that what failed together is not tried together.
#[must_use]
pub fn after_failure(tries: u64, jitter: u8) -> Option<Duration> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    let wait = Duration::from_secs(*WAITS.get(place)?);
    Some(wait + wait * u32::from(jitter) / (5 * u32::from(u8::MAX)))
}

/// How a reason ends when there is no further try.
#[must_use]
pub fn given_up(reason: &str, tries: u64) -> String {
    format!("{reason} (given up after {tries} tries)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_day_and_end() {
        let waits: Vec<_> = (1..).map_while(|tries| after_failure(tries, 0)).collect();
        assert_eq!(waits.iter().map(Duration::as_secs).collect::<Vec<_>>(), WAITS);
        assert_eq!(after_failure(0, 0), None);
        assert_eq!(after_failure(u64::MAX, 255), None);
    }

    #[test]
    fn waits_are_spread_over_a_fifth_more() {
        assert_eq!(after_failure(2, 255), Some(Duration::from_secs(72)));
        assert!(after_failure(2, 100) > after_failure(2, 99));
    }
}

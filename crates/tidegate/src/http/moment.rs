//! Moments in queries: ISO 8601 in the spellings that clients really send (reference A9).

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

use crate::clock::Timestamp;

/// A moment as finely as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The millisecond it is in.
    millisecond: Timestamp,
    /// Is it behind the beginning of that millisecond?
    behind: bool,
    /// Was it a date alone?
    whole_day: bool,
}

impl Moment {
    /// Reads a date, or a date and a time with up to nine digits of a second's fraction. Without a zone it is UTC. A blank before
    /// the zone is a plus that form decoding took away.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut reader = Reader(text.as_bytes());
        let year = reader.digits(4)?;
        reader.one_of(b"-")?;
        let month = reader.digits(2)?;
        reader.one_of(b"-")?;
        let day = reader.digits(2)?;
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date =
            Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
        let (time, offset, whole_day) = if reader.0.is_empty() {
            (Time::MIDNIGHT, UtcOffset::UTC, true)
        } else {
            reader.one_of(b"Tt ")?;
            (reader.time()?, reader.zone()?, false)
        };
        let nanos = PrimitiveDateTime::new(date, time).assume_offset(offset).unix_timestamp_nanos();
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).ok()?;
        let millisecond = Timestamp::from_millis(millis);
        Some(Self { millisecond, behind: nanos.rem_euclid(1_000_000) != 0, whole_day })
    }

    /// The first millisecond that is not before this moment.
    pub(super) fn not_before(self) -> Timestamp {
        if self.behind { self.next() } else { self.millisecond }
    }

    /// The last millisecond that is not after this moment; of a date alone, the day's last.
    pub(super) fn not_after(self) -> Timestamp {
        const DAY: std::time::Duration = std::time::Duration::from_millis(86_400_000 - 1);
        if self.whole_day { self.millisecond.plus(DAY) } else { self.millisecond }
    }

    /// The first millisecond after this moment.
    pub(super) fn after(self) -> Timestamp {
        self.next()
    }

    fn next(self) -> Timestamp {
        Timestamp::from_millis(self.millisecond.as_millis() + 1)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    }

    fn one_of(&mut self, choices: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !choices.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// Hours, minutes, and perhaps seconds and their fraction.
    fn time(&mut self) -> Option<Time> {
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        let (mut second, mut nanos) = (0, 0);
        if self.one_of(b":").is_some() {
            second = self.digits(2)?;
            if self.one_of(b".,").is_some() {
                nanos = self.fraction()?;
            }
        }
        let small = |number: u32| u8::try_from(number).ok();
        Time::from_hms_nano(small(hour)?, small(minute)?, small(second)?, nanos).ok()
    }

    fn fraction(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let missing = u32::try_from(9 - count).ok()?;
        Some(self.digits(count)? * 10_u32.pow(missing))
    }

    fn zone(&mut self) -> Option<UtcOffset> {
        if self.0.is_empty() || matches!(self.0, b"Z" | b"z") {
            return Some(UtcOffset::UTC);
        }
        let east = self.one_of(b"+- ")? != b'-';
        let hours = i32::try_from(self.digits(2)?).ok()?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            let _ = self.one_of(b":");
            i32::try_from(self.digits(2)?).ok()?
        };
        if !self.0.is_empty() || hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = (hours * 60 + minutes) * 60;
        UtcOffset::from_whole_seconds(if east { seconds } else { -seconds }).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_moment_is_read() {
        for text in [
            "2021-08-25T04:53:45.040Z",
            "2021-08-25T04:53:45.04z",
            "2021-08-25t04:53:45.040000000Z",
            "2021-08-25 04:53:45,040",
            "2021-08-25T12:53:45.040+08:00",
            "2021-08-25T12:53:45.040 08:00",
            "2021-08-25T12:53:45.040+0800",
            "2021-08-25T12:53:45.04+08",
            "2021-08-24T21:53:45.04-07:00",
        ] {
            let moment = Moment::parse(text).expect(text);
            assert_eq!(moment.not_before().to_string(), "2021-08-25T04:53:45.040Z", "{text}");
            assert_eq!(moment.not_after(), moment.not_before(), "{text}");
            assert_eq!(moment.after().to_string(), "2021-08-25T04:53:45.041Z", "{text}");
        }
        let minute = Moment::parse("2021-08-25T04:53").expect("no seconds");
        assert_eq!(minute.not_before().to_string(), "2021-08-25T04:53:00.000Z");
    }

    #[test]
    fn a_date_is_a_day_from_its_beginning_to_its_end() {
        let day = Moment::parse("2021-08-25").expect("a date");
        assert_eq!(day.not_before().to_string(), "2021-08-25T00:00:00.000Z");
        assert_eq!(day.not_after().to_string(), "2021-08-25T23:59:59.999Z");
    }

    #[test]
    fn what_is_finer_than_a_millisecond_lies_between_two() {
        let moment = Moment::parse("2021-08-25T04:53:45.0405Z").expect("a moment");
        assert_eq!(moment.not_before().to_string(), "2021-08-25T04:53:45.041Z");
        assert_eq!(moment.not_after().to_string(), "2021-08-25T04:53:45.040Z");
        assert_eq!(moment.after().to_string(), "2021-08-25T04:53:45.041Z");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "1629867225040",
            "2021",
            "2021-08",
            "2021-13-01",
            "2021-02-29",
            "2021-08-25T",
            "2021-08-25T04",
            "2021-08-25T24:00:00Z",
            "2021-08-25T04:53:60Z",
            "2021-08-25T04:53:45.Z",
            "2021-08-25T04:53:45.0123456789Z",
            "2021-08-25T04:53:45ZZ",
            "2021-08-25T04:53:45+8",
            "2021-08-25T04:53:45+24:00",
            "2021-08-25T04:53:45+08:0",
            "21-08-25",
            "+2021-08-25",
            "2021-8-25",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_printed_is_read_as_the_same_moment(millis in Timestamp::MIN.as_millis()..Timestamp::MAX.as_millis()) {
            let time = Timestamp::from_millis(millis);
            let moment = Moment::parse(&time.to_string()).expect("a moment");
            prop_assert_eq!((moment.not_before(), moment.not_after()), (time, time));
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,40}") {
            let _ = Moment::parse(&text);
        }
    }
}

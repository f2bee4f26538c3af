//! How pages write numbers and times. Templates give fields by reference and what they have computed by value.

use std::borrow::Borrow;

use crate::{clock::Timestamp, db::jobs::JobStatus};

/// A number of bytes in a unit that people read: `1.5 GiB`.
pub(super) fn bytes(bytes: impl Borrow<u64>) -> String {
    bytesize::ByteSize(*bytes.borrow()).display().iec().to_string()
}

/// A number with a thin gap between thousands.
pub(super) fn count(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut shown = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// A moment to the minute, in UTC: `2026-11-22 06:10 UTC`.
pub(super) fn moment(moment: impl Borrow<Timestamp>) -> String {
    let text = moment.borrow().to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// The day of a moment, in UTC: `2026-11-22`.
pub(super) fn day(moment: impl Borrow<Timestamp>) -> String {
    moment.borrow().to_string()[..10].to_owned()
}

/// A time in its largest unit, rounded down: `3 minutes`.
pub(super) fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// The class of a badge for a request's status.
pub(super) fn tone(status: impl Borrow<JobStatus>) -> &'static str {
    match status.borrow() {
        JobStatus::Queued | JobStatus::Pinning => "wait",
        JobStatus::Pinned => "good",
        JobStatus::Failed => "bad",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13 UTC");
        assert_eq!(day(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14");
    }

    #[test]
    fn spans_are_in_one_unit() {
        for (seconds, expected) in
            [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (7200, "2 hours"), (90_000, "1 day")]
        {
            assert_eq!(span(seconds), expected);
        }
    }
}

//! Byte ranges (RFC 9110, section 14): what a buyer asks for, and what an origin says it gives.

use std::{fmt, ops::Range};

use http::{HeaderMap, HeaderValue, header};

/// One range of bytes, as asked for. Its `Display` is the value of a `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From `first` to `last`, or to the end.
    From {
        /// The first byte.
        first: u64,
        /// The last byte, not less than the first.
        last: Option<u64>,
    },
    /// So many bytes at the end.
    Last(u64),
}

/// The part of a file that a request asks for.
#[derive(Debug, Clone, Default)]
pub struct PartAsked {
    /// Which bytes; all if none.
    pub range: Option<ByteRange>,
    /// Only if the file is still the one of this tag or date; all of it otherwise.
    pub if_range: Option<HeaderValue>,
}

impl PartAsked {
    /// What `Range` and `If-Range` among `headers` ask for. Several ranges, and what is no range of bytes, are as if they
    /// were not there.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        Self { range: range.and_then(ByteRange::parse), if_range: headers.get(header::IF_RANGE).cloned() }
    }

    /// The range, unless the file is another than the one of `etag` by now.
    pub(super) fn range_for(&self, etag: &str) -> Option<ByteRange> {
        self.range.filter(|_| self.if_range.as_ref().is_none_or(|tag| tag.as_bytes() == etag.as_bytes()))
    }
}

impl ByteRange {
    /// Reads `bytes=…`; `None` if that is not one range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => Some(Self::From { first: number(first)?, last: None }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// These bytes of a file of `size` bytes; `None` if there are none.
    #[must_use]
    pub fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From { first, last } => first..last.map_or(size, |last| last.saturating_add(1).min(size)),
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        (range.start < range.end).then_some(range)
    }

    /// Whether an origin that was asked for this may give `part`.
    pub(super) fn agrees_with(self, part: &ContentRange) -> bool {
        match (self, part.total) {
            (_, Some(total)) => self.within(total) == Some(part.first..part.last + 1),
            (Self::From { first, last }, None) => {
                part.first == first && last.is_none_or(|last| part.last <= last)
            }
            (Self::Last(count), None) => part.last - part.first < count,
        }
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { first, last: Some(last) } => write!(f, "bytes={first}-{last}"),
            Self::From { first, last: None } => write!(f, "bytes={first}-"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// Which bytes an answer holds. Its `Display` is the value of a `Content-Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte.
    pub first: u64,
    /// The last byte, not less than the first and less than the total.
    pub last: u64,
    /// Length of the whole file, if that is known.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads `bytes a-b/total`, where the total may be `*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (part, total) = unit_removed(text)?.split_once('/')?;
        let (first, last) = part.split_once('-')?;
        let (first, last) = (number(first.trim())?, number(last.trim())?);
        let total = match total.trim() {
            "*" => None,
            total => Some(number(total)?),
        };
        let fits = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
        fits.then_some(Self { first, last, total })
    }

    /// How many bytes these are.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it always has a first byte")]
    pub fn len(&self) -> u64 {
        self.last - self.first + 1
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/", self.first, self.last)?;
        match self.total {
            Some(total) => total.fmt(f),
            None => f.write_str("*"),
        }
    }
}

/// The length in `bytes */length`, which comes with 416.
pub(super) fn length_of_unsatisfied(text: &str) -> Option<u64> {
    number(unit_removed(text)?.strip_prefix("*/")?.trim())
}

fn unit_removed(text: &str) -> Option<&str> {
    let (unit, rest) = text.trim().split_once(char::is_whitespace)?;
    unit.eq_ignore_ascii_case("bytes").then(|| rest.trim())
}

/// Digits and nothing else. More than fits counts as the largest number: it lies behind every end.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_is_read_and_all_else_is_none() {
        let from = |first, last| Some(ByteRange::From { first, last });
        for (text, expected) in [
            ("bytes=0-0", from(0, Some(0))),
            ("bytes=5-", from(5, None)),
            ("BYTES = 1 - 2", from(1, Some(2))),
            ("bytes=-7", Some(ByteRange::Last(7))),
            ("bytes=-0", Some(ByteRange::Last(0))),
            ("bytes=3-99999999999999999999999", from(3, Some(u64::MAX))),
            ("bytes=5-3", None),
            ("bytes=-", None),
            ("bytes=1-2,5-6", None),
            ("bytes=+1-2", None),
            ("bytes=1-2-3", None),
            ("bytes=--1", None),
            ("bytes 1-2", None),
            ("lines=1-2", None),
            ("bytes=0x1-2", None),
            ("bytes=１-2", None),
            ("", None),
        ] {
            assert_eq!(ByteRange::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        for (text, size, expected) in [
            ("bytes=3-5", 10, Some(3..6)),
            ("bytes=3-99", 10, Some(3..10)),
            ("bytes=-4", 10, Some(6..10)),
            ("bytes=-40", 10, Some(0..10)),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=0-", 0, None),
        ] {
            assert_eq!(ByteRange::parse(text).and_then(|range| range.within(size)), expected, "{text}");
        }
    }

    #[test]
    fn an_origin_gives_what_it_was_asked_for_or_is_not_believed() {
        for (asked, given, agrees) in [
            ("bytes=3-5", "bytes 3-5/10", true),
            ("bytes=3-5", "bytes 3-5/*", true),
            ("bytes=3-5", "bytes 3-4/*", true),
            ("bytes=3-99", "bytes 3-9/10", true),
            ("bytes=3-", "bytes 3-9/10", true),
            ("bytes=-4", "bytes 6-9/10", true),
            ("bytes=-4", "bytes 6-9/*", true),
            ("bytes=3-5", "bytes 2-5/10", false),
            ("bytes=3-5", "bytes 3-4/10", false),
            ("bytes=3-5", "bytes 3-6/*", false),
            ("bytes=3-", "bytes 0-9/10", false),
            ("bytes=-4", "bytes 0-9/*", false),
        ] {
            let (asked, given) = (ByteRange::parse(asked), ContentRange::parse(given));
            let found = asked.zip(given).map(|(asked, given)| asked.agrees_with(&given));
            assert_eq!(found, Some(agrees), "{asked:?} {given:?}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_no_content_range() {
        for text in [
            "bytes 5-3/10",
            "bytes 3-10/10",
            "bytes 0-18446744073709551615/*",
            "bytes */10",
            "bytes 0-1",
            "0-1/2",
            "bytes -1/2",
            "items 0-1/2",
            "bytes a-b/c",
            "",
        ] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
        assert_eq!(length_of_unsatisfied("bytes */10"), Some(10));
        assert_eq!(length_of_unsatisfied("bytes 0-1/10"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(?i)(bytes)?[ =]{0,2}[-0-9*/ ,]{0,24}|.{0,30}") {
            if let Some(range) = ByteRange::parse(&text) {
                prop_assert_eq!(ByteRange::parse(&range.to_string()), Some(range));
                if let Some(within) = range.within(1000) {
                    prop_assert!(within.start < within.end && within.end <= 1000);
                }
            }
            if let Some(part) = ContentRange::parse(&text) {
                prop_assert_eq!(ContentRange::parse(&part.to_string()), Some(part));
                prop_assert!(part.len() > 0);
            }
        }
    }
}

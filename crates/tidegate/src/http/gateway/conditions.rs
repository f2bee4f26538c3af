//! Conditional and range requests (RFC 9110, sections 13 and 14), as pure functions of the headers.

use std::ops::Range;

use http::{HeaderMap, header};

/// What part of a representation is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes.
    Range(Range<u64>),
    /// Nothing that is there.
    Outside,
}

/// Whether the client has the representation `etag` already. Tags are compared weakly; `*` matches anything.
pub(super) fn not_modified(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

/// The part of a representation of `size` bytes that is asked for. Of several ranges the first counts; what is not a
/// range of bytes, or belongs to another representation (`If-Range`), is as if it were not there.
pub(super) fn part(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) || size == 0 {
        return Part::Whole;
    }
    let Some(ranges) = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    let first = ranges.split(',').next().unwrap_or_default().trim();
    let Some((from, to)) = first.split_once('-') else {
        return Part::Whole;
    };
    match (number(from), number(to)) {
        (Some(Some(from)), Some(_)) if from >= size => Part::Outside,
        (Some(Some(from)), Some(Some(to))) if to < from => Part::Whole,
        (Some(Some(from)), Some(to)) => {
            Part::Range(from..to.map_or(size, |to| to.saturating_add(1).min(size)))
        }
        (Some(None), Some(Some(0))) => Part::Outside,
        (Some(None), Some(Some(last))) => Part::Range(size.saturating_sub(last)..size),
        _ => Part::Whole,
    }
}

/// A number, nothing where there is none; `None` for anything else. More than fits counts as the largest.
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-0", Part::Range(0..1)),
            ("bytes=0-", Part::Range(0..10)),
            ("bytes=3-5", Part::Range(3..6)),
            ("bytes=3-99", Part::Range(3..10)),
            ("bytes=3-99999999999999999999999", Part::Range(3..10)),
            ("bytes=-4", Part::Range(6..10)),
            ("bytes=-40", Part::Range(0..10)),
            ("bytes= 1-2 , 5-6", Part::Range(1..3)),
            ("bytes=10-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=5-3", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[(header::RANGE, range)]), "\"x\"", 10), expected, "{range}");
        }
        assert_eq!(part(&headers(&[(header::RANGE, "bytes=0-")]), "\"x\"", 0), Part::Whole);
    }

    #[test]
    fn a_range_of_another_representation_is_the_whole() {
        let with = |tag| headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, tag)]);
        assert_eq!(part(&with("\"x\""), "\"x\"", 10), Part::Range(0..1));
        for other in ["\"y\"", "W/\"x\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(part(&with(other), "\"x\"", 10), Part::Whole, "{other}");
        }
    }

    #[test]
    fn tags_match_weakly_and_in_lists() {
        for (value, expected) in [
            ("\"x\"", true),
            ("W/\"x\"", true),
            ("\"a\", \"x\"", true),
            ("*", true),
            ("\"y\"", false),
            ("x", false),
        ] {
            assert_eq!(
                not_modified(&headers(&[(header::IF_NONE_MATCH, value)]), "\"x\""),
                expected,
                "{value}"
            );
        }
    }
}

//! JSON as this dialect's clients get it: compact, keys in alphabetical order, ASCII only, a newline at the end.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer of JSON. Whoever makes the value sees to the order of its keys: some clients show the first one.
pub(super) struct Answer<T>(pub StatusCode, pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(to_text(&self.1)));
        *response.status_mut() = self.0;
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        response
    }
}

/// `value` as text of this dialect.
pub(super) fn to_text(value: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(128);
    let mut serializer = Serializer::with_formatter(&mut bytes, Ascii(CompactFormatter));
    // Values of ours have text keys and finite numbers, and memory does not fail.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "{written:?}");
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// Writes what is beyond ASCII as `\uXXXX`, in two halves where it needs them.
struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| !c.is_ascii() || *c == '\x7f') {
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_escaped_as_python_does() {
        for (value, expected) in [
            (json!("żółw"), "\"\\u017c\\u00f3\\u0142w\"\n"),
            (json!("a\u{1f30a}b"), "\"a\\ud83c\\udf0ab\"\n"),
            (json!("\"\\\n\t\u{1}"), "\"\\\"\\\\\\n\\t\\u0001\"\n"),
            (json!({"b": [1, null], "a": true}), "{\"a\":true,\"b\":[1,null]}\n"),
        ] {
            assert_eq!(to_text(&value), expected);
        }
    }
}

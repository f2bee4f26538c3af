//! The head of a form's part: its field name, its file name, its type.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::FormError;

/// More header lines than any client sends.
const LINES: usize = 128;

/// What a part says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHead {
    /// The field's name.
    pub name: String,
    /// The file's name or path; `filename*` wins over `filename` (RFC 6266 section 4.3, which browsers and servers follow
    /// here too, though RFC 7578 does not ask for it).
    pub file_name: Option<String>,
    /// The media type without parameters, in lower case.
    pub content_type: Option<String>,
}

impl PartHead {
    /// Reads header lines, each begun by its line end, without the empty line at their end.
    pub(super) fn parse(head: &[u8]) -> Result<Self, FormError> {
        let text = std::str::from_utf8(head).map_err(|_| FormError::Head("it is not UTF-8"))?;
        let (mut part, mut named) = (Self::default(), false);
        for (count, line) in text.split("\r\n").filter(|line| !line.is_empty()).enumerate() {
            if count == LINES {
                return Err(FormError::Head("it has too many lines"));
            }
            let (name, value) = line.split_once(':').ok_or(FormError::Head("a line has no colon"))?;
            if name.eq_ignore_ascii_case("content-type") {
                let essence = value.split(';').next().unwrap_or_default().trim();
                part.content_type = Some(essence.to_ascii_lowercase());
            } else if name.eq_ignore_ascii_case("content-disposition") {
                let mut extended = None;
                for (key, value) in Parameters(value) {
                    match key.to_ascii_lowercase().as_str() {
                        "name" => (part.name, named) = (unescape(&value), true),
                        "filename" => part.file_name = Some(unescape(&value)),
                        "filename*" => extended = extended_value(&value),
                        _ => {}
                    }
                }
                part.file_name = extended.or(part.file_name);
            }
        }
        if named { Ok(part) } else { Err(FormError::Head("it names no field")) }
    }
}

/// The boundary that a `Content-Type` names.
///
/// # Errors
/// It is another type, or its boundary is missing, empty or longer than the 70 characters of RFC 2046.
pub fn boundary_of(content_type: Option<&str>) -> Result<String, FormError> {
    let content_type = content_type.ok_or(FormError::NotAForm)?;
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return Err(FormError::NotAForm);
    }
    Parameters(content_type)
        .find(|(key, _)| key.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.into_owned())
        .filter(|boundary| (1..=70).contains(&boundary.len()))
        .ok_or(FormError::NotAForm)
}

/// The `; key=value` pairs behind the first semicolon; values may be quoted, with backslash escapes of `"` and `\`.
struct Parameters<'a>(&'a str);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.0[self.0.find(';')? + 1..];
            let Some(equals) = rest.find(['=', ';']) else {
                self.0 = "";
                return None;
            };
            let key = rest[..equals].trim();
            if rest[equals..].starts_with(';') {
                self.0 = &rest[equals..];
                continue;
            }
            let value = rest[equals + 1..].trim_start();
            if let Some(quoted) = value.strip_prefix('"') {
                let (value, rest) = quoted_value(quoted);
                self.0 = rest;
                return Some((key, Cow::Owned(value)));
            }
            let end = value.find(';').unwrap_or(value.len());
            self.0 = &value[end..];
            return Some((key, Cow::Borrowed(value[..end].trim_end())));
        }
    }
}

/// The text up to the closing quote, and what follows it. A backslash escapes only a quote or a backslash: some clients
/// send paths with bare backslashes.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => return (value, &text[at + 1..]),
            ('\\', Some((_, next @ ('"' | '\\')))) => {
                value.push(*next);
                chars.next();
            }
            _ => value.push(c),
        }
    }
    (value, "")
}

/// Browsers write quotes and line ends of a name as `%22`, `%0D` and `%0A`, and nothing else (HTML, "multipart form data").
fn unescape(value: &str) -> String {
    value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// `UTF-8''percent-encoded` (RFC 8187).
fn extended_value(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode_str(encoded).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Result<PartHead, FormError> {
        PartHead::parse(lines.as_bytes())
    }

    #[test]
    fn names_come_in_every_spelling() {
        for (line, name, file) in [
            ("form-data; name=\"file\"; filename=\"a b.txt\"", "file", Some("a b.txt")),
            ("form-data;name=file;filename=a.txt", "file", Some("a.txt")),
            ("form-data; filename=\"a;b=c.txt\"; name=\"file\"", "file", Some("a;b=c.txt")),
            ("form-data; name=\"file\"; filename=\"q\\\"b\\\\s.txt\"", "file", Some("q\"b\\s.txt")),
            ("form-data; name=\"file\"; filename=\"C:\\dir\\x\"", "file", Some("C:\\dir\\x")),
            ("form-data; name=\"file\"; filename=\"a%22b%0Ac%20.txt\"", "file", Some("a\"b\nc%20.txt")),
            ("form-data; name=f; filename=\"x\"; filename*=UTF-8''%E6%B5%B7.txt", "f", Some("海.txt")),
            ("form-data; name=f; filename*=utf-8'en'a%2Fb", "f", Some("a/b")),
            ("form-data; name=f; flag; filename=\"\"", "f", Some("")),
            ("form-data; name=\"cid\"", "cid", None),
        ] {
            let part = head(&format!("\r\nContent-Disposition: {line}")).expect(line);
            assert_eq!((part.name.as_str(), part.file_name.as_deref()), (name, file), "{line}");
        }
    }

    #[test]
    fn a_head_without_a_field_name_is_refused() {
        assert!(head("\r\nContent-Type: text/plain").is_err());
        assert!(head("\r\nContent-Disposition: form-data").is_err());
        assert!(head("\r\nno colon").is_err());
        assert!(head(&"\r\nA: b".repeat(LINES + 1)).is_err());
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        assert_eq!(boundary_of(Some("multipart/form-data; boundary=abc")), Ok("abc".into()));
        assert_eq!(
            boundary_of(Some("Multipart/Form-Data; charset=utf-8; boundary=\"a;b c\"")),
            Ok("a;b c".into())
        );
        for bad in
            [None, Some("text/plain"), Some("multipart/form-data"), Some("multipart/form-data; boundary=")]
        {
            assert_eq!(boundary_of(bad), Err(FormError::NotAForm));
        }
    }
}

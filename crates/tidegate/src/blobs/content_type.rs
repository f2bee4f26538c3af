//! The type of a file: by its name, else by its first bytes.
//!
//! Nothing is stored of it: content says itself what it is.

/// Bytes that are looked at.
pub(crate) const SNIFFED: u64 = 4096;

/// The `Content-Type` of a file called `name` that begins with `head`.
pub(crate) fn content_type(name: Option<&str>, head: &[u8]) -> String {
    let by_name = name.and_then(|name| mime_guess::from_path(name).first());
    let essence = by_name.map_or_else(|| sniff(head).to_owned(), |mime| mime.essence_str().to_owned());
    if essence.starts_with("text/") { essence + "; charset=utf-8" } else { essence }
}

fn sniff(head: &[u8]) -> &'static str {
    if let Some(known) = infer::get(head) {
        return known.mime_type();
    }
    match text(head).map(str::trim_start) {
        Some(text) if is_svg(text) => "image/svg+xml",
        Some(text) if text.starts_with(['{', '[']) && looks_like_json(text) => "application/json",
        Some(_) => "text/plain",
        None => "application/octet-stream",
    }
}

/// The bytes as text if they are: UTF-8, perhaps cut inside a character, without control characters that text does not have.
fn text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let odd = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\x0c' | '\r' | '\x1b');
    (!text.contains(odd)).then_some(text)
}

fn is_svg(text: &str) -> bool {
    text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"))
}

/// Whether the text is JSON as far as it goes: it may be cut.
fn looks_like_json(text: &str) -> bool {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => error.is_eof(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_and_the_bytes_where_there_is_none() {
        for (name, head, expected) in [
            (Some("a.html"), &b"\x89PNG"[..], "text/html; charset=utf-8"),
            (Some("a.css"), b"", "text/css; charset=utf-8"),
            (Some("a.unknown-ending"), b"plain", "text/plain; charset=utf-8"),
            (None, b"\x89PNG\r\n\x1a\n", "image/png"),
            (None, b"%PDF-1.7", "application/pdf"),
            (None, b"<!DOCTYPE html><p>", "text/html; charset=utf-8"),
            (None, b"{\"a\": [1, 2", "application/json"),
            (None, b"[not json]", "text/plain; charset=utf-8"),
            (None, b"<svg xmlns=''>", "image/svg+xml"),
            (None, "gr\u{fc}n".as_bytes(), "text/plain; charset=utf-8"),
            (None, b"", "text/plain; charset=utf-8"),
            (None, b"\x00\x01\x02", "application/octet-stream"),
            (None, b"text with a zero \x00", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name, head), expected, "{name:?} {head:?}");
        }
        assert_eq!(
            content_type(None, &"é".as_bytes()[..1]),
            "text/plain; charset=utf-8",
            "a character cut at the end"
        );
    }
}

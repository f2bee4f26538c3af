//! The name under which a buyer saves a file: what the origin calls it, made harmless, and never anything that would lead a
//! stranger to the file.

use percent_encoding::percent_decode_str;
use tidegate_content::parse_cid;
use url::Url;

/// What file systems take.
const MAX_NAME: usize = 255;
/// Characters that are kept of an ending.
const MAX_EXTENSION: usize = 16;

/// A name from `Content-Disposition`, else from the first of `places` that has one, else a neutral one. It gets an ending by
/// the content's type if it has none.
pub(super) fn file_name(disposition: Option<&[u8]>, places: &[&Url], content_type: Option<&str>) -> String {
    let name = disposition
        .and_then(disposition_name)
        .and_then(|name| harmless(&name))
        .or_else(|| places.iter().find_map(|url| url_name(url)));
    named(name, content_type)
}

/// `name` with an ending, or a neutral name with an ending.
pub(super) fn named(name: Option<String>, content_type: Option<&str>) -> String {
    let name = name.unwrap_or_else(|| "file".to_owned());
    if name.contains('.') {
        return name;
    }
    match content_type.and_then(extension) {
        Some(extension) => format!("{name}.{extension}"),
        None => name,
    }
}

/// The last segment of the path, if that is a name.
pub(super) fn url_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    harmless(&percent_decode_str(last).decode_utf8_lossy())
}

/// `text` as a name: without folders, control and direction characters, and quotes; `None` if nothing is left, or if it
/// is an id under which anybody could get the content.
pub(super) fn harmless(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| is_plain(*c)).collect();
    let name = kept.trim().trim_start_matches('.').trim();
    if name.is_empty() || name.split('.').any(is_content_id) {
        return None;
    }
    Some(shortened(name))
}

fn is_plain(c: char) -> bool {
    let invisible =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !(c.is_control() || invisible || c == '"' || c == char::REPLACEMENT_CHARACTER)
}

/// At most [`MAX_NAME`] bytes, with the ending if that is one.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let (stem, ending) = name
        .rsplit_once('.')
        .filter(|(_, ending)| ending.len() <= MAX_EXTENSION)
        .map_or((name, String::new()), |(stem, ending)| (stem, format!(".{ending}")));
    let mut end = (MAX_NAME - ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

/// Whether `text` is, or could well be, a key to content: a CID, an Arweave transaction, a hash, or a random id.
pub(super) fn is_content_id(text: &str) -> bool {
    const ARWEAVE: usize = 43;
    let base64url = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let hex_digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let hex = hex_digits >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'x');
    hex || (text.len() == ARWEAVE && base64url(text)) || parse_cid(text).is_ok()
}

/// Whether a tag holds such a key. Gateways to IPFS use the CID as the tag.
pub(super) fn holds_content_id(tag: &[u8]) -> bool {
    std::str::from_utf8(tag).map_or(true, |tag| {
        tag.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .any(|word| parse_cid(word).is_ok() || (word.len() == 43 && is_content_id(word)))
    })
}

/// `filename*` or `filename` of a `Content-Disposition` (RFC 6266), decoded.
fn disposition_name(header: &[u8]) -> Option<String> {
    // Senders put UTF-8 there, or bytes of Latin-1.
    let text = String::from_utf8(header.to_vec())
        .unwrap_or_else(|_| header.iter().map(|byte| char::from(*byte)).collect());
    let mut plain = None;
    let mut rest = text.split_once(';')?.1;
    while !rest.is_empty() {
        let (name, value, after) = parameter(rest);
        rest = after;
        if name.eq_ignore_ascii_case("filename*") {
            if let Some(name) = extended(&value) {
                return Some(name);
            }
        } else if name.eq_ignore_ascii_case("filename") && plain.is_none() && !value.is_empty() {
            plain = Some(value);
        }
    }
    plain
}

/// The first parameter of `text`, and what comes behind it.
fn parameter(text: &str) -> (&str, String, &str) {
    let end = text.find(['=', ';']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = name.trim();
    let Some(value) = rest.strip_prefix('=').map(str::trim_start) else {
        return (name, String::new(), rest.strip_prefix(';').unwrap_or(rest));
    };
    let Some(quoted) = value.strip_prefix('"') else {
        let (value, rest) = value.split_once(';').unwrap_or((value, ""));
        return (name, value.trim().to_owned(), rest);
    };
    let mut content = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let behind = &quoted[at + 1..];
                return (name, content, behind.split_once(';').map_or("", |(_, rest)| rest));
            }
            '\\' => content.extend(chars.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    (name, content, "")
}

/// `UTF-8'language'percent%20encoded` (RFC 8187).
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let bytes = percent_decode_str(encoded);
    if charset.eq_ignore_ascii_case("utf-8") {
        bytes.decode_utf8().ok().map(std::borrow::Cow::into_owned)
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.map(char::from).collect())
    } else {
        None
    }
}

/// The usual ending for a type. The tables of other libraries begin with odd ones.
fn extension(content_type: &str) -> Option<&'static str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match essence.as_str() {
        "application/gzip" | "application/x-gzip" => "gz",
        "application/json" => "json",
        "application/octet-stream" => "bin",
        "application/pdf" => "pdf",
        "application/vnd.apache.parquet" => "parquet",
        "application/xml" | "text/xml" => "xml",
        "application/zip" => "zip",
        "application/x-tar" => "tar",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "image/gif" => "gif",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/svg+xml" => "svg",
        "image/tiff" => "tif",
        "image/webp" => "webp",
        "text/css" => "css",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/markdown" => "md",
        "text/plain" => "txt",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;

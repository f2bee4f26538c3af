//! The headers that answers of the gateway share.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_content::Cid;

use super::request::GatewayRequest;

pub(super) const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
pub(super) const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");

/// Content under its own id never changes.
pub(super) const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=29030400, immutable");

/// No browser is to guess another type.
pub(super) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What RFC 8187 leaves as it is.
const ATTRIBUTE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'!').remove(b'$');

/// Text that we made of CIDs, numbers and the like.
pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Tag, caching, the two `X-Ipfs-` headers, and that the type is to be taken at its word.
pub(super) fn common(headers: &mut HeaderMap, etag: &str, path: &str, roots: &[Cid]) {
    headers.insert(header::ETAG, value(etag));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(X_IPFS_PATH, value(path));
    headers.insert(X_IPFS_ROOTS, value(&roots_text(roots)));
}

/// What answers for clients that check have beside that: their type, a name to save under, and where this
/// form of the content is found without negotiation.
pub(super) fn checkable(
    headers: &mut HeaderMap,
    request: &GatewayRequest<'_>,
    content_type: &str,
    format: &str,
    file_name: &str,
) {
    headers.insert(header::CONTENT_TYPE, value(content_type));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    let name = request.file_name.as_deref().unwrap_or(file_name);
    headers.insert(header::CONTENT_DISPOSITION, disposition("attachment", name));
    if request.negotiated {
        headers.insert(header::CONTENT_LOCATION, value(&format!("{}?format={format}", request.path)));
    }
}

/// One CID per segment, root first.
pub(super) fn roots_text(roots: &[Cid]) -> String {
    roots.iter().map(Cid::to_string).collect::<Vec<_>>().join(",")
}

/// `Content-Disposition` with `name` for old clients in ASCII and for all others in full (RFC 6266).
pub(super) fn disposition(kind: &str, name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() && !matches!(c, '"' | '\\') { c } else { '_' })
        .collect();
    if plain == name {
        value(&format!("{kind}; filename=\"{plain}\""))
    } else {
        value(&format!(
            "{kind}; filename=\"{plain}\"; filename*=UTF-8''{}",
            utf8_percent_encode(name, ATTRIBUTE)
        ))
    }
}

/// `Content-Disposition` of something to be saved as `name`.
pub(in crate::http) fn attachment(name: &str) -> HeaderValue {
    disposition("attachment", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        for (name, expected) in [
            ("a b.txt", "inline; filename=\"a b.txt\""),
            ("a\"b", "inline; filename=\"a_b\"; filename*=UTF-8''a%22b"),
            ("a\r\nb\\", "inline; filename=\"a__b_\"; filename*=UTF-8''a%0D%0Ab%5C"),
            ("żó.txt", "inline; filename=\"__.txt\"; filename*=UTF-8''%C5%BC%C3%B3.txt"),
        ] {
            assert_eq!(disposition("inline", name), expected);
        }
    }
}

//! The protocol's headers: what they are called, and reading them.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::error::TusError;
use crate::{
    clock::Timestamp,
    uploads::{Algorithm, Checksum, Pinned, Received},
};

pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
pub(super) const EXTENSIONS: HeaderValue = HeaderValue::from_static(
    "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration",
);
/// The names of [`Algorithm::ALL`].
pub(super) const ALGORITHMS: HeaderValue = HeaderValue::from_static("sha1,sha256,sha512");

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CID: HeaderName = HeaderName::from_static("x-tidegate-cid");
const SIZE: HeaderName = HeaderName::from_static("x-tidegate-size");
const DATE: HeaderName = HeaderName::from_static("x-tidegate-date");

/// The media type of bytes that belong somewhere in an upload.
const BYTES: &str = "application/offset+octet-stream";
/// The longest metadata, in bytes; the server's bound for a whole head is not far above it.
const METADATA_BYTES: usize = 32 << 10;

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, TusError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.map(Some).ok_or_else(|| TusError::header(name, "is a number of bytes"))
}

/// Whether the body is bytes of the upload.
pub(super) fn has_bytes(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == BYTES)
}

/// How many bytes the body announces.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The metadata: as it came, and as pairs. A key may stand alone; of those that come twice the last one counts.
pub(super) fn metadata(headers: &HeaderMap) -> Result<(String, BTreeMap<String, String>), TusError> {
    let wrong = |how| TusError::header(&UPLOAD_METADATA, how);
    let Some(value) = headers.get(UPLOAD_METADATA) else { return Ok(Default::default()) };
    let text = value.to_str().map_err(|_| wrong("is ASCII"))?;
    if text.len() > METADATA_BYTES {
        return Err(wrong("is at most 32 KiB long"));
    }
    let mut pairs = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let value =
            value.ok_or_else(|| wrong("is a list of keys, each with base64 of UTF-8 text behind it"))?;
        pairs.insert(key.to_owned(), value);
    }
    Ok((text.to_owned(), pairs))
}

/// What the bytes of the request should hash to.
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, TusError> {
    let wrong = |how| TusError::header(&UPLOAD_CHECKSUM, how);
    let Some(value) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong("is ASCII"))?;
    let (name, digest) = text.trim().split_once(' ').ok_or_else(|| wrong("is a name and base64"))?;
    let algorithm = Algorithm::by_name(name).ok_or_else(|| wrong("names one of sha1, sha256, sha512"))?;
    let digest = STANDARD.decode(digest.trim()).map_err(|_| wrong("has base64 behind the name"))?;
    if digest.len() != algorithm.digest_len() {
        return Err(wrong("has a digest of another length"));
    }
    Ok(Some(Checksum { algorithm, digest }))
}

/// What an answer says of an upload that goes on, or of what it became.
pub(super) fn of(received: &Received) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, received.offset.into());
    match &received.pinned {
        Some(pinned) => describe(pinned, &mut headers),
        None => expires(received.expires_at, &mut headers),
    }
    headers
}

/// When an upload is forgotten, as a date of HTTP.
pub(super) fn expires(at: Timestamp, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::try_from(at.to_http_date()) {
        headers.insert(UPLOAD_EXPIRES, value);
    }
}

fn describe(pinned: &Pinned, headers: &mut HeaderMap) {
    headers.insert(SIZE, pinned.size.into());
    for (name, text) in [(CID, &pinned.cid), (DATE, &pinned.date)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.clone(), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn metadata_is_a_list_of_keys_and_base64() {
        let (text, pairs) =
            metadata(&with(&UPLOAD_METADATA, "filename w6k=, is_confidential,cid UW0=")).unwrap();
        assert_eq!(text, "filename w6k=, is_confidential,cid UW0=");
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("cid", "Qm"), ("filename", "é"), ("is_confidential", "")]);
        assert!(metadata(&HeaderMap::new()).unwrap().1.is_empty());
        for bad in ["a !", "a b c", "a /w==", &"x".repeat(METADATA_BYTES + 1)] {
            assert!(metadata(&with(&UPLOAD_METADATA, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_checksum_names_its_function() {
        let read = |text| checksum(&with(&UPLOAD_CHECKSUM, text));
        let sha1 = read("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap().unwrap();
        assert_eq!((sha1.algorithm, sha1.digest.len()), (Algorithm::Sha1, 20));
        for bad in ["sha1", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1 ?"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let names = Algorithm::ALL.map(Algorithm::as_str).join(",");
        assert_eq!(ALGORITHMS, names.as_str());
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number(&with(&UPLOAD_OFFSET, "12"), &UPLOAD_OFFSET).unwrap(), Some(12));
        for bad in ["", "-1", "+1", "1e3", "99999999999999999999"] {
            assert!(number(&with(&UPLOAD_OFFSET, bad), &UPLOAD_OFFSET).is_err(), "{bad}");
        }
    }
}

//! What keeps pinned pages from acting in this server's name. They come from its own origin, where the panel has its session, so a
//! browser is told to give them an origin that nobody else has (`docs/decisions/0016-pinned-pages-run-in-a-sandbox.md`).

use http::{HeaderMap, HeaderName, HeaderValue};

use super::GatewayError;

/// For what anybody reads: a page works, with scripts of its own, but reads nothing of this server as its user, sets no cookies, and
/// windows that it opens are held as it is.
pub(super) const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups allow-downloads allow-modals");

/// For what the panel shows to its owner: nothing runs, and nothing else is loaded.
pub(super) const STILL: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
);

/// For PDF in the same place: browsers show none in a sandbox, and their viewers keep a document's scripts to the document.
pub(super) const FRAMED: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// With this header a browser asks for a script that is to stand between it and the server.
const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether a browser may take content of this type for a document with scripts. All but what it is known to only show, play or save:
/// what runs and what does not is for browsers to say, and they learn new types.
pub(super) fn may_run(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let (group, kind) = essence.split_once('/').unwrap_or_default();
    let is_still = match group {
        "image" | "audio" | "video" | "font" => !kind.contains("xml"),
        "text" => matches!(kind, "plain" | "css" | "csv" | "javascript" | "markdown"),
        "application" => matches!(kind, "octet-stream" | "json" | "pdf" | "wasm" | "zip" | "gzip"),
        _ => false,
    };
    !is_still
}

/// Whether a service worker is asked for. None is given: it would answer for all content below its folder, whoever pinned it.
pub(super) fn wants_service_worker(headers: &HeaderMap) -> bool {
    headers.contains_key(SERVICE_WORKER)
}

/// Refuses what a browser is to run in a page of the server itself, or to draw that by. No page of ours has anything pinned for a script
/// or a style, and pages that are pinned have another origin: somebody would have put a tag into one of ours.
///
/// # Errors
/// The browser says that it is for that.
pub(super) fn refuse_our_own_pages(headers: &HeaderMap) -> Result<(), GatewayError> {
    let runs = |dest: &HeaderValue| {
        matches!(
            dest.as_bytes(),
            b"script" | b"style" | b"worker" | b"sharedworker" | b"audioworklet" | b"paintworklet" | b"xslt"
        )
    };
    let is_of_ours = || headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin");
    if headers.get(FETCH_DEST).is_some_and(runs) && is_of_ours() {
        return Err(GatewayError::BadRequest("pages of this server run nothing that is pinned".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_not_known_to_be_still_may_run() {
        for runs in [
            "text/html; charset=utf-8",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml; charset=utf-8",
            "text/xsl",
            "application/xml",
            "application/rss+xml",
            "multipart/x-mixed-replace",
            "multipart/related",
            "message/rfc822",
            "application/x-unheard-of",
            "image",
            "",
        ] {
            assert!(may_run(runs), "{runs}");
        }
        for still in [
            "image/png",
            "video/mp4",
            "audio/mpeg",
            "font/woff2",
            "text/plain; charset=utf-8",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
            "application/json",
            "application/pdf",
            "application/octet-stream",
        ] {
            assert!(!may_run(still), "{still}");
        }
    }
}

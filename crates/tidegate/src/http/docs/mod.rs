//! `/docs` and `/openapi.json`: how to use this server, told by the server itself. All of it is in the binary; pages are made once and
//! need no script and nothing from elsewhere.
//!
//! `page.rs` makes pages of `docs/`, `reference.rs` one of the description.

mod page;
mod reference;

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use tidegate_content::sha256;

/// The description of all routes, as `build.rs` joined it.
pub(super) const DESCRIPTION: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The pages, each with its name in the URL, what links to it say, and the file of `docs/` it is made of.
const PAGES: [(&str, &str, &str); 5] = [
    ("http-api", "HTTP API", include_str!("../../../../../docs/http-api.md")),
    ("compatibility", "Compatibility", include_str!("../../../../../docs/compatibility.md")),
    ("sdk", "JavaScript", include_str!("../../../../../docs/sdk.md")),
    ("panel", "Panel", include_str!("../../../../../docs/panel.md")),
    ("operations", "Operations", include_str!("../../../../../docs/operations.md")),
];
/// The page that is made of the description.
const REFERENCE: (&str, &str) = ("reference", "API reference");
/// What `/docs` itself shows.
const FIRST: &str = "http-api";

/// Nothing but our own style is loaded, and nobody may put a page into theirs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// Asked for again each time, and mostly answered without a body.
const CACHING: HeaderValue = HeaderValue::from_static("public, no-cache");

/// Something that stays as it is for as long as the server runs.
struct Document {
    content_type: &'static str,
    body: Bytes,
    tag: HeaderValue,
}

static DOCUMENTS: LazyLock<BTreeMap<&'static str, Document>> = LazyLock::new(|| {
    let mut documents = BTreeMap::new();
    for (name, title, text) in PAGES {
        documents
            .insert(name, Document::new("text/html; charset=utf-8", page::of_markdown(name, title, text)));
    }
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap_or_default();
    let (name, title) = REFERENCE;
    let reference = page::around(name, title, &reference::html(&description));
    documents.insert(name, Document::new("text/html; charset=utf-8", reference));
    let style = include_str!("../../../assets/docs.css").to_owned();
    documents.insert("style.css", Document::new("text/css; charset=utf-8", style));
    documents
});

static DESCRIBED: LazyLock<Document> =
    LazyLock::new(|| Document::new("application/json", DESCRIPTION.to_owned()));

/// Shows the description of all routes.
pub(super) async fn show_description(headers: HeaderMap) -> Response {
    let mut response = DESCRIBED.answer(&headers);
    // Tools in browsers read it, too.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Shows the page to begin with.
pub(super) async fn show_first_page(headers: HeaderMap) -> Response {
    show(FIRST, &headers)
}

/// Shows a page, or the style of all pages.
pub(super) async fn show_page(Path(name): Path<String>, headers: HeaderMap) -> Response {
    show(&name, &headers)
}

fn show(name: &str, headers: &HeaderMap) -> Response {
    match DOCUMENTS.get(name) {
        Some(document) => document.answer(headers),
        None => {
            let page = page::around("", "Not here", "<h1>Not here</h1><p>There is no such page.</p>");
            let mut response = (StatusCode::NOT_FOUND, axum::response::Html(page)).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
    }
}

impl Document {
    fn new(content_type: &'static str, body: String) -> Self {
        let tag = format!("\"{}\"", hex::encode(&sha256(&[body.as_bytes()])[..16]));
        // A tag is digits and letters.
        let tag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""));
        Self { content_type, body: body.into(), tag }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let tag = self.tag.to_str().unwrap_or_default();
        let is_known = known
            .is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.body.clone().into_response()
        };
        let headers = response.headers_mut();
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::CACHE_CONTROL, CACHING);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "description_tests.rs"]
mod description_tests;

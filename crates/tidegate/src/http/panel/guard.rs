//! What concerns every page: a request that changes something must come from a page of ours, and browsers are told what an answer may
//! do and that they must not keep it.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::{
    super::{forwarded::address_as_reached, visit::Visit},
    PanelError, member,
};
use crate::app::App;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// U+0000 in a path, which no id of ours has and no database takes.
const NUL: &str = "%00";

/// Nothing but what is ours; nobody may put a page into theirs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; frame-src 'self'; \
     worker-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The policy of a page whose scripts also talk to servers of these origins.
pub(super) fn policy_with(origins: impl Iterator<Item = String>) -> HeaderValue {
    let own = "connect-src 'self'";
    let places = origins.fold(own.to_owned(), |places, origin| format!("{places} {origin}"));
    HeaderValue::try_from(POLICY.replace(own, &places)).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Answers every request for a page.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let has_said = member::has_said(request.headers());
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_asset = request.uri().path().starts_with("/panel/assets/");
    let visit = request.extensions().get::<Visit>().filter(|_| !is_asset);
    let mut response = if let Err(refused) = visit.map_or(Ok(()), Visit::knock) {
        PanelError::from(refused).into_response()
    } else if !is_safe && !is_from_here(&app, request.uri(), request.headers()) {
        PanelError::Forged.into_response()
    } else if request.uri().path().contains(NUL) {
        PanelError::NotFound.into_response()
    } else if let Some(cloud) = app.cloud.as_ref().filter(|_| !is_asset) {
        PanelError::Elsewhere(cloud.url().to_owned()).into_response()
    } else {
        next.run(request).await
    };
    // Words are said once: by the page that has them, not by the way to it.
    if let Some(has_said) = has_said.filter(|_| is_safe && !response.status().is_redirection()) {
        response.headers_mut().append(header::SET_COOKIE, has_said);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (OPENER, HeaderValue::from_static("same-origin")),
        (RESOURCE, HeaderValue::from_static("same-origin")),
    ] {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Whether the browser says that a page of this origin sends the request. All browsers say so of a form that is posted, by
/// `Sec-Fetch-Site` or at least by `Origin`.
fn is_from_here(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| origin == address_as_reached(app, uri, headers))
}

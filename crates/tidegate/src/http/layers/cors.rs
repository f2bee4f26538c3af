//! Which pages of other origins may call what: any page, with no cookies, on the pinning surfaces and the gateway.
//!
//! `Access-Control-Allow-Headers: *` never covers `Authorization`, and browsers refuse `*` beside credentials, so
//! headers are listed and credentials are not allowed (Fetch, section 3.3).

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

struct Policy {
    methods: &'static str,
    headers: &'static str,
    exposed: &'static str,
}

const PINNING: Policy = Policy {
    methods: "GET, POST, DELETE, OPTIONS",
    headers: "Authorization, UserAccessToken, Content-Type, pinata_api_key, pinata_secret_api_key",
    exposed: "X-Request-Id, Retry-After",
};

/// The lists of the path gateway specification, section 3.2, and what the conformance tests add.
const GATEWAY: Policy = Policy {
    methods: "GET, HEAD, OPTIONS",
    headers: "Content-Type, Range, User-Agent, X-Requested-With, If-None-Match, Cache-Control",
    exposed: "Content-Range, Content-Length, X-Ipfs-Path, X-Ipfs-Roots, X-Chunked-Output, X-Stream-Output, \
              X-Request-Id, ETag",
};

/// For the Cloud and Endpoint API, the Pinning Service API, and Pinata's.
pub(in crate::http) async fn pinning(request: Request, next: Next) -> Response {
    apply(&PINNING, request, next).await
}

/// For `/ipfs`.
pub(in crate::http) async fn gateway(request: Request, next: Next) -> Response {
    apply(&GATEWAY, request, next).await
}

async fn apply(policy: &Policy, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        policy.allow(response.headers_mut());
        set(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, "86400");
        return response;
    }
    let mut response = next.run(request).await;
    policy.allow(response.headers_mut());
    response
}

impl Policy {
    fn allow(&self, headers: &mut HeaderMap) {
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, self.methods);
        set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers);
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

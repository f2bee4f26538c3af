//! Which pages of other origins may call what: any page, with no cookies, on the pinning surfaces, the gateway and the
//! Provider.
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
    methods: "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    headers: "Authorization, UserAccessToken, Content-Type, pinata_api_key, pinata_secret_api_key",
    exposed: "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
};

/// All headers of the tus protocol, and what browsers' clients of it add.
const UPLOADS: Policy = Policy {
    methods: "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
    headers: "Authorization, UserAccessToken, Content-Type, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, \
              Upload-Defer-Length, Upload-Checksum, X-HTTP-Method-Override, X-Requested-With, X-Request-ID",
    exposed: "Location, Upload-Offset, Upload-Length, Upload-Metadata, Upload-Defer-Length, Upload-Expires, Tus-Resumable, \
              Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, X-Tidegate-Cid, X-Tidegate-Size, \
              X-Tidegate-Date, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
};

/// The lists of the path gateway specification, section 3.2, and what the conformance tests add.
const GATEWAY: Policy = Policy {
    methods: "GET, HEAD, OPTIONS",
    headers: "Content-Type, Range, User-Agent, X-Requested-With, If-None-Match, Cache-Control",
    exposed: "Content-Range, Content-Length, X-Ipfs-Path, X-Ipfs-Roots, X-Chunked-Output, X-Stream-Output, \
              X-Request-Id, ETag",
};

const PROVIDER_METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
const PROVIDER_EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Disposition, Content-Length, Content-Location, Content-Range, Accept-Ranges, ETag, Retry-After, X-Request-Id, \
     X-Tidegate-Resume",
);

/// For the Provider: as the Python Provider answers, each origin by its name, and whatever headers it asks for. No
/// credentials that a browser adds by itself are looked at there, so any page may call.
pub(in crate::http) async fn provider(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, PROVIDER_METHODS);
        set(headers, header::ACCESS_CONTROL_MAX_AGE, "86400");
        if let Some(asked) = asked {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, PROVIDER_EXPOSED);
    match origin {
        Some(origin) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        None => set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    }
    response
}

/// For the Cloud and Endpoint API, the Pinning Service API, and Pinata's.
pub(in crate::http) async fn pinning(request: Request, next: Next) -> Response {
    apply(&PINNING, request, next).await
}

/// For uploads that go on after a break. What the protocol itself answers to OPTIONS is wanted, too.
pub(in crate::http) async fn uploads(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    UPLOADS.allow(response.headers_mut());
    if is_preflight {
        set(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, "86400");
    }
    response
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

//! One log line and one measurement a request, written when the last byte of its answer is sent or the client is gone.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    response::Response,
};
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body::{Frame, SizeHint};

use crate::telemetry::metrics::{self, Surface};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name under which a request appears in the log and in `X-Request-Id`.
fn new_id() -> HeaderValue {
    let mut text = [0; 32];
    let text = uuid::Uuid::now_v7().simple().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"))
}

/// What is known of a request; dropping it writes it down.
pub(in crate::http) struct Line {
    started: Instant,
    method: Method,
    uri: Uri,
    peer: SocketAddr,
    /// Who sent it, where that is not the peer.
    caller: Option<IpAddr>,
    /// The visible part of the key that was shown.
    key: Option<String>,
    id: HeaderValue,
    status: u16,
    sent: u64,
    complete: bool,
}

impl Line {
    /// A request came from `peer`; it gets an id.
    pub(in crate::http) fn begin<B>(request: &Request<B>, peer: SocketAddr) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer,
            caller: None,
            key: None,
            id: new_id(),
            status: 0,
            sent: 0,
            complete: false,
        }
    }

    /// The request was sent by `caller`, through whatever proxies, with an API key that shows as `key`.
    pub(in crate::http) fn was_of(&mut self, caller: IpAddr, key: Option<&str>) {
        self.caller = (caller != self.peer.ip().to_canonical()).then_some(caller);
        self.key = key.map(str::to_owned);
    }

    /// The request is answered with `response`, which carries the id; the line is written with its last byte.
    pub(in crate::http) fn end_with(mut self, mut response: Response) -> Response {
        self.status = response.status().as_u16();
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
        response.map(|body| {
            self.complete = body.is_end_stream();
            Body::new(Observed { body, line: self })
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let seconds = self.started.elapsed().as_secs_f64();
        let path = self.uri.path();
        let surface = surface(path);
        metrics::request_done(surface, self.status, seconds, self.sent);
        // The path alone, and not of an upload link: what may hold a secret is left out.
        let path = if path.starts_with("/upload/") { "/upload/…" } else { path };
        tracing::info!(
            target: "tidegate::request",
            id = self.id.to_str().unwrap_or_default(),
            method = %self.method,
            path,
            status = self.status,
            bytes = self.sent,
            ms = (seconds * 1e5).round() / 100.0,
            peer = %self.peer,
            caller = self.caller.map(tracing::field::display),
            key = self.key,
            cut = (!self.complete).then_some(true),
            "request"
        );
    }
}

/// The part of the server a path belongs to.
fn surface(path: &str) -> Surface {
    match path.split('/').nth(1).unwrap_or_default() {
        "ipfs" => Surface::Gateway,
        "ping" | "endpoint" | "oauth" => Surface::Cloud,
        "pinning" | "upload" => Surface::Endpoint,
        "psa" => Surface::PinningService,
        "api" if path.starts_with("/api/services") => Surface::Provider,
        "api" => Surface::OwnApi,
        "panel" => Surface::Panel,
        "livez" | "readyz" | "metrics" => Surface::Operations,
        _ => Surface::Other,
    }
}

struct Observed {
    body: Body,
    line: Line,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.line.sent += frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(_)) => {}
            None => self.line.complete = true,
        }
        self.line.complete |= self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

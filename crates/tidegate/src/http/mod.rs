//! The HTTP doors: `router.rs` lists every route, each dialect has a folder, `layers/` wraps them all.
//!
//! Nothing outside this folder (but the server that runs it) knows axum.

mod api;
mod error;
mod extract;
mod gateway;
mod json_body;
mod layers;
mod moment;
mod multipart;
mod ops;
mod paced;
mod pinata;
mod pinning;
mod provider;
mod psa;
mod query;
mod router;
mod shared;

use std::net::SocketAddr;

use axum::{Router, extract::Request, response::Response};
use hyper::body::Incoming;
use tower::Service;

use crate::app::App;

/// Everything that the server answers. Cheap to clone.
#[derive(Clone)]
pub struct Surfaces(Router);

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl Peer {
    fn ip(self) -> std::net::IpAddr {
        self.0.ip()
    }
}

impl Surfaces {
    /// The surfaces of `app`.
    pub fn new(app: App) -> Self {
        Self(router::router(app))
    }

    /// Answers one request that came from `peer`, and writes it down. What concerns every request is done here, since a layer of the
    /// router costs each of them some allocations.
    pub async fn answer(mut self, request: Request<Incoming>, peer: SocketAddr) -> Response {
        let line = layers::observe::Line::begin(&request, peer);
        let mut request = layers::linger::linger(request);
        // Only there does anybody ask, and it costs an allocation.
        if request.uri().path().starts_with("/api/services/") {
            request.extensions_mut().insert(Peer(peer));
        }
        let answered = self.0.call(request).await;
        line.end_with(answered.unwrap_or_else(|never| match never {}))
    }
}

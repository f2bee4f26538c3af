//! The HTTP doors: `router.rs` lists every route, each dialect has a folder, `layers/` wraps them all.
//!
//! Nothing outside this folder (but the server that runs it) knows axum.

mod api;
mod docs;
mod error;
mod extract;
mod forwarded;
mod gateway;
mod json_body;
mod layers;
mod listed;
mod moment;
mod multipart;
mod ops;
mod paced;
mod panel;
mod pinata;
mod pinning;
mod provider;
mod psa;
mod query;
mod router;
mod shared;
mod throttle;
mod visit;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::Request, response::Response};
use hyper::body::Incoming;
use tower::Service;

use self::visit::{Gates, Visit};
use crate::{app::App, config, telemetry::Traffic};

/// Everything that the server answers. Cheap to clone.
#[derive(Clone)]
pub struct Surfaces {
    router: Router,
    content: Option<Arc<Content>>,
    gates: Arc<Gates>,
    traffic: Arc<Traffic>,
}

/// What is answered under the gateway's own host.
struct Content {
    host: String,
    router: Router,
}

impl Surfaces {
    /// The surfaces of `app`.
    pub fn new(app: App) -> Self {
        let gates = Arc::new(Gates::new(&app.config, app.clock.clone()));
        let content = app.config.gateway.host.clone().map(|host| {
            let router = router::router_of_content(app.clone());
            Arc::new(Content { host, router })
        });
        let traffic = app.usage.traffic();
        Self { router: router::router(app), content, gates, traffic }
    }

    /// Answers one request that came from `peer`, and writes it down. What concerns every request is done here, since a layer of the
    /// router costs each of them some allocations.
    pub async fn answer(mut self, request: Request<Incoming>, peer: SocketAddr) -> Response {
        let mut line = layers::observe::Line::begin(&request, peer, Arc::clone(&self.traffic));
        let mut request = layers::linger::linger(request);
        let caller = forwarded::caller(request.headers_mut(), peer.ip(), &self.gates.proxies);
        // What is public anybody may read as often as they like, so nobody asks who they are, and it costs some allocations.
        let visit = (!request.uri().path().starts_with("/ipfs/")).then(|| Visit::new(&self.gates, caller));
        if let Some(visit) = &visit {
            request.extensions_mut().insert(visit.clone());
        }
        if let Some(content) = &self.content
            && content.is_meant(&request)
        {
            self.router = content.router.clone();
        }
        let answered = line.id().around(self.router.call(request)).await;
        let mut response = answered.unwrap_or_else(|never| match never {});
        if let Some(visit) = &visit {
            visit.tell(response.headers_mut());
        }
        line.was_of(caller, visit.as_ref().and_then(Visit::key));
        line.end_with(response)
    }
}

impl Content {
    fn is_meant<B>(&self, request: &Request<B>) -> bool {
        let host = forwarded::host(request.uri(), request.headers());
        host.is_some_and(|host| config::same_host(&self.host, &host))
    }
}

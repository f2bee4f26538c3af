//! Connections: a name is looked up once, its addresses go through the guard, and exactly those are dialled.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{net::TcpStream, time};
use tower::Service;

use super::{FetchError, Guard, Resolve, stream::TracedStream};

/// Addresses tried of one name.
const MAX_ADDRESSES: usize = 6;
/// An address that says nothing for so long gets company from the next one (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Dials, and speaks TLS where the URL says so, all of it within one time.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<Dialer>,
    patience: Duration,
}

impl Connector {
    /// Only HTTP/1.1 is spoken: streams of one HTTP/2 connection share a window, so a slow buyer would hold up the others.
    pub(super) fn new(
        guard: Guard,
        resolver: Arc<dyn Resolve>,
        tls: ClientConfig,
        patience: Duration,
    ) -> Self {
        let dialer = Dialer { guard: Arc::new(guard), resolver };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(dialer);
        Self { https, patience }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TracedStream>;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = time::timeout(self.patience, self.https.call(uri));
        Box::pin(async move { connecting.await.map_err(|_| FetchError::Timeout)? })
    }
}

/// Plain connections to where the guard allows.
#[derive(Clone)]
pub(super) struct Dialer {
    guard: Arc<Guard>,
    resolver: Arc<dyn Resolve>,
}

impl Service<Uri> for Dialer {
    type Response = TracedStream;
    type Error = FetchError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.dial(&uri).await })
    }
}

impl Dialer {
    async fn dial(&self, uri: &Uri) -> Result<TracedStream, FetchError> {
        let host = uri.host().ok_or(FetchError::BadUrl)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let addresses = self.addresses(host).await?;
        let stream = connect_to_any(&addresses, port).await?;
        // What was asked for and what was reached differ for an unspecified address, at least.
        let peer = stream.peer_addr().map_err(|_| FetchError::Unreachable)?;
        if !self.guard.allows(host, peer.ip()) {
            return Err(FetchError::Refused);
        }
        // Requests are small and written at once: waiting for more only costs time.
        let _ = stream.set_nodelay(true);
        Ok(TracedStream::new(TokioIo::new(stream)))
    }

    /// Where `host` is and may be dialled.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, FetchError> {
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let mut found = match literal.parse() {
            Ok(address) => vec![address],
            Err(_) => self.resolver.resolve(host).await?,
        };
        if found.is_empty() {
            return Err(FetchError::Unreachable);
        }
        found.retain(|address| self.guard.allows(host, *address));
        found.truncate(MAX_ADDRESSES);
        if found.is_empty() { Err(FetchError::Refused) } else { Ok(found) }
    }
}

/// The first connection that is made; each next address is tried when the ones before have failed or are slow.
async fn connect_to_any(addresses: &[IpAddr], port: u16) -> Result<TcpStream, FetchError> {
    let mut left = addresses.iter();
    let mut trying = FuturesUnordered::new();
    loop {
        if let Some(address) = left.next() {
            trying.push(TcpStream::connect(SocketAddr::new(*address, port)));
        }
        let next = async {
            if left.as_slice().is_empty() {
                trying.next().await
            } else {
                time::timeout(HEAD_START, trying.next()).await.unwrap_or(Some(Err(slow())))
            }
        };
        match next.await {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(_)) => {}
            None => return Err(FetchError::Unreachable),
        }
    }
}

fn slow() -> std::io::Error {
    std::io::ErrorKind::TimedOut.into()
}

//! Fetching from the outside: HTTP to addresses that the guard allows, with limits on everything.
//!
//! | file | what lives there |
//! |---|---|
//! | `guard.rs` | which addresses may be dialled |
//! | `resolve.rs` | names to addresses |
//! | `dial.rs`, `stream.rs` | connections: look up once, check, dial exactly that, speak TLS |
//! | `request.rs` | requests, and what becomes of them where an origin redirects |
//! | `body.rs` | what comes back |
//!
//! There is one way to a connection, so nothing is reached that was not checked: not by a literal, not by a name that
//! changes its address, not by a redirect. Bytes pass as they are: nothing is decompressed. Proxies in the environment
//! are not used. What sources of sold files mean by these requests is in [`sources`](crate::sources).

mod body;
mod dial;
mod error;
mod guard;
mod request;
mod resolve;
mod stream;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, Error},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tokio::time;
use url::Url;

pub use body::FetchedBody;
pub use error::FetchError;
pub use guard::Guard;
pub use request::FetchRequest;
pub use resolve::{Resolve, SystemResolver};

use dial::Connector;
use stream::Used;

/// Idle connections kept for one origin.
const MAX_IDLE: usize = 64;
/// How long. Most servers keep theirs for a minute or longer; one that does not costs a retry.
const IDLE: Duration = Duration::from_secs(30);
/// What of an answer is read ahead, in bytes: what the head may take, give or take one read, and each piece of a body.
const READ_AHEAD: usize = 64 << 10;
/// Lines of a head.
const MAX_HEADERS: usize = 100;

/// What fetching may take.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// Until a connection is there: the name, TCP and TLS.
    pub connect: Duration,
    /// From there to the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of a body, while someone waits for them.
    pub idle: Duration,
    /// For a whole answer, where that is what is wanted.
    pub total: Duration,
    /// Bytes of a body.
    pub size: u64,
    /// Redirects that are followed.
    pub redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(60),
            size: 1 << 40,
            redirects: 5,
        }
    }
}

/// A guarded HTTP client with a pool of connections. Cheap to clone.
///
/// The pool belongs to one guard: a connection is only ever used again for the scheme, host and port it was made for, by
/// requests under the same rule.
#[derive(Clone)]
pub struct Fetcher {
    client: Client<Connector, Full<Bytes>>,
    limits: FetchLimits,
}

/// The head of an answer, and its body to be read. Has no `Debug`: it is as secret as the request.
pub struct Fetched {
    /// The status; one that redirects somewhere only where that was asked for.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// Where it came from in the end.
    pub url: Url,
    /// The rest.
    pub body: FetchedBody,
}

impl Fetcher {
    /// A client that dials where `guard` allows and trusts whom `tls` says.
    #[must_use]
    pub fn new(guard: Guard, resolver: Arc<dyn Resolve>, tls: ClientConfig, limits: FetchLimits) -> Self {
        let connector = Connector::new(guard, resolver, tls, limits.connect);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .http1_max_buf_size(READ_AHEAD)
            .http1_max_headers(MAX_HEADERS)
            .build(connector);
        Self { client, limits }
    }

    /// Sends `request`, follows redirects, and returns when the head of the answer is there.
    ///
    /// # Errors
    /// See [`FetchError`]. A status that means failure is no error here.
    pub async fn fetch(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let mut request = request;
        for _ in 0..=self.limits.redirects {
            let answer = self.send(&request).await?;
            match request.redirected(answer.status(), answer.headers().get(header::LOCATION))? {
                Some(next) => request = next,
                None => {
                    let (head, body) = answer.into_parts();
                    return Ok(Fetched {
                        status: head.status,
                        headers: head.headers,
                        url: request.url().clone(),
                        body: FetchedBody::new(body, self.limits),
                    });
                }
            }
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Sends `request` and returns when the head of the answer is there: one that redirects is an answer like any other.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch_unredirected(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let (head, body) = self.send(&request).await?.into_parts();
        Ok(Fetched {
            status: head.status,
            headers: head.headers,
            url: request.url().clone(),
            body: FetchedBody::new(body, self.limits),
        })
    }

    /// One request, one answer. What met a connection that the origin had just closed is sent again, unless the origin
    /// could have acted on it.
    async fn send(&self, request: &FetchRequest) -> Result<Response<Incoming>, FetchError> {
        let patience = self.limits.connect + self.limits.first_byte;
        let mut again = request.is_idempotent();
        loop {
            let sending = self.client.request(request.to_http()?);
            let error = match time::timeout(patience, sending).await {
                Err(_) => return Err(FetchError::Timeout),
                Ok(Ok(answer)) => {
                    if let Some(used) = answer.extensions().get::<Used>() {
                        used.note();
                    }
                    return Ok(answer);
                }
                Ok(Err(error)) => error,
            };
            if !(again && was_stale(&error)) {
                return Err(FetchError::of(&error, !error.is_connect()));
            }
            again = false;
        }
    }
}

/// Whether it was a used connection that ended before anything of an answer came.
fn was_stale(error: &Error) -> bool {
    let Some(connection) = error.connect_info() else {
        return false;
    };
    let mut known = http::Extensions::new();
    connection.get_extras(&mut known);
    let ended = std::error::Error::source(error)
        .and_then(|error| error.downcast_ref::<hyper::Error>())
        .is_some_and(|error| error.is_incomplete_message() || error.is_canceled() || is_reset(error));
    ended && known.get::<Used>().is_some_and(Used::get)
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::io::{Error, ErrorKind};
    let cause = std::error::Error::source(error).and_then(|error| error.downcast_ref::<Error>());
    cause.is_some_and(|error| matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
}

/// TLS that trusts whom the system trusts; on a machine without root certificates, as slim containers are, whom Mozilla
/// trusts.
///
/// # Errors
/// The cryptography has none of TLS's versions.
pub fn system_tls() -> Result<ClientConfig, rustls::Error> {
    use hyper_rustls::ConfigBuilderExt as _;
    use rustls_platform_verifier::BuilderVerifierExt as _;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = builder.clone().with_platform_verifier().unwrap_or_else(|error| {
        tracing::warn!(%error, "the system's root certificates cannot be used; Mozilla's are");
        builder.with_webpki_roots()
    });
    Ok(config.with_no_client_auth())
}

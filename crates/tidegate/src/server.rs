//! The listening side: accepts connections up to a limit, serves the surfaces on each, and drains them at shutdown.
//!
//! The server is a value: bind it, ask its address, run it until a future ends, also in a test.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::{
    config,
    http::Surfaces,
    telemetry::metrics::{self, Running},
};

/// What a connection of HTTP/1.1 reads at once, and so how long a request's head may be. hyper's own 400 KiB would be held by each
/// connection that uploads.
const READ_BUFFER: usize = 128 << 10;

/// How often what was measured is summed up: until then every single value is kept.
const UPKEEP: Duration = Duration::from_secs(5);

/// A bound server that does not accept yet.
pub struct Server {
    listener: TcpListener,
    surfaces: Surfaces,
    config: config::Server,
}

impl Server {
    /// Binds the configured address.
    ///
    /// # Errors
    /// The address is taken, or not ours.
    pub async fn bind(config: &config::Server, surfaces: Surfaces) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        Ok(Self { listener, surfaces, config: config.clone() })
    }

    /// The address bound, with the port the system chose when the config says 0.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` ends, then finishes running requests within the configured time.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = Arc::new(Semaphore::new(self.config.max_connections));
        let graceful = GracefulShutdown::new();
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .max_buf_size(READ_BUFFER)
            .header_read_timeout(self.config.header_timeout);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128);
        let builder = Arc::new(builder);

        let mut stop = std::pin::pin!(stop);
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            let accept = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            let (permit, stream, peer) = tokio::select! {
                () = &mut stop => break,
                _ = upkeep.tick() => {
                    metrics::recorder().run_upkeep();
                    continue;
                }
                accepted = accept => match accepted {
                    (Ok(permit), Ok((stream, peer))) => (permit, stream, peer),
                    (_, Err(error)) => {
                        pause_when_exhausted(&error).await;
                        continue;
                    }
                    (Err(_), _) => break,
                },
            };
            let (surfaces, builder, watcher) =
                (self.surfaces.clone(), Arc::clone(&builder), graceful.watcher());
            tokio::spawn(async move {
                let running = Running::connection();
                let service = service_fn(move |request| {
                    let surfaces = surfaces.clone();
                    async move { Ok::<_, Infallible>(surfaces.answer(request, peer).await) }
                });
                let connection = builder.serve_connection(TokioIo::new(prepared(stream)), service);
                if let Err(error) = watcher.watch(connection.into_owned()).await {
                    tracing::debug!(%peer, error = %error, "connection ended with an error");
                }
                drop((running, permit));
            });
        }
        drop(self.listener);
        let open = graceful.count();
        tracing::info!(connections = open, "stopping: no new connections, running requests are finished");
        if tokio::time::timeout(self.config.drain_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!(after = ?self.config.drain_timeout, "some requests did not finish in time and are cut");
        }
    }
}

fn prepared(stream: TcpStream) -> TcpStream {
    // Answers are written whole; waiting for more to send only adds delay.
    let _ = stream.set_nodelay(true);
    stream
}

/// Out of file descriptors, accepting fails at once and again: wait for some connection to end.
async fn pause_when_exhausted(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::error!(%error, "cannot accept connections; trying again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

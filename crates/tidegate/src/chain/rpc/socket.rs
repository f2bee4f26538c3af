//! JSON-RPC over a WebSocket: one connection for all questions, opened by the first and opened again when it is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use tokio_util::task::AbortOnDropHandle;

use super::super::error::Trouble;
use super::Wire;
use super::call::{Call, Refusal};

/// The node at one URL.
pub(super) struct Socket {
    url: Url,
    silence: Duration,
    line: Mutex<Option<Line>>,
}

impl Socket {
    /// A node whose connection counts as dead when it says nothing for `silence` while an answer is due.
    pub(super) fn new(url: Url, silence: Duration) -> Self {
        Self { url, silence, line: Mutex::new(None) }
    }

    async fn ask(&self, call: &Call) -> Result<Bytes, Refusal> {
        let (reply, answer) = oneshot::channel();
        let lost = || Refusal::Trouble(Trouble::Connection);
        let line = self.line().await.ok_or_else(lost)?;
        line.send(Question { call: call.clone(), reply }).await.map_err(|_| lost())?;
        let answer = answer.await.map_err(|_| lost())?;
        if answer.len() > call.limit() { Err(Refusal::TooLarge) } else { Ok(answer) }
    }

    /// The open connection, or a new one.
    async fn line(&self) -> Option<mpsc::Sender<Question>> {
        let mut line = self.line.lock().await;
        match &*line {
            Some(line) if !line.questions.is_closed() => Some(line.questions.clone()),
            _ => {
                let stream = connect(&self.url).await?;
                let (questions, asked) = mpsc::channel(QUEUED);
                let task = tokio::spawn(talk(stream, asked, self.silence));
                *line = Some(Line { questions: questions.clone(), _task: AbortOnDropHandle::new(task) });
                Some(questions)
            }
        }
    }
}

impl Wire for Socket {
    fn exchange<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Bytes, Refusal>> {
        self.ask(call).boxed()
    }
}

/// Questions that wait to be written.
const QUEUED: usize = 64;
/// Open questions after which those that nobody waits for any more are forgotten.
const OPEN: usize = 256;
/// No answer that we use is larger.
const MESSAGE_LIMIT: usize = 16 << 20;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open connection.
struct Line {
    questions: mpsc::Sender<Question>,
    _task: AbortOnDropHandle<()>,
}

struct Question {
    call: Call,
    reply: oneshot::Sender<Bytes>,
}

async fn connect(url: &Url) -> Option<Stream> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, url.port_or_known_default()?)).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let mut request = url.as_str().into_client_request().ok()?;
    if let Some(value) = authorization(url) {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let tls = if url.scheme() == "wss" { Connector::Rustls(tls()?) } else { Connector::Plain };
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT));
    let (stream, _) = client_async_tls_with_config(request, stream, Some(config), Some(tls)).await.ok()?;
    Some(stream)
}

/// Trusts what the system trusts, like the HTTP client.
fn tls() -> Option<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_platform_verifier()
        .ok()?
        .with_no_client_auth();
    Some(Arc::new(config))
}

/// The name and password of `ws://name:password@host`, which the HTTP client sends by itself.
fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |part| percent_decode_str(part).collect::<Vec<u8>>();
    let pair = [plain(url.username()), plain(url.password().unwrap_or_default())].join(&b':');
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Writes questions and hands out answers until the connection is lost or nobody can ask any more. Whoever still waits
/// then learns of it, since its sender is dropped.
async fn talk(mut stream: Stream, mut questions: mpsc::Receiver<Question>, silence: Duration) {
    let mut open: HashMap<u64, oneshot::Sender<Bytes>> = HashMap::new();
    let mut last_id = 0;
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            question = questions.recv() => {
                let Some(Question { call, reply }) = question else { return };
                if open.is_empty() {
                    heard = Instant::now();
                }
                if open.len() >= OPEN {
                    open.retain(|_, reply| !reply.is_closed());
                }
                last_id += 1;
                open.insert(last_id, reply);
                let message = Message::text(call.text(last_id));
                if !matches!(timeout(silence, stream.send(message)).await, Ok(Ok(()))) {
                    return;
                }
            }
            message = stream.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => {
                        if let Some(reply) = id(&text).and_then(|id| open.remove(&id)) {
                            // Nobody may wait any more.
                            let _ = reply.send(text.into());
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return,
                }
            }
            () = sleep_until(heard + silence), if !open.is_empty() => return,
        }
    }
}

/// Which question a text answers.
fn id(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Answer {
        id: u64,
    }
    serde_json::from_str::<Answer>(text).ok().map(|answer| answer.id)
}

//! A file server that does what a test tells it, well-behaved or not, and remembers what it was asked.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate::fetch::{FetchError, Resolve};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What an origin was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Requests on the same connection before this one.
    pub earlier: usize,
}

impl Asked {
    /// The header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What an origin answers, byte for byte.
pub struct Reply {
    head: String,
    body: Vec<u8>,
    then: Then,
}

enum Then {
    NextRequest,
    Close,
    Hang,
    Endless,
}

impl Reply {
    /// 200 with a `Content-Length`.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::status(200).with("Content-Length", &body.len().to_string()).then_body(body)
    }

    /// A status and nothing more.
    pub fn status(status: u16) -> Self {
        let head = format!("HTTP/1.1 {status} Status\r\n");
        Self { head, body: Vec::new(), then: Then::NextRequest }
    }

    /// An empty redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).with("Location", location).with("Content-Length", "0")
    }

    /// One more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// These bytes after the head, whatever the head says.
    pub fn then_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Ends the connection after that.
    pub fn then_close(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    /// Sends nothing more, but keeps the connection open.
    pub fn then_hang(mut self) -> Self {
        self.then = Then::Hang;
        self
    }

    /// Sends zeros for as long as they are taken.
    pub fn then_endless(mut self) -> Self {
        self.then = Then::Endless;
        self
    }

    /// Exactly these bytes.
    pub fn raw(bytes: &str) -> Self {
        // The loop that sends ends the head with an empty line.
        Self { head: bytes.to_owned(), body: Vec::new(), then: Then::Close }
    }

    /// Nothing at all: the connection ends.
    pub fn nothing() -> Self {
        Self::raw("")
    }

    /// As an answer to HEAD.
    fn without_body(mut self) -> Self {
        self.body.clear();
        if matches!(self.then, Then::Endless) {
            self.then = Then::NextRequest;
        }
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// See the module's documentation. Its connections end when it is dropped.
pub struct Origin {
    pub address: SocketAddr,
    state: Arc<State>,
    running: JoinHandle<()>,
}

struct State {
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    sent: AtomicU64,
}

impl Origin {
    /// On 127.0.0.1.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::on([127, 0, 0, 1], script).await
    }

    /// On another address of this machine.
    pub async fn on(
        address: impl Into<IpAddr>,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address.into(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Box::new(script),
            asked: Mutex::default(),
            connections: AtomicUsize::default(),
            open: AtomicUsize::default(),
            sent: AtomicU64::default(),
        });
        let running = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, running }
    }

    /// `http://<address>` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same under a name.
    pub fn url_as(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Their methods and targets.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }

    /// Connections made so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// Bytes of endless bodies that the system took.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Dropped with this task, and all connections with it.
    let mut serving = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&state);
        serving.spawn(async move {
            state.open.fetch_add(1, Ordering::SeqCst);
            let _ = serve(stream, &state).await;
            state.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn serve(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    for earlier in 0.. {
        let Some(asked) = read_request(&mut reader, earlier).await? else {
            return Ok(());
        };
        let mut reply = (state.script)(&asked);
        if asked.method == "HEAD" {
            reply = reply.without_body();
        }
        state.asked.lock().unwrap().push(asked);
        if !reply.head.is_empty() {
            writer.write_all(format!("{}\r\n", reply.head).as_bytes()).await?;
        }
        writer.write_all(&reply.body).await?;
        match reply.then {
            Then::NextRequest => {}
            Then::Close => return Ok(()),
            Then::Hang => {
                let mut more = Vec::new();
                reader.read_to_end(&mut more).await?;
                return Ok(());
            }
            Then::Endless => loop {
                let sent = writer.write(&[0; 16 << 10]).await?;
                state.sent.fetch_add(sent as u64, Ordering::SeqCst);
            },
        }
    }
    Ok(())
}

async fn read_request<R: tokio::io::AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    earlier: usize,
) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    Ok(Some(Asked { method, target, headers, body: body.into(), earlier }))
}

/// Names for tests: each leads where the test says, at every look-up to the next of its answers, then always to the last.
#[derive(Default)]
pub struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    looked_up: Mutex<Vec<String>>,
}

impl Names {
    /// One more name.
    pub fn with(mut self, host: &str, answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.answers.insert(host.to_owned(), answers.iter().map(parse).collect());
        self
    }

    /// Every look-up so far.
    pub fn looked_up(&self) -> Vec<String> {
        self.looked_up.lock().unwrap().clone()
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, FetchError>> {
        let mut looked_up = self.looked_up.lock().unwrap();
        let before = looked_up.iter().filter(|earlier| *earlier == host).count();
        looked_up.push(host.to_owned());
        let answers = self.answers.get(host);
        let answer = answers.and_then(|answers| answers.get(before).or(answers.last())).cloned();
        Box::pin(async move { answer.ok_or(FetchError::Unreachable) })
    }
}

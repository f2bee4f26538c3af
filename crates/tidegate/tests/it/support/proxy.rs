//! The line between two servers: it can be cut, held up, or lose what comes back, and it counts what passes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// The beginning of each piece that was sent.
type Asked = Arc<Mutex<Vec<Vec<u8>>>>;

/// How much of it is kept, in bytes.
const HEAD: usize = 64;

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// What comes goes on.
    Open,
    /// Connections end, and new ones end at once.
    Cut,
    /// Nothing goes on until it is open again.
    Held,
    /// What is asked arrives, the answer does not: the connection ends in its place.
    Deaf,
}

/// A port of its own that leads to another one. It closes when dropped.
pub struct Proxy {
    pub url: String,
    line: watch::Sender<Line>,
    target: Arc<Mutex<Option<SocketAddr>>>,
    asked: Asked,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// It leads nowhere yet.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (line, watched) = watch::channel(Line::Open);
        let target: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let asked = Asked::default();
        let (leads_to, heard) = (Arc::clone(&target), Arc::clone(&asked));
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let target = *leads_to.lock().unwrap();
                tokio::spawn(join(client, target, watched.clone(), Arc::clone(&heard)));
            }
        });
        Self { url, line, target, asked, accepting }
    }

    /// One to the server at `address`.
    pub async fn to(address: SocketAddr) -> Self {
        let proxy = Self::new().await;
        proxy.lead_to(address);
        proxy
    }

    /// New connections lead there.
    pub fn lead_to(&self, address: SocketAddr) {
        *self.target.lock().unwrap() = Some(address);
    }

    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// How often something that begins like this was asked.
    pub fn heard(&self, beginning: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with(beginning.as_bytes())).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.line.send_replace(Line::Cut);
    }
}

async fn join(client: TcpStream, target: Option<SocketAddr>, mut line: watch::Receiver<Line>, heard: Asked) {
    if *line.borrow_and_update() == Line::Cut {
        return;
    }
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let mut cut = line.clone();
    tokio::select! {
        // Either end closing ends both, as does a cut.
        () = pass(client_reads, server_writes, line.clone(), heard) => {}
        () = pass_back(server_reads, client_writes, line) => {}
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    heard: Asked,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // A request's head is sent in one piece.
        heard.lock().unwrap().push(buffer[..count.min(HEAD)].to_vec());
        if line.wait_for(|line| *line != Line::Held).await.is_err()
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}

async fn pass_back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Ok(state) = line.wait_for(|line| *line != Line::Held).await.map(|line| *line) else { return };
        if state == Line::Deaf || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

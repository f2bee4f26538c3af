//! Nodes behind WebSockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tidegate::chain::Fact;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_util::task::AbortOnDropHandle;

use super::{ID, address, hasty, mine, patient, served, settings};
use crate::support::chain::FakeChain;

/// A WebSocket in front of a fake node.
struct Door {
    url: String,
    connections: Arc<AtomicUsize>,
    _server: AbortOnDropHandle<()>,
}

/// How the door treats its callers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Answers two by two, the later question first; the one for the chain is answered at once.
    Shuffled,
    /// Closes after this many answers.
    Closes(usize),
    /// Takes a first connection and says nothing, then is well.
    SilentOnce,
}

impl Door {
    async fn open(node: &FakeChain, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://user:pass%20word@{}/ws", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (node, counted) = (node.clone(), Arc::clone(&connections));
        let serve = async move {
            let mut guests = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
                guests.spawn(serve(stream, node.clone(), manner, first));
            }
        };
        Self { url, connections, _server: AbortOnDropHandle::new(tokio::spawn(serve)) }
    }
}

#[allow(clippy::result_large_err, reason = "the shape that the library asks for")]
fn only_with_password(
    request: &Request,
    response: Response,
) -> Result<Response, http::Response<Option<String>>> {
    assert_eq!(request.headers()["authorization"], "Basic dXNlcjpwYXNzIHdvcmQ=");
    Ok(response)
}

async fn serve(stream: tokio::net::TcpStream, node: FakeChain, manner: Manner, first: bool) {
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, only_with_password).await.unwrap();
    if manner == Manner::SilentOnce && first {
        return std::future::pending().await;
    }
    let mut held: Option<Value> = None;
    let mut answered = 0;
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        let call: Value = serde_json::from_str(&text).unwrap();
        let mut ready = vec![node.reply(&call)];
        if manner == Manner::Shuffled && call["method"] != "eth_chainId" {
            match held.take() {
                Some(earlier) => ready.push(earlier),
                None => held = ready.pop(),
            }
        }
        for answer in ready {
            socket.send(Message::text(answer.to_string())).await.unwrap();
            answered += 1;
        }
        if manner == Manner::Closes(answered) {
            socket.close(None).await.unwrap();
            return;
        }
    }
}

#[tokio::test]
async fn answers_find_their_questions_in_any_order() {
    let node = FakeChain::start(ID).await;
    node.set_nft(address(3), 5, address(4));
    let door = Door::open(&node, Manner::Shuffled).await;
    let chain = served(&settings(&[&door.url]), patient()).await;
    let (state, owner) = tokio::join!(chain.nft_state(address(3)), chain.nft_owner(address(3)));
    assert_eq!((state, owner), (Ok(Fact::Fresh(5)), Ok(Fact::Fresh(address(4)))));
    assert_eq!(door.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_closed_connection_is_opened_again() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    let door = Door::open(&node, Manner::Closes(2)).await;
    let limits = tidegate::chain::Limits { retries: 4, ..patient() };
    let chain = served(&settings(&[&door.url]), limits).await;
    // Its chain, the receipt; its block, the code of a contract; the receipt.
    assert!(chain.receipt(tx).await.unwrap().is_some());
    assert_eq!(chain.has_code(address(1)).await, Ok(Fact::Fresh(false)));
    assert!(chain.receipt(tx).await.unwrap().is_some());
    assert!(door.connections.load(Ordering::SeqCst) >= 3);
}

#[tokio::test]
async fn a_connection_that_has_died_unnoticed_is_replaced() {
    let node = FakeChain::start(ID).await;
    let tx = mine(&node);
    let door = Door::open(&node, Manner::SilentOnce).await;
    let limits = tidegate::chain::Limits { retries: 4, ..hasty() };
    let chain = served(&settings(&[&door.url]), limits).await;
    assert!(chain.receipt(tx).await.unwrap().is_some());
    assert!(door.connections.load(Ordering::SeqCst) >= 2);
}

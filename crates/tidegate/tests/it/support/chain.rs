//! A node of a chain that says what a test tells it to: JSON-RPC over HTTP on loopback, with a key in its URL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use alloy_sol_types::{SolCall as _, SolValue as _, sol};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidegate_ocean::{Address, B256, Bytes, Log, U256, keccak256};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::mempool::{Mempool, MinedNow};

sol! {
    function getMetaData() returns (string, string, uint8, bool);
    function ownerOf(uint256);
    function erc721List(address);
    function isValidSignature(bytes32, bytes);
}

/// The path of every fake node's URL. It must never be seen in an answer, an error, the log or a metric.
pub const RPC_KEY: &str = "planted-rpc-key-5f1c";

/// The time of the first block: that of the clock of test servers, less a day.
pub const GENESIS: u64 = 1_700_000_000 - 86_400;

/// A running node. Clones are the same node; it ends with the last.
#[derive(Clone)]
pub struct FakeChain {
    url: String,
    node: Arc<Mutex<Node>>,
    _server: Arc<AbortOnDropHandle<()>>,
}

/// What the node does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, for ever.
    Silence,
    /// An HTTP status.
    Status(u16),
    /// A page for people.
    Garbage,
    /// A JSON-RPC error.
    Code(i64),
    /// A redirect to here, with the key.
    Redirect,
    /// An answer of so many bytes.
    Bytes(usize),
}

struct Node {
    id: u64,
    head: u64,
    receipts: HashMap<B256, Value>,
    times: HashMap<B256, u64>,
    codes: HashMap<Address, Bytes>,
    /// By contract and calldata, or the beginning of it.
    answers: Vec<(Address, Bytes, Result<Bytes, ()>)>,
    asked: HashMap<String, usize>,
    fault: Option<Fault>,
    mempool: Mempool,
}

impl FakeChain {
    /// A node of the chain `id` with no blocks but the first.
    pub async fn start(id: u64) -> Self {
        let node = Node {
            id,
            head: 0,
            receipts: HashMap::new(),
            times: HashMap::new(),
            codes: HashMap::new(),
            answers: Vec::new(),
            asked: HashMap::new(),
            fault: None,
            mempool: Mempool::new(),
        };
        let node = Arc::new(Mutex::new(node));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3/{RPC_KEY}", listener.local_addr().unwrap());
        let router = Router::new().route("/v3/{key}", post(answer)).with_state(Arc::clone(&node));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, node, _server: Arc::new(AbortOnDropHandle::new(server)) }
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a block `seconds` after the first, with one transaction that left these logs.
    pub fn mine(&self, from: Address, to: Address, seconds: u64, logs: Vec<Log>) -> B256 {
        let mut node = self.node();
        let tx = keccak256(format!("tx {}", node.head + 1));
        node.mine(tx, from, to, seconds, logs);
        tx
    }

    /// Changes a member of a transaction's receipt.
    pub fn set_in_receipt(&self, tx: B256, member: &str, value: Value) {
        self.node().receipts.get_mut(&tx).unwrap()[member] = value;
    }

    /// Forgets a transaction: the node lags behind, or the block is gone.
    pub fn forget(&self, tx: B256) {
        self.node().receipts.remove(&tx);
    }

    /// Makes this many empty blocks.
    pub fn mine_empty(&self, blocks: u64) {
        self.node().head += blocks;
    }

    /// There is a data NFT in this metadata state, owned by `owner`.
    pub fn set_nft(&self, nft: Address, state: u8, owner: Address) {
        let metadata = ("https://provider.example", "0x0", U256::from(state), true).abi_encode_params();
        self.set_code(nft);
        self.set_answer(nft, getMetaDataCall::SELECTOR, Ok(metadata));
        self.set_answer(nft, ownerOfCall(U256::from(1)).abi_encode(), Ok(owner.abi_encode()));
    }

    /// The factory at `factory` made `nft`; others it does not know.
    pub fn set_deployed(&self, factory: Address, nft: Address) {
        self.set_answer(factory, erc721ListCall::SELECTOR, Ok(Address::ZERO.abi_encode()));
        self.set_answer(factory, erc721ListCall(nft).abi_encode(), Ok(nft.abi_encode()));
    }

    /// A contract wallet that takes `signature` over `hash` and refuses all else.
    pub fn set_wallet(&self, wallet: Address, hash: B256, signature: &[u8]) {
        let call = isValidSignatureCall { _0: hash, _1: signature.to_vec().into() };
        let mut magic = vec![0x16, 0x26, 0xba, 0x7e];
        magic.resize(32, 0);
        self.set_code(wallet);
        self.set_answer(wallet, isValidSignatureCall::SELECTOR, Err(()));
        self.set_answer(wallet, call.abi_encode(), Ok(magic));
    }

    /// There is a contract here.
    pub fn set_code(&self, address: Address) {
        self.node().codes.insert(address, Bytes::from_static(&[0x60, 0x80]));
    }

    /// Calls to `to` whose data begins with `data` get this answer; what is set later goes first.
    pub fn set_answer(&self, to: Address, data: impl AsRef<[u8]>, answer: Result<Vec<u8>, ()>) {
        let data = Bytes::copy_from_slice(data.as_ref());
        self.node().answers.push((to, data, answer.map(Bytes::from)));
    }

    /// The node stops answering in this way.
    pub fn fail(&self, fault: Fault) {
        self.node().fault = Some(fault);
    }

    /// The node answers again.
    pub fn recover(&self) {
        self.node().fault = None;
    }

    /// What the node does with transactions.
    pub fn mempool<T>(&self, change: impl FnOnce(&mut Mempool) -> T) -> T {
        change(&mut self.node().mempool)
    }

    /// How often a method was asked for.
    pub fn asked(&self, method: &str) -> usize {
        self.node().asked.get(method).copied().unwrap_or_default()
    }

    /// What the node says to a question that came another way than by HTTP.
    pub fn reply(&self, call: &Value) -> Value {
        self.node().reply(call)
    }

    fn node(&self) -> MutexGuard<'_, Node> {
        self.node.lock().unwrap()
    }
}

fn block_hash(number: u64) -> B256 {
    keccak256(format!("block {number}"))
}

fn hex(number: u64) -> Value {
    format!("{number:#x}").into()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap()
}

async fn answer(
    State(node): State<Arc<Mutex<Node>>>,
    Path(key): Path<String>,
    Json(call): Json<Value>,
) -> Response {
    let answer = node.lock().unwrap().reply(&call);
    let fault = node.lock().unwrap().fault;
    match fault {
        None => Json(answer).into_response(),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Fault::Garbage) => format!("<html>{key} is over its limit</html>").into_response(),
        Some(Fault::Code(code)) => {
            let error = json!({ "code": code, "message": format!("project {key}") });
            Json(json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })).into_response()
        }
        Some(Fault::Redirect) => {
            (StatusCode::TEMPORARY_REDIRECT, [("Location", format!("/v3/{key}"))]).into_response()
        }
        Some(Fault::Bytes(bytes)) => vec![b' '; bytes].into_response(),
    }
}

/// A JSON-RPC error.
struct Refused(i64, &'static str);

const REVERTED: Refused = Refused(3, "execution reverted");

impl Node {
    fn mine(&mut self, tx: B256, from: Address, to: Address, seconds: u64, logs: Vec<Log>) {
        self.head += 1;
        let number = self.head;
        let block = block_hash(number);
        self.times.insert(block, GENESIS + seconds);
        let logs: Vec<Value> = logs
            .into_iter()
            .enumerate()
            .map(|(index, log)| {
                json!({
                    "address": log.address, "topics": log.topics, "data": log.data, "logIndex": hex(index as u64),
                    "blockHash": block, "blockNumber": hex(number), "transactionHash": tx,
                    "transactionIndex": "0x0", "removed": false,
                })
            })
            .collect();
        let receipt = json!({
            "transactionHash": tx, "blockHash": block, "blockNumber": hex(number), "status": "0x1",
            "from": from, "to": to, "logs": logs, "contractAddress": null, "type": "0x2",
            "cumulativeGasUsed": "0x5208", "gasUsed": "0x5208", "transactionIndex": "0x0",
        });
        self.receipts.insert(tx, receipt);
    }

    fn reply(&mut self, call: &Value) -> Value {
        let method = call["method"].as_str().unwrap();
        *self.asked.entry(method.to_owned()).or_default() += 1;
        let (member, value) = match self.result(method, &call["params"]) {
            Ok(result) => ("result", result),
            Err(Refused(code, words)) => ("error", json!({ "code": code, "message": words })),
        };
        json!({ "jsonrpc": "2.0", "id": call["id"], member: value })
    }

    fn result(&mut self, method: &str, params: &Value) -> Result<Value, Refused> {
        if let Some(answer) = self.mempool.answer(method) {
            return answer.map_err(|words| Refused(-32000, words));
        }
        Ok(match method {
            "eth_chainId" => hex(self.id),
            "eth_blockNumber" => hex(self.head),
            "eth_getBlockByNumber" => {
                let time = self.times.get(&block_hash(self.head)).copied().unwrap_or(GENESIS);
                let mut block = json!({ "number": hex(self.head), "timestamp": hex(time) });
                if let Some(base) = self.mempool.base_fee {
                    block["baseFeePerGas"] = hex(base);
                }
                block
            }
            "eth_getTransactionReceipt" => {
                json!(self.receipts.get(&read::<B256>(&params[0])))
            }
            "eth_getBlockByHash" => {
                let time = self.times.get(&read::<B256>(&params[0]));
                json!(time.map(|time| json!({ "timestamp": hex(*time), "transactions": [] })))
            }
            "eth_getCode" => {
                let address: Address = read(&params[0]);
                json!(self.codes.get(&address).cloned().unwrap_or_default())
            }
            "eth_call" => {
                let to: Address = read(&params[0]["to"]);
                let data: Bytes = read(&params[0]["data"]);
                let known = self.answers.iter().rev();
                let mut known =
                    known.filter(|(contract, start, _)| *contract == to && data.starts_with(start));
                match known.next() {
                    Some((_, _, answer)) => json!(answer.clone().map_err(|()| REVERTED)?),
                    // As on a real chain: a contract without the function fails, and no contract answers nothing.
                    None if self.codes.contains_key(&to) => return Err(REVERTED),
                    None => json!("0x"),
                }
            }
            "eth_sendRawTransaction" => {
                let (mined, answer) = self.mempool.take(read(&params[0]));
                if let Some(MinedNow { tx, succeeded }) = mined {
                    self.mine(tx, Address::ZERO, Address::ZERO, 0, vec![]);
                    let status = if succeeded { "0x1" } else { "0x0" };
                    self.receipts.get_mut(&tx).unwrap()["status"] = status.into();
                }
                return answer.map_err(|words| Refused(-32000, words));
            }
            _ => panic!("the fake node does not know {method}"),
        })
    }
}

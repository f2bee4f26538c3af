//! Receipts: what was delivered, for which order, signed with our key, kept, and posted, or sent to the
//! chain, where the operator says.
//!
//! Nobody waits for them: they are gathered, signed, and written together by a task that the server waits for at its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tidegate_ocean::{Address, B256, keccak256};
use tokio::{sync::mpsc, task::JoinHandle};
use url::form_urlencoded;

use super::{posts::Posts, proofs::Proofs, shelf::is_kept};
use crate::{
    chain::Chain,
    clock::Timestamp,
    db::{Db, DbError, ReceiptId, assets, receipts as table},
};

/// Deliveries that wait to be written down; when they are more, each next one waits in a task of its own.
const WAITING: usize = 4096;

/// Receipts written in one transaction.
const BATCH: usize = 256;

/// A whole answer that was delivered.
pub struct Delivery {
    /// The chain of the order.
    pub chain: Arc<Chain>,
    /// The datatoken that was ordered.
    pub datatoken: Address,
    /// The order's own transaction.
    pub order_tx: B256,
    /// Who downloaded.
    pub consumer: Address,
    /// What.
    pub what: Delivered,
    /// What the consumer signed for it, if they did: the text and the signature.
    pub signed: Option<(String, String)>,
}

/// What was delivered: the members of a receipt, under the names that the reference's proofs have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// The asset.
    pub document_id: String,
    /// The service.
    pub service_id: String,
    /// The file.
    pub file_index: usize,
    /// `bytes first-last/length`; nothing for the whole file.
    pub range: Option<String>,
    /// How many bytes.
    pub downloaded_bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal digits.
    pub sha256: String,
    /// When the last one was sent.
    #[serde(serialize_with = "as_text")]
    pub time: Timestamp,
}

fn as_text<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// The text that is signed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    chain_id: u64,
    order_tx: B256,
    consumer_address: Address,
    #[serde(flatten)]
    what: &'a Delivered,
}

/// Takes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Receipts {
    sender: mpsc::Sender<Message>,
    /// There until somebody waits for its end.
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

enum Message {
    Write(Box<Delivery>),
    /// Nothing comes after this.
    Close,
}

impl Receipts {
    /// Begins to write receipts into `db`, to have them posted, and to have `proofs` of them sent.
    #[must_use]
    pub fn start(db: Arc<Db>, posts: Option<Posts>, proofs: Option<Proofs>) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        let task = tokio::spawn(Writer { db, posts, proofs }.run(messages));
        Self { sender, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Has a receipt written for `delivery`. Nobody waits.
    pub fn write(&self, delivery: Delivery) {
        let message = Message::Write(Box::new(delivery));
        if let Err(mpsc::error::TrySendError::Full(message)) = self.sender.try_send(message) {
            let sender = self.sender.clone();
            tokio::spawn(async move { sender.send(message).await });
        }
    }

    /// Waits until all that was handed over is written. Idempotent.
    pub async fn close(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = self.sender.send(Message::Close).await;
            if task.await.is_err() {
                tracing::error!("the task that writes receipts ended badly");
            }
        }
    }
}

struct Writer {
    db: Arc<Db>,
    posts: Option<Posts>,
    proofs: Option<Proofs>,
}

impl Writer {
    async fn run(self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = messages.recv_many(&mut batch, BATCH).await;
            let closing = received == 0 || batch.iter().any(|message| matches!(message, Message::Close));
            let deliveries = batch.drain(..).filter_map(|message| match message {
                Message::Write(delivery) => Some(Signed::new(*delivery)),
                Message::Close => None,
            });
            let signed: Vec<_> = deliveries.collect();
            let ids = self.keep(&signed).await;
            if let Some(proofs) = &self.proofs {
                for (place, signed) in signed.iter().enumerate() {
                    proofs.write(&signed.delivery, &signed.document, ids.get(place).copied());
                }
            }
            if let Some(posts) = &self.posts {
                signed.iter().for_each(|signed| posts.write(signed.form()));
            }
            if closing {
                break;
            }
        }
        if let Some(posts) = &self.posts {
            posts.close().await;
        }
        if let Some(proofs) = &self.proofs {
            proofs.close().await;
        }
    }

    /// Keeps receipts, and counts them for what was sold. Their ids if proofs are sent, or none where they cannot be kept.
    async fn keep(&self, signed: &[Signed]) -> Vec<ReceiptId> {
        if signed.is_empty() {
            return Vec::new();
        }
        let rows: Vec<_> = signed.iter().map(Signed::row).collect();
        let (counts, tell) = (counted(signed), self.proofs.is_some());
        let written: Result<_, DbError> = self
            .db
            .write(move |s| {
                Box::pin(async move {
                    let mut ids = Vec::new();
                    for row in &rows {
                        if tell {
                            ids.push(table::insert_receipt(s, row).await?);
                        } else {
                            table::keep_receipt(s, row).await?;
                        }
                    }
                    for ((did, service), delivered) in &counts {
                        assets::count_downloads(s, did, service, delivered).await?;
                    }
                    Ok(ids)
                })
            })
            .await;
        written.unwrap_or_else(|error| {
            tracing::error!(%error, receipts = signed.len(), "receipts of downloads are lost: they cannot be written");
            Vec::new()
        })
    }
}

/// The downloads of each service, in order.
fn counted(signed: &[Signed]) -> BTreeMap<(String, String), assets::Delivered> {
    let mut counts = BTreeMap::new();
    for Signed { delivery, .. } in signed {
        let Delivered { document_id, service_id, downloaded_bytes, time, .. } = &delivery.what;
        if !is_kept(service_id) {
            continue;
        }
        let count = counts.entry((document_id.clone(), service_id.clone())).or_insert(assets::Delivered {
            chain_id: delivery.chain.id(),
            downloads: 0,
            bytes: 0,
            at: *time,
        });
        count.downloads += 1;
        count.bytes = count.bytes.saturating_add(*downloaded_bytes);
        count.at = count.at.max(*time);
    }
    counts
}

/// A delivery with its receipt.
struct Signed {
    delivery: Delivery,
    document: String,
    signature: [u8; 65],
}

impl Signed {
    fn new(delivery: Delivery) -> Self {
        let document = Document {
            chain_id: delivery.chain.id(),
            order_tx: delivery.order_tx,
            consumer_address: delivery.consumer,
            what: &delivery.what,
        };
        // Only numbers and texts: they can always be written.
        let document = serde_json::to_string(&document).unwrap_or_default();
        let signature = *delivery.chain.key().sign_personal(&keccak256(&document)).as_bytes();
        Self { delivery, document, signature }
    }

    fn row(&self) -> table::NewReceipt {
        table::NewReceipt {
            chain_id: self.delivery.chain.id(),
            order_tx: self.delivery.order_tx,
            consumer: self.delivery.consumer,
            document: self.document.clone(),
            signature: self.signature.to_vec(),
            created_at: self.delivery.what.time,
            did: Some(self.delivery.what.document_id.clone()),
        }
    }

    fn form(&self) -> Bytes {
        let (text, signature) =
            self.delivery.signed.as_ref().map_or(("", ""), |(text, signature)| (text, signature));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("orderTxId", &self.delivery.order_tx.to_string())
            .append_pair("providerData", &self.document)
            .append_pair("providerSignature", &format!("0x{}", hex::encode(self.signature)))
            .append_pair("consumerData", text)
            .append_pair("consumerSignature", signature)
            .append_pair("consumerAddress", &self.delivery.consumer.to_string())
            .finish();
        form.into()
    }
}

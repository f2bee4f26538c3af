//! Proofs of delivery: receipts that the datatoken's contract checks and announces on its chain, for the price of gas.
//!
//! Nobody waits for them, and they are not promised: each chain has a line of its own in memory, out of which one after the
//! other is sent. What is in it when the server ends, or does not fit in, is kept as a receipt only.

use std::collections::BTreeMap;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

use futures_util::future::join_all;
use moka::sync::Cache;
use tidegate_ocean::{Address, B256, Bytes, Execution};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::receipts::Delivery;
use crate::{
    chain::{Chain, SendError},
    db::{Db, ReceiptId, receipts as table},
    telemetry::metrics::{Proven, proof_done},
};

/// Before a proof is tried again, while the chain or our account is not fit for any. It doubles each time.
pub const PAUSE: Duration = Duration::from_secs(5);

/// How often a proof is tried. Whoever wrote the contract must not hold up the others' for ever.
const TRIES: u32 = 6;

/// Proofs that wait on one chain.
const WAITING: usize = 1024;

/// How long the server waits for proofs when it ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Datatokens of which it is remembered whether they take proofs.
const DATATOKENS: u64 = 10_000;

/// Sends proofs to chains.
pub struct Proofs {
    db: Arc<Db>,
    lines: Mutex<BTreeMap<u64, Line>>,
    /// Over all lines.
    open: Arc<AtomicUsize>,
    pause: Duration,
}

/// The proofs of one chain.
struct Line {
    proofs: mpsc::Sender<Proof>,
    task: JoinHandle<()>,
}

/// One call of a datatoken.
struct Proof {
    datatoken: Address,
    call: Bytes,
    /// Where the transaction is recorded.
    receipt: Option<ReceiptId>,
}

impl Proofs {
    /// Sends nothing yet. Which transaction has which proof is recorded in `db`. `pause` is [`PAUSE`], but for tests.
    #[must_use]
    pub fn new(db: Arc<Db>, pause: Duration) -> Self {
        Self { db, lines: Mutex::default(), open: Arc::default(), pause }
    }

    /// Has a proof of `delivery` sent, with `document` in it, which is kept as `receipt`. Nobody waits. Without a signature of the consumer there is
    /// nothing to prove.
    pub fn write(&self, delivery: &Delivery, document: &str, receipt: Option<ReceiptId>) {
        let chain = &delivery.chain;
        let Some((text, signature)) = &delivery.signed else {
            tracing::debug!(
                "no proof of a download is sent to the chain: its consumer signed nothing for it"
            );
            return;
        };
        let Delivery { order_tx, consumer, datatoken, .. } = *delivery;
        let execution = Execution { order_tx, document, consumer, text, signature };
        let proof = match execution.call(chain.key()) {
            Ok(call) => Proof { datatoken, call, receipt },
            Err(reason) => {
                tracing::debug!(%reason, "no proof of a download is sent to the chain");
                return;
            }
        };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(chain.id()).or_insert_with(|| self.begin(chain));
        self.open.fetch_add(1, Ordering::Relaxed);
        if line.proofs.try_send(proof).is_err() {
            self.open.fetch_sub(1, Ordering::Relaxed);
            proof_done(chain.id(), Proven::Lost);
            tracing::debug!(chain = chain.id(), "no proof of a download is sent to the chain: too many wait");
        }
    }

    /// Waits a short time for what is left. Idempotent.
    pub async fn close(&self) {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        // Without its sender, a line ends when it is empty.
        let tasks: Vec<_> = lines.into_values().map(|line| line.task).collect();
        let stops: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
        if timeout(PATIENCE, join_all(tasks)).await.is_err() {
            stops.iter().for_each(tokio::task::AbortHandle::abort);
            let left = self.open.load(Ordering::Relaxed);
            tracing::warn!(
                left,
                "stopping before all proofs of downloads are on their chains; the receipts are kept"
            );
        }
    }

    fn begin(&self, chain: &Arc<Chain>) -> Line {
        let (proofs, waiting) = mpsc::channel(WAITING);
        let writer = Writer {
            db: Arc::clone(&self.db),
            chain: Arc::clone(chain),
            takers: Cache::new(DATATOKENS),
            open: Arc::clone(&self.open),
            pause: self.pause,
            trouble: None,
        };
        Line { proofs, task: tokio::spawn(writer.run(waiting)) }
    }
}

/// Sends the proofs of one chain.
struct Writer {
    db: Arc<Db>,
    chain: Arc<Chain>,
    /// Which datatokens take proofs.
    takers: Cache<Address, bool>,
    open: Arc<AtomicUsize>,
    pause: Duration,
    /// What went wrong last, until something goes right.
    trouble: Option<String>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Proof>) {
        while let Some(proof) = waiting.recv().await {
            let done = self.write(&proof).await;
            proof_done(self.chain.id(), done);
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    async fn write(&mut self, proof: &Proof) -> Proven {
        let mut pause = self.pause;
        for tried in 1..=TRIES {
            match self.send(proof).await {
                Ok(done) => return self.went_well(done),
                Err(error) => {
                    self.went_wrong(&error);
                    if !error.is_of_the_chain() || tried == TRIES {
                        break;
                    }
                }
            }
            sleep(pause).await;
            pause *= 2;
        }
        Proven::Lost
    }

    async fn send(&self, proof: &Proof) -> Result<Proven, SendError> {
        let datatoken = proof.datatoken;
        let takes = match self.takers.get(&datatoken) {
            Some(takes) => takes,
            None => {
                // Ocean's contracts take calls that they do not know, and do nothing for the gas.
                let takes = self.chain.refuses(datatoken, &Execution::nonsense()).await?;
                self.takers.insert(datatoken, takes);
                takes
            }
        };
        if !takes {
            tracing::debug!(%datatoken, "no proof of a download is sent to the chain: its datatoken takes none");
            return Ok(Proven::NotTaken);
        }
        let receipt = self.chain.send(datatoken, proof.call.clone()).await?;
        tracing::debug!(tx = %receipt.tx, "a proof of a download is on its chain");
        self.record(proof, receipt.tx).await;
        Ok(Proven::Written)
    }

    /// What cannot be recorded is on the chain all the same.
    async fn record(&self, proof: &Proof, tx: B256) {
        let Some(id) = proof.receipt else { return };
        let recorded = self.db.write(move |s| Box::pin(table::set_proof(s, id, tx))).await;
        if let Err(error) = recorded {
            tracing::warn!(%error, "the transaction of a proof could not be recorded");
        }
    }

    fn went_well(&mut self, done: Proven) -> Proven {
        if done == Proven::Written && self.trouble.take().is_some() {
            tracing::info!(chain = self.chain.id(), "proofs of downloads are sent to the chain again");
        }
        done
    }

    /// Says what is wrong, once.
    fn went_wrong(&mut self, error: &SendError) {
        let outage = matches!(error, SendError::Chain(error) if error.is_outage());
        let trouble = if outage { "outage".to_owned() } else { error.to_string() };
        if self.trouble.as_ref() != Some(&trouble) {
            tracing::warn!(%error, "proofs of downloads cannot be sent to the chain; downloads go on");
            self.trouble = Some(trouble);
        }
    }
}

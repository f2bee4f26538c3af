//! Checking what comes, and keeping it: the part of a try that works on a thread that may wait.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tidegate_content::{BlockSource, Cid, Frontier, FrontierLimits, verify_block};
use tokio::sync::OwnedMutexGuard;

use super::{PullError, Watched, places::Places};
use crate::blobs::{BlobStore, PartialCar, Root};

/// What a block takes beside its bytes, at most: its length and its CID.
const SECTION_HEAD: usize = 100;

/// What is here of a DAG and what is missing.
pub(super) struct Keeper {
    pub(super) partial: PartialCar,
    frontier: Frontier,
    /// Missing blocks to be asked for, the next one first.
    ready: VecDeque<Cid>,
    /// How many of these are looked up ahead.
    ahead: usize,
    watched: Watched,
    /// Others wait with the same DAG for as long as anything here may still write to its file.
    pub(super) turn: OwnedMutexGuard<()>,
    pub(super) places: Arc<Places>,
}

impl Keeper {
    /// With what an earlier try has kept.
    pub(super) fn open(
        store: &BlobStore,
        root: Cid,
        limits: FrontierLimits,
        ahead: usize,
        watched: Watched,
        (turn, places): (OwnedMutexGuard<()>, Arc<Places>),
    ) -> Result<Self, PullError> {
        let frontier = Frontier::new(root, limits)?;
        let mut keeper = Self {
            partial: store.partial(&root)?,
            frontier,
            ready: VecDeque::new(),
            ahead,
            watched,
            turn,
            places,
        };
        keeper.look_ahead()?;
        Ok(keeper)
    }

    /// Takes a block that was asked for.
    pub(super) fn kept(mut self, cid: &Cid, block: &Bytes) -> Result<Self, PullError> {
        self.offer(cid, block)?;
        self.look_ahead()?;
        Ok(self)
    }

    /// Keeps the block if it belongs to the DAG, is not here, and is what its CID says; tells whether it was so.
    pub(super) fn offer(&mut self, cid: &Cid, block: &Bytes) -> Result<bool, PullError> {
        if !self.frontier.wants(cid) || verify_block(cid, block).is_err() {
            return Ok(false);
        }
        let (here, more) = (self.partial.bytes(), (block.len() + SECTION_HEAD) as u64);
        if !self.places.grow(&Root::of(self.partial.root()), here + more) {
            let rest = self.frontier.progress().claimed.map_or(0, |claimed| claimed.saturating_sub(here));
            return Err(PullError::StoreFull(rest.max(more)));
        }
        self.partial.put(cid, block)?;
        self.frontier.arrived(cid, block)?;
        self.watched.set(self.frontier.progress());
        Ok(true)
    }

    /// Goes on until so many missing blocks are known as are asked for at once. What is found here on the way is counted.
    pub(super) fn look_ahead(&mut self) -> Result<(), PullError> {
        while self.ready.len() < self.ahead {
            let Some(cid) = self.frontier.next_missing() else {
                break;
            };
            if self.partial.contains(&cid) {
                let block = self.partial.block(&cid)?;
                self.frontier.arrived(&cid, &block)?;
            } else {
                self.ready.push_back(cid);
            }
        }
        self.watched.set(self.frontier.progress());
        Ok(())
    }

    /// The next block to ask for.
    pub(super) fn ready(&mut self) -> Option<Cid> {
        loop {
            let cid = self.ready.pop_front()?;
            // An archive may have brought it since.
            if self.frontier.wants(&cid) {
                return Some(cid);
            }
        }
    }

    /// A block could not be had now.
    pub(super) fn give_back(&mut self, cid: &Cid) {
        self.frontier.give_back(cid);
    }

    /// The root, if nothing at all is here.
    pub(super) fn root_if_missing(&self) -> Option<Cid> {
        let root = self.partial.root();
        self.frontier.wants(root).then_some(*root)
    }

    /// Some of the blocks that are asked for next.
    pub(super) fn next_few(&self, count: usize) -> Vec<Cid> {
        self.ready.iter().take(count).copied().collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.frontier.is_complete()
    }

    /// Bytes that are here.
    pub(super) fn bytes(&self) -> u64 {
        self.frontier.progress().bytes
    }
}

/// Runs what reads, hashes or writes on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PullError> + Send + 'static,
) -> Result<T, PullError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| PullError::Stopped)?
}

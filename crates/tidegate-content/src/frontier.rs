//! What is still missing of a DAG that comes in block by block, in any order and from anywhere.
//!
//! Only what is linked to is wanted, so nobody can fill a disk with blocks that nobody asked for. Who fetches, and where
//! blocks are kept, is not known here; nor are hashes checked.

use std::collections::HashMap;

use bytes::Bytes;

use crate::block::{BlockError, sha256, verify_block};
use crate::cid_text::{Cid, DAG_PB, cid_from_bytes, content_key};
use crate::dag_pb::PbNode;
use crate::links::{is_followed, links};
use crate::node::NodeError;
use crate::pending::MAX_DAG_DEPTH;
use crate::source::identity_block;

/// Blocks that are known to be missing at one time. The widest node names some 50,000; working depth first, few such nodes
/// are open together.
const MAX_WANTED: usize = 1 << 18;

/// How large a DAG may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrontierLimits {
    /// Blocks, each counted once.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Why a DAG is not taken. None of these goes away when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// A block cannot be read, so what belongs to the DAG is not known; or the DAG is too deep or too wide.
    #[error("block {cid}: {reason}")]
    Malformed {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong with it.
        reason: NodeError,
    },
    /// A hash that cannot be computed here, so its block could be anything.
    #[error("block {cid}: {reason}")]
    Unverifiable {
        /// The block.
        cid: Box<Cid>,
        /// What cannot be done.
        reason: BlockError,
    },
    /// A codec whose links are not known here, so neither is what belongs to the DAG.
    #[error("block {cid}: links of codec 0x{codec:x} cannot be followed")]
    UnknownLinks {
        /// The block.
        cid: Box<Cid>,
        /// Its codec.
        codec: u64,
    },
    /// More blocks than allowed.
    #[error("the DAG has more than {0} blocks")]
    TooManyBlocks(u64),
    /// More bytes than allowed.
    #[error("the DAG has more than {0} bytes")]
    TooLarge(u64),
}

/// How far a DAG has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Blocks that are here.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Bytes of the whole DAG, as its root claims.
    pub claimed: Option<u64>,
}

/// See the module's documentation. Holds some 40 bytes for each block of the DAG.
#[derive(Debug)]
pub struct Frontier {
    limits: FrontierLimits,
    root: Key,
    /// What to look for, the next one last.
    stack: Vec<Box<[u8]>>,
    known: HashMap<Key, State>,
    wanted: usize,
    progress: Progress,
}

/// Enough of a hash of a CID's one form to tell blocks apart; two that collide take 2⁶⁴ tries and spoil their maker's DAG.
type Key = [u8; 16];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Linked to, so many levels below the root.
    Wanted(usize),
    Here,
}

impl Frontier {
    /// Nothing is here yet of the DAG below `root`.
    ///
    /// # Errors
    /// The root cannot be checked or its links not be followed.
    pub fn new(root: Cid, limits: FrontierLimits) -> Result<Self, FrontierError> {
        let mut frontier = Self {
            limits,
            root: key(&root),
            stack: Vec::new(),
            known: HashMap::new(),
            wanted: 0,
            progress: Progress::default(),
        };
        frontier.want(vec![root], 0)?;
        Ok(frontier)
    }

    /// The next block to look for: what is linked to last comes first, and siblings come in their order. It is not given again
    /// unless it is [given back](Self::give_back).
    pub fn next_missing(&mut self) -> Option<Cid> {
        while let Some(bytes) = self.stack.pop() {
            let cid = cid_from_bytes(&bytes)?;
            if self.wants(&cid) {
                return Some(cid);
            }
        }
        None
    }

    /// A block that was looked for in vain is to be looked for again, before all others.
    pub fn give_back(&mut self, cid: &Cid) {
        if self.wants(cid) {
            self.stack.push(cid.to_bytes().into());
        }
    }

    /// Whether the block is known to be missing.
    #[must_use]
    pub fn wants(&self, cid: &Cid) -> bool {
        matches!(self.known.get(&key(cid)), Some(State::Wanted(_)))
    }

    /// A block is here that was wanted, and was checked; others are no matter. What it links to is wanted now.
    ///
    /// # Errors
    /// See [`FrontierError`].
    pub fn arrived(&mut self, cid: &Cid, block: &Bytes) -> Result<(), FrontierError> {
        let key = key(cid);
        let Some(&State::Wanted(depth)) = self.known.get(&key) else {
            return Ok(());
        };
        self.count(block.len() as u64)?;
        let children = links(cid, block).map_err(|reason| malformed(cid, reason))?;
        if key == self.root {
            self.progress.claimed = claimed(cid, block);
        }
        self.known.insert(key, State::Here);
        self.wanted -= 1;
        self.want(children, depth + 1)
    }

    /// Whether all of the DAG is here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.wanted == 0
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    fn count(&mut self, bytes: u64) -> Result<(), FrontierError> {
        self.progress.blocks += 1;
        self.progress.bytes += bytes;
        if self.progress.bytes > self.limits.bytes {
            return Err(FrontierError::TooLarge(self.limits.bytes));
        }
        Ok(())
    }

    /// Adds the children of a block, `depth` levels below the root, that are not known yet.
    fn want(&mut self, children: Vec<Cid>, depth: usize) -> Result<(), FrontierError> {
        let first = self.stack.len();
        // Identity CIDs are their own blocks, whose links are followed on the spot.
        let mut pending = vec![(children, depth)];
        while let Some((children, depth)) = pending.pop() {
            for cid in children {
                self.want_one(&cid, depth, &mut pending)?;
            }
        }
        self.stack[first..].reverse();
        Ok(())
    }

    fn want_one(
        &mut self,
        cid: &Cid,
        depth: usize,
        inside: &mut Vec<(Vec<Cid>, usize)>,
    ) -> Result<(), FrontierError> {
        let key = key(cid);
        if self.known.contains_key(&key) {
            return Ok(());
        }
        check(cid)?;
        if depth >= MAX_DAG_DEPTH || self.wanted >= MAX_WANTED {
            return Err(malformed(cid, NodeError::TooDeep));
        }
        if self.known.len() as u64 >= self.limits.blocks {
            return Err(FrontierError::TooManyBlocks(self.limits.blocks));
        }
        if let Some(block) = identity_block(cid) {
            self.known.insert(key, State::Here);
            inside.push((links(cid, &block).map_err(|reason| malformed(cid, reason))?, depth + 1));
            return Ok(());
        }
        self.known.insert(key, State::Wanted(depth));
        self.wanted += 1;
        self.stack.push(cid.to_bytes().into());
        Ok(())
    }
}

/// Whether the block of `cid` can be checked when it comes, and its links be followed.
fn check(cid: &Cid) -> Result<(), FrontierError> {
    if !is_followed(cid.codec()) {
        return Err(FrontierError::UnknownLinks { cid: Box::new(*cid), codec: cid.codec() });
    }
    match verify_block(cid, &[]) {
        Err(reason @ BlockError::UnsupportedHash(_)) => {
            Err(FrontierError::Unverifiable { cid: Box::new(*cid), reason })
        }
        _ => Ok(()),
    }
}

/// What a root says of the bytes of its whole DAG.
fn claimed(cid: &Cid, block: &Bytes) -> Option<u64> {
    let own = block.len() as u64;
    let links = if cid.codec() == DAG_PB { PbNode::decode(block).ok()?.links } else { Vec::new() };
    links.iter().try_fold(own, |sum, link| sum.checked_add(link.tsize?))
}

fn malformed(cid: &Cid, reason: NodeError) -> FrontierError {
    FrontierError::Malformed { cid: Box::new(*cid), reason }
}

fn key(cid: &Cid) -> Key {
    let digest = sha256(&[&content_key(cid).to_bytes()]);
    std::array::from_fn(|at| digest[at])
}

//! Going through all blocks of a DAG: what an archive of it holds, and what a pin of it keeps.

use std::collections::HashSet;

use bytes::Bytes;

use crate::block::sha256;
use crate::cid_text::Cid;
use crate::links::links;
use crate::node::NodeError;
use crate::pending::{MAX_DAG_DEPTH, Pending};
use crate::source::{BlockSource, ReadError, fetch, identity_block};

/// Walks a whole DAG depth first, each block before its children and these in the order of the links.
///
/// DAG-PB and DAG-CBOR are followed, other codecs are leaves. Identity CIDs are followed too, but are no blocks and are not given.
#[derive(Debug)]
pub struct DagWalk {
    pending: Pending<Cid>,
    /// What was given, where nothing may come twice.
    seen: Option<HashSet<SeenKey>>,
}

/// Enough of a hash of a CID to tell blocks apart. A CID itself takes ten times the memory, and a pin of a terabyte has
/// millions of them; two that collide take 2⁶⁴ tries and spoil only their maker's archive.
type SeenKey = [u8; 16];

impl DagWalk {
    /// A walk that starts at `root`.
    ///
    /// With `duplicates` a block comes as often as it is linked to, and nothing is remembered; note that a small DAG can be
    /// a very long walk then. Without, it comes once, and some 20 bytes are remembered of each.
    pub fn new(root: Cid, duplicates: bool) -> Self {
        let seen = (!duplicates).then(HashSet::new);
        Self { pending: Pending::starting_with(root, MAX_DAG_DEPTH), seen }
    }

    /// The next block with its name, or `None` after the last.
    ///
    /// # Errors
    /// [`ReadError::Source`] leaves the walk where it was. [`ReadError::Malformed`] comes again.
    pub fn next<S: BlockSource>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<(Cid, Bytes)>, ReadError<S::Error>> {
        while let Some(&cid) = self.pending.peek() {
            if self.seen.as_ref().is_some_and(|seen| seen.contains(&seen_key(&cid))) {
                self.pending.pop();
                continue;
            }
            let block = fetch(source, &cid)?;
            self.descend(&cid, &block).map_err(|reason| ReadError::malformed(&cid, reason))?;
            if identity_block(&cid).is_none() {
                if let Some(seen) = &mut self.seen {
                    seen.insert(seen_key(&cid));
                }
                return Ok(Some((cid, block)));
            }
        }
        Ok(None)
    }

    fn descend(&mut self, cid: &Cid, block: &Bytes) -> Result<(), NodeError> {
        self.pending.replace(links(cid, block)?)
    }
}

fn seen_key(cid: &Cid) -> SeenKey {
    let digest = sha256(&[&cid.to_bytes()]);
    std::array::from_fn(|at| digest[at])
}

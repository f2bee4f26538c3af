//! Where blocks come from. The readers of this crate ask for one block at a time and keep no other tie to a store.

use bytes::Bytes;

use crate::cid_text::{Cid, IDENTITY};
use crate::node::{Node, NodeError};

/// A store of blocks that vouches for them: what it gives for a CID has been checked against it.
///
/// When [`block`](Self::block) fails, the reader that asked stays as it was, so the same step can be tried again: a source
/// may answer "not without blocking", and the step is repeated where blocking is allowed.
pub trait BlockSource {
    /// Why a block cannot be had.
    type Error;

    /// The block `cid` names. Never asked for an identity CID, which holds its own block.
    ///
    /// # Errors
    /// Whatever the store has to say; readers pass it on as it is.
    fn block(&mut self, cid: &Cid) -> Result<Bytes, Self::Error>;
}

impl<S: BlockSource + ?Sized> BlockSource for &mut S {
    type Error = S::Error;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, Self::Error> {
        (**self).block(cid)
    }
}

/// Why a DAG cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The source did not give a block; the step can be tried again.
    #[error(transparent)]
    Source(E),
    /// A block is there, but is not what its place in the DAG needs.
    #[error("block {cid}: {reason}")]
    Malformed {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong with it.
        reason: NodeError,
    },
}

impl<E> ReadError<E> {
    pub(crate) fn malformed(cid: &Cid, reason: NodeError) -> Self {
        Self::Malformed { cid: Box::new(*cid), reason }
    }
}

/// The block that an identity CID holds in itself.
#[must_use]
pub fn identity_block(cid: &Cid) -> Option<Bytes> {
    (cid.hash().code() == IDENTITY).then(|| Bytes::copy_from_slice(cid.hash().digest()))
}

/// The block of `cid`, from the CID itself where it is in there.
pub(crate) fn fetch<S: BlockSource>(source: &mut S, cid: &Cid) -> Result<Bytes, ReadError<S::Error>> {
    identity_block(cid).map_or_else(|| source.block(cid).map_err(ReadError::Source), Ok)
}

/// The block of `cid` and what it is.
pub(crate) fn fetch_node<S: BlockSource>(
    source: &mut S,
    cid: &Cid,
) -> Result<(Bytes, Node), ReadError<S::Error>> {
    let block = fetch(source, cid)?;
    let node = Node::decode(cid, &block).map_err(|reason| ReadError::malformed(cid, reason))?;
    Ok((block, node))
}

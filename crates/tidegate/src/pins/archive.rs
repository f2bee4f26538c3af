//! A DAG that comes as one CAR: each block is checked when it comes, and at the end all of the DAG has to be here and nothing else.
//!
//! Blocks may come in any order, so what belongs to the DAG is only known at the end. A block that does not is refused rather than
//! left out: what is pinned then is what was sent.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use tidegate_content::{
    BlockError, BlockSource as _, Cid, Frontier, FrontierError, FrontierLimits, ReadError,
    car::{CarError, CarEvent, CarLimits, CarReader},
    cid_text::{IDENTITY, Multihash},
    tar::TarError,
    verify_block,
};
use tokio::sync::mpsc::Receiver;

use super::{
    collect::{CollectError, Found, Step},
    measure::{measure, payload},
};
use crate::blobs::{BlobError, BlobStore, CarFile, Root, StagedDag};

/// Why an archive did not become content.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not a tar archive that can become content.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// It is not a CAR.
    #[error(transparent)]
    Car(#[from] CarError),
    /// A CAR without a root, or with several: which DAG it is of is not known.
    #[error("the CAR has {0} roots; one that is to be pinned has exactly one")]
    Roots(usize),
    /// A block is not what its CID says.
    #[error("block {0} of the CAR: {1}")]
    Block(Box<Cid>, BlockError),
    /// A block that the DAG needs did not come.
    #[error("the DAG is not whole: block {0} is not in the CAR")]
    Missing(Box<Cid>),
    /// A block came that is no part of the DAG.
    #[error(
        "{0} blocks in the CAR are no part of the DAG below its root, such as the one with the multihash {1}"
    )]
    Extra(usize, String),
    /// A DAG that cannot be checked, or is too large.
    #[error(transparent)]
    Dag(#[from] FrontierError),
    /// A node in the DAG is malformed.
    #[error("the DAG cannot be read: {0}")]
    Unreadable(Box<ReadError<BlobError>>),
}

/// All blocks that came.
pub(super) struct Archive {
    staged: StagedDag,
    root: Cid,
    limit: u64,
}

impl Archive {
    /// Takes the pieces of a CAR of at most `limit` blocks until there are no more.
    pub(super) fn receive(
        store: &BlobStore,
        limit: u64,
        steps: &mut Receiver<Step>,
    ) -> Result<Self, CollectError> {
        let mut reader = CarReader::new(CarLimits::default());
        let mut archive = None;
        while let Some(step) = steps.blocking_recv() {
            let Step::Data(bytes) = step else { continue };
            reader.feed(bytes);
            while let Some(event) = reader.next().map_err(ArchiveError::from)? {
                match (event, &mut archive) {
                    (CarEvent::Header(roots), _) => archive = Some(Self::of(store, &roots, limit)?),
                    (CarEvent::Block { cid, data, .. }, Some(archive)) => archive.put(&cid, &data)?,
                    (CarEvent::Block { .. }, None) => {}
                }
            }
        }
        reader.finish().map_err(ArchiveError::from)?;
        Ok(archive.ok_or(ArchiveError::Car(CarError::Truncated))?)
    }

    fn of(store: &BlobStore, roots: &[Cid], limit: u64) -> Result<Self, CollectError> {
        let [root] = *roots else { return Err(ArchiveError::Roots(roots.len()).into()) };
        // One that cannot be checked is refused before its blocks come.
        Frontier::new(root, FrontierLimits { blocks: limit, bytes: u64::MAX }).map_err(ArchiveError::from)?;
        Ok(Self { staged: store.stage_dag(&root)?, root, limit })
    }

    fn put(&mut self, cid: &Cid, block: &Bytes) -> Result<(), CollectError> {
        verify_block(cid, block).map_err(|error| ArchiveError::Block(Box::new(*cid), error))?;
        if cid.hash().code() != IDENTITY {
            self.staged.put(cid, block)?;
        }
        if self.staged.blocks() as u64 > self.limit {
            return Err(ArchiveError::Dag(FrontierError::TooManyBlocks(self.limit)).into());
        }
        Ok(())
    }

    /// Whether it is the DAG that `wanted` names.
    pub(super) fn is(&self, wanted: &Cid) -> bool {
        Root::of(&self.root) == Root::of(wanted)
    }

    /// Seals the DAG if all of it is here.
    pub(super) fn seal(mut self) -> Result<Found, CollectError> {
        let held = self.walk()?;
        let sealed = self.staged.seal()?;
        let car = Arc::new(CarFile::open(sealed.path().ok_or(BlobError::Missing)?)?);
        let (kind, size) = measure(&car).map_err(unreadable)?;
        // A DAG may claim that there is less in its files than it makes us keep.
        Ok(Found { sealed, cid: self.root, size: size.max(held), kind })
    }

    /// Follows every link from the root; tells how many bytes of content there are.
    fn walk(&mut self) -> Result<u64, CollectError> {
        let limits = FrontierLimits { blocks: self.limit, bytes: u64::MAX };
        let mut frontier = Frontier::new(self.root, limits).map_err(ArchiveError::from)?;
        let (mut held, mut belonging) = (0_u64, HashSet::new());
        while let Some(cid) = frontier.next_missing() {
            let block = match self.staged.block(&cid) {
                Err(BlobError::Missing) => return Err(ArchiveError::Missing(Box::new(cid)).into()),
                block => block?,
            };
            frontier.arrived(&cid, &block).map_err(ArchiveError::from)?;
            held += payload(&cid, &block);
            belonging.insert(*cid.hash());
        }
        match self.staged.blocks() - belonging.len() {
            0 => Ok(held),
            extra => Err(ArchiveError::Extra(extra, self.any_but(&belonging)).into()),
        }
    }

    /// A block that is none of these, in the spelling of multihashes.
    fn any_but(&self, belonging: &HashSet<Multihash>) -> String {
        let extra = self.staged.digests().find(|digest| !belonging.contains(digest));
        extra.map_or_else(String::new, |digest| hex::encode(digest.to_bytes()))
    }
}

fn unreadable(error: ReadError<BlobError>) -> CollectError {
    match error {
        ReadError::Source(error) => error.into(),
        malformed => ArchiveError::Unreadable(Box::new(malformed)).into(),
    }
}

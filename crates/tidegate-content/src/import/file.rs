//! A file, from pushed bytes to its root.

use bytes::Bytes;

use crate::block::NewBlock;
use crate::profile::Profile;
use crate::unixfs::leaf_framing;

use super::balanced::BalancedTree;
use super::hasher::{HashQueue, Hasher};
use super::rope::Rope;
use super::{BlockSink, Imported};

/// One file being imported. After an error from the sink the import is of no more use; drop it. Dropping it at any
/// time leaves nothing behind but what the sink was given.
#[derive(Debug)]
pub struct FileImport {
    profile: Profile,
    chunk: Rope,
    queue: HashQueue<Leaf>,
    tree: BalancedTree,
}

impl FileImport {
    /// An import of one file, hashing on `hasher`.
    #[must_use]
    pub fn new(profile: Profile, hasher: &Hasher) -> Self {
        Self {
            profile,
            chunk: Rope::default(),
            queue: HashQueue::new(hasher, profile.chunk_bytes()),
            tree: BalancedTree::new(profile),
        }
    }

    /// Adds the next bytes of the file, in pieces of any size. Blocks while more is being hashed than may be
    /// in flight, so a fast source is slowed to the speed of hashing and of the sink.
    ///
    /// Pieces of 4 KiB and more are kept without copying until the sink has seen them: they should not be small
    /// parts of large buffers.
    ///
    /// # Errors
    /// The sink's.
    pub fn push<S: BlockSink>(&mut self, mut bytes: Bytes, sink: &mut S) -> Result<(), S::Error> {
        while !bytes.is_empty() {
            let room = self.profile.chunk_bytes() - self.chunk.len();
            self.chunk.push(bytes.split_to(room.min(bytes.len())));
            if self.chunk.len() == self.profile.chunk_bytes() {
                self.start_leaf(sink)?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish<S: BlockSink>(mut self, sink: &mut S) -> Result<Imported, S::Error> {
        // Hashed here while the pool works on those before it; small files never leave this thread.
        let rest = (self.chunk.len() > 0).then(|| Leaf::hash(self.profile, self.chunk.take()));
        while let Some(leaf) = self.queue.wait() {
            self.add(&leaf, sink)?;
        }
        if let Some(leaf) = rest {
            self.add(&leaf, sink)?;
        }
        if self.tree.is_empty() {
            self.add(&Leaf::hash(self.profile, Vec::new()), sink)?;
        }
        let root = self.tree.finish(sink)?;
        Ok(root.expect("a file has at least one leaf"))
    }

    /// Starts hashing the chunk, and passes on the leaves that are ready.
    fn start_leaf<S: BlockSink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if let Some(leaf) = self.queue.wait_if_full() {
            self.add(&leaf, sink)?;
        }
        let profile = self.profile;
        let pieces = self.chunk.take();
        let mut ready = self.queue.start(move || Leaf::hash(profile, pieces));
        while let Some(leaf) = ready {
            self.add(&leaf, sink)?;
            ready = self.queue.ready();
        }
        Ok(())
    }

    fn add<S: BlockSink>(&mut self, leaf: &Leaf, sink: &mut S) -> Result<(), S::Error> {
        let Leaf { block, content } = leaf;
        sink.put(block)?;
        self.tree.add(Imported { cid: *block.cid(), size: *content, dag_size: block.len() as u64 }, sink)
    }
}

/// A leaf's block and how many bytes of the file are in it.
#[derive(Debug)]
struct Leaf {
    block: NewBlock,
    content: u64,
}

impl Leaf {
    fn hash(profile: Profile, pieces: Vec<Bytes>) -> Self {
        let content: usize = pieces.iter().map(Bytes::len).sum();
        let parts = if profile.raw_leaves() {
            pieces
        } else {
            let (prefix, suffix) = leaf_framing(content);
            let mut parts = Vec::with_capacity(pieces.len() + 2);
            parts.push(prefix.into());
            parts.extend(pieces);
            parts.push(suffix.into());
            parts
        };
        Self { block: NewBlock::hash(profile.leaf_name(), parts), content: content as u64 }
    }
}

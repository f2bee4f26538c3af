//! The balanced tree of a file's nodes, built while its leaves arrive.
//!
//! Layout: <https://specs.ipfs.tech/unixfs/#balanced>, and Kubo's habits: every leaf is equally deep, so the last node
//! of a level exists even when it has one child only; a file of one leaf is that leaf.

use crate::block::NewBlock;
use crate::dag_pb::PbNode;
use crate::profile::Profile;
use crate::unixfs::{Kind, UnixFs};

use super::{BlockSink, Imported};

/// A tree under construction: for every level the children that have no parent yet, leaves first. No level is
/// ever full, so memory is bounded by width and depth.
#[derive(Debug)]
pub(super) struct BalancedTree {
    profile: Profile,
    levels: Vec<Vec<Imported>>,
}

impl BalancedTree {
    pub(super) fn new(profile: Profile) -> Self {
        Self { profile, levels: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Adds the next leaf, and puts out the nodes it makes full.
    pub(super) fn add<S: BlockSink>(&mut self, leaf: Imported, sink: &mut S) -> Result<(), S::Error> {
        let mut child = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let siblings = &mut self.levels[level];
            siblings.push(child);
            if siblings.len() < self.profile.max_links() {
                break;
            }
            child = put_node(self.profile, &std::mem::take(siblings), sink)?;
        }
        Ok(())
    }

    /// Puts out the nodes that are not full and returns the root, or `None` if there was no leaf.
    pub(super) fn finish<S: BlockSink>(self, sink: &mut S) -> Result<Option<Imported>, S::Error> {
        let mut below: Option<Imported> = None;
        let top = self.levels.len().saturating_sub(1);
        for (level, mut children) in self.levels.into_iter().enumerate() {
            children.extend(below.take());
            below = match children.as_slice() {
                [] => None,
                [root] if level == top => Some(*root),
                children => Some(put_node(self.profile, children, sink)?),
            };
        }
        Ok(below)
    }
}

fn put_node<S: BlockSink>(
    profile: Profile,
    children: &[Imported],
    sink: &mut S,
) -> Result<Imported, S::Error> {
    let size = children.iter().map(|child| child.size).sum();
    let file = UnixFs {
        file_size: Some(size),
        block_sizes: children.iter().map(|child| child.size).collect(),
        ..UnixFs::new(Kind::File)
    };
    let node = PbNode {
        links: children.iter().map(|child| child.link(String::new())).collect(),
        data: Some(file.encode().into()),
    };
    let block = NewBlock::hash(profile.node_name(), vec![node.encode().into()]);
    sink.put(&block)?;
    let below: u64 = children.iter().map(|child| child.dag_size).sum();
    Ok(Imported { cid: *block.cid(), size, dag_size: below + block.len() as u64 })
}

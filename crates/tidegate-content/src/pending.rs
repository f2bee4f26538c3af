//! The stack of everything a walk over a DAG has still to do, with bounds on what a hostile DAG may put there.

use std::vec;

use crate::node::NodeError;

/// Items held on all levels together. The widest node of 2 MiB has about 50,000 links.
const MAX_HELD: usize = 1 << 17;

/// Levels of a whole DAG: directories 256 deep, each a HAMT of a few levels, and a file at the bottom.
pub(crate) const MAX_DAG_DEPTH: usize = 1024;

/// Items in the order of a depth-first walk: the children of an item come before its next sibling.
///
/// Looking at the next item and taking it are two steps, so that work which fails in between can be tried again.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    levels: Vec<Level<T>>,
    held: usize,
    max_depth: usize,
}

/// The children of one node. Its memory is freed as a whole, so its first length is what counts.
#[derive(Debug)]
struct Level<T> {
    left: vec::IntoIter<T>,
    len: usize,
}

impl<T> Pending<T> {
    /// A stack with one item, for a DAG of at most `max_depth` levels.
    pub(crate) fn starting_with(first: T, max_depth: usize) -> Self {
        let first = Level { left: vec![first].into_iter(), len: 1 };
        Self { levels: vec![first], held: 1, max_depth }
    }

    /// The next item, which stays.
    pub(crate) fn peek(&mut self) -> Option<&T> {
        // Levels go only now, and not with their last item: the children of that item are one deeper.
        while let Some(level) = self.levels.pop_if(|level| level.left.as_slice().is_empty()) {
            self.held -= level.len;
        }
        self.levels.last()?.left.as_slice().first()
    }

    /// All items that are known of, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.levels.iter().rev().flat_map(|level| level.left.as_slice())
    }

    /// Takes the next item.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.peek()?;
        self.levels.last_mut()?.left.next()
    }

    /// Takes the next item and puts its children in its place. Does nothing when it fails.
    pub(crate) fn replace(&mut self, children: Vec<T>) -> Result<(), NodeError> {
        self.peek();
        let len = children.len();
        if len > 0 && (self.levels.len() >= self.max_depth || self.held + len > MAX_HELD) {
            return Err(NodeError::TooDeep);
        }
        self.pop();
        if len > 0 {
            self.held += len;
            self.levels.push(Level { left: children.into_iter(), len });
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn children_come_before_siblings() {
        let mut pending = Pending::starting_with(0, 3);
        pending.replace(vec![1, 4]).unwrap();
        pending.replace(vec![2, 3]).unwrap();
        assert_eq!(pending.peek(), Some(&2));
        assert_eq!(pending.iter().copied().collect::<Vec<_>>(), [2, 3, 4]);
        let rest: Vec<_> = std::iter::from_fn(|| pending.pop()).collect();
        assert_eq!(rest, [2, 3, 4]);
        assert_eq!(pending.held, 0);
    }

    #[test]
    fn a_chain_of_only_children_counts_as_deep() {
        let mut pending = Pending::starting_with(0, 4);
        for level in 1..4 {
            pending.replace(vec![level]).unwrap();
        }
        assert_eq!(pending.replace(vec![9]), Err(NodeError::TooDeep));
        assert_eq!(pending.peek(), Some(&3), "what failed has not happened");
        pending.replace(Vec::new()).unwrap();
        assert_eq!(pending.peek(), None);
    }

    #[test]
    fn wide_nodes_are_bounded_together() {
        let mut pending = Pending::starting_with(0, 4);
        pending.replace(vec![0; MAX_HELD / 2]).unwrap();
        assert_eq!(pending.replace(vec![0; MAX_HELD / 2]), Err(NodeError::TooDeep));
        pending.replace(vec![0; MAX_HELD / 2 - 1]).unwrap();
    }
}

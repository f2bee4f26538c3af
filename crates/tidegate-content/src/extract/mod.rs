//! The receiving end of a download that need not be trusted: blocks in, files out, nothing believed.
//!
//! The blocks are those of a CAR in depth-first order with duplicates. Each must be exactly the next one the DAG
//! below the expected root calls for, and have its hash. What is held does not grow with the content: the links still to come
//! of the nodes on the way down. Nothing is written here, and names are checked for what no file system can hold;
//! whether a path is fit for one of them (letter case, `\`, reserved names, symbolic links on the way) is for the writer.

mod event;

use std::collections::HashSet;

use bytes::Bytes;

use crate::block::verify_block;
use crate::cid_text::{Cid, content_key};
use crate::import::{MAX_DEPTH, MAX_NAME_BYTES, MAX_TARGET_BYTES, is_file_name};
use crate::list::directory_children;
use crate::node::{FileNode, Node, NodeError};
use crate::pending::{MAX_DAG_DEPTH, Pending};
use crate::shard::{DirectoryLink, Place};
use crate::source::identity_block;

pub use event::{ExtractError, ExtractEvent};

/// Turns the verified blocks of one DAG into the events that rebuild its files.
///
/// Call [`next`](Self::next) until it gives `None`, then [`push`](Self::push) the next block, and so on;
/// [`finish`](Self::finish) says whether everything was there.
#[derive(Debug)]
pub struct Extractor {
    expected: Pending<Expected>,
    /// A block that was checked and not used.
    block: Option<Bytes>,
    /// Path of the directory that is open.
    path: String,
    /// How many directories are open, the root counted.
    open: usize,
}

/// What comes next: a block, or something that is known already.
#[derive(Debug)]
enum Expected {
    Entry {
        name: String,
        cid: Cid,
    },
    Shard {
        cid: Cid,
        place: Place,
    },
    Piece {
        cid: Cid,
        size: u64,
    },
    Data(Bytes),
    FileEnd,
    /// The end of a directory; the path goes back to this length.
    DirectoryEnd(usize),
}

impl Extractor {
    /// Expects the DAG of `root`, be it a file, a directory or a symbolic link.
    pub fn new(root: Cid) -> Self {
        let root = Expected::Entry { name: String::new(), cid: root };
        Self {
            expected: Pending::starting_with(root, MAX_DAG_DEPTH),
            block: None,
            path: String::new(),
            open: 0,
        }
    }

    /// Takes the next block. `cid` may be another version of the expected CID.
    ///
    /// # Errors
    /// When it is not the one that is expected or its bytes are not genuine. Nothing has changed then.
    pub fn push(&mut self, cid: &Cid, block: Bytes) -> Result<(), ExtractError> {
        if self.block.is_some() {
            return Err(ExtractError::NotReady);
        }
        let Some(next) = self.expected.peek() else {
            return Err(ExtractError::Extra(Box::new(*cid)));
        };
        let expected = *next.cid().ok_or(ExtractError::NotReady)?;
        if identity_block(&expected).is_some() {
            return Err(ExtractError::NotReady);
        }
        if content_key(&expected) != content_key(cid) {
            let (expected, found) = (Box::new(expected), Box::new(*cid));
            return Err(ExtractError::OutOfOrder { expected, found });
        }
        verify_block(&expected, &block)
            .map_err(|reason| ExtractError::Block { cid: Box::new(expected), reason })?;
        self.block = Some(block);
        Ok(())
    }

    /// The next event, or `None` when a block is needed or everything is done.
    ///
    /// # Errors
    /// When the block pushed last is malformed or leads to something that must not be written. The same error comes again.
    #[allow(clippy::should_implement_trait)] // `None` is "not yet", not "never"
    pub fn next(&mut self) -> Result<Option<ExtractEvent>, ExtractError> {
        while let Some(next) = self.expected.peek() {
            let event = match next.cid().copied() {
                None => self.take_known(),
                Some(cid) => match identity_block(&cid).or_else(|| self.block.clone()) {
                    None => return Ok(None),
                    Some(block) => {
                        let event = self.enter(&cid, &block)?;
                        if identity_block(&cid).is_none() {
                            self.block = None;
                        }
                        event
                    }
                },
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Ends the download, once [`next`](Self::next) has given `None`.
    ///
    /// # Errors
    /// [`ExtractError::Incomplete`] when anything of the DAG is missing.
    pub fn finish(mut self) -> Result<(), ExtractError> {
        if self.expected.peek().is_none() { Ok(()) } else { Err(ExtractError::Incomplete) }
    }

    /// Takes what needs no block.
    fn take_known(&mut self) -> Option<ExtractEvent> {
        match self.expected.pop()? {
            Expected::Data(data) => Some(ExtractEvent::Data(data)),
            Expected::FileEnd => Some(ExtractEvent::FileEnd),
            Expected::DirectoryEnd(len) => {
                self.path.truncate(len);
                self.open -= 1;
                None
            }
            Expected::Entry { .. } | Expected::Shard { .. } | Expected::Piece { .. } => None,
        }
    }

    /// Puts what the expected block `cid` calls for in its place.
    fn enter(&mut self, cid: &Cid, block: &Bytes) -> Result<Option<ExtractEvent>, ExtractError> {
        let malformed = |reason| ExtractError::Malformed { cid: Box::new(*cid), reason };
        let node = Node::decode(cid, block).map_err(malformed)?;
        let (event, children) = match self.expected.peek() {
            Some(Expected::Entry { name, .. }) => {
                let path = joined(&self.path, name);
                return self.enter_entry(path, node, malformed);
            }
            Some(&Expected::Piece { size, .. }) => {
                let file = node.into_file().and_then(|file| file.of_size(size)).map_err(malformed)?;
                (None, pieces(file))
            }
            Some(&Expected::Shard { place, .. }) => {
                let links = directory_children(node, place).map_err(malformed)?;
                (None, entries(links)?)
            }
            _ => return Ok(None), // needs no block
        };
        self.expected.replace(children).map_err(malformed)?;
        Ok(event)
    }

    fn enter_entry(
        &mut self,
        path: String,
        node: Node,
        malformed: impl Fn(NodeError) -> ExtractError,
    ) -> Result<Option<ExtractEvent>, ExtractError> {
        match node {
            Node::Symlink(target) => {
                if target.len() > MAX_TARGET_BYTES {
                    return Err(ExtractError::TargetTooLong);
                }
                self.expected.pop();
                Ok(Some(ExtractEvent::Symlink { path, target }))
            }
            Node::Directory(_) | Node::Shard(_) => {
                // The root is one more than the names on a path.
                if self.open > MAX_DEPTH {
                    return Err(ExtractError::TooDeep);
                }
                let links = directory_children(node, Place::default()).map_err(&malformed)?;
                let mut children = entries(links)?;
                children.push(Expected::DirectoryEnd(self.path.len()));
                self.expected.replace(children).map_err(malformed)?;
                self.open += 1;
                self.path.clone_from(&path);
                Ok(Some(ExtractEvent::Directory { path }))
            }
            node => {
                let file = node.into_file().map_err(&malformed)?;
                let size = file.size;
                let mut children = pieces(file);
                children.push(Expected::FileEnd);
                self.expected.replace(children).map_err(malformed)?;
                Ok(Some(ExtractEvent::FileStart { path, size }))
            }
        }
    }
}

impl Expected {
    /// The block this waits for.
    fn cid(&self) -> Option<&Cid> {
        match self {
            Self::Entry { cid, .. } | Self::Shard { cid, .. } | Self::Piece { cid, .. } => Some(cid),
            Self::Data(_) | Self::FileEnd | Self::DirectoryEnd(_) => None,
        }
    }
}

fn pieces(file: FileNode) -> Vec<Expected> {
    let inline = (!file.inline.is_empty()).then_some(Expected::Data(file.inline));
    let children = file.children.into_iter().map(|(cid, size)| Expected::Piece { cid, size });
    inline.into_iter().chain(children).collect()
}

/// The links of a directory or of a part of one. In a HAMT every name is where its hash belongs, so a repeated one would
/// have to be in the same node: checking each node alone is enough.
fn entries(links: Vec<DirectoryLink>) -> Result<Vec<Expected>, ExtractError> {
    let mut names = HashSet::with_capacity(links.len());
    for link in &links {
        let DirectoryLink::Entry { name, .. } = link else {
            continue;
        };
        if name.len() > MAX_NAME_BYTES || !is_file_name(name) {
            return Err(ExtractError::BadName(name.clone()));
        }
        if !names.insert(&name[..]) {
            return Err(ExtractError::Duplicate(name.clone()));
        }
    }
    let expected = links.into_iter().map(|link| match link {
        DirectoryLink::Entry { name, cid, .. } => Expected::Entry { name, cid },
        DirectoryLink::Shard { cid, place } => Expected::Shard { cid, place },
    });
    Ok(expected.collect())
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

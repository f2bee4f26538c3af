//! Reading the bytes of a file, or a range of them, from the blocks of its DAG.

use std::ops::Range;

use bytes::Bytes;

use crate::cid_text::Cid;
use crate::pending::Pending;
use crate::source::{BlockSource, ReadError, fetch_node};

/// Levels of one file's DAG. Balanced DAGs have five; Kubo's trickle layout stays below twenty for any file.
const MAX_DEPTH: usize = 64;

/// Reads a range of a UnixFS file, in order, fetching only blocks that the range touches.
///
/// What it gives is never longer or shorter than the sizes in the DAG say: where a block contradicts its parent the
/// result is an error. A step that failed in the source can be tried again.
#[derive(Debug)]
pub struct FileCursor {
    range: Range<u64>,
    size: Option<u64>,
    pending: Pending<Piece>,
}

/// A part of the file, not fetched yet.
#[derive(Debug, Clone, Copy)]
struct Piece {
    cid: Cid,
    /// Where in the file it starts.
    start: u64,
    /// How long its parent says it is; `None` for the root.
    size: Option<u64>,
}

/// A block of a file and what it adds to the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBlock {
    /// Name of the block, possibly an identity CID.
    pub cid: Cid,
    /// The whole block.
    pub block: Bytes,
    /// The part of its own content that is in the range; empty for inner nodes. Shares the block's memory.
    pub payload: Bytes,
}

impl FileCursor {
    /// A cursor over the bytes `range` of the file `root`. What lies past the file's end is not there, silently: compare
    /// with [`file_size`].
    pub fn new(root: Cid, range: Range<u64>) -> Self {
        let root = Piece { cid: root, start: 0, size: None };
        Self { range, size: None, pending: Pending::starting_with(root, MAX_DEPTH) }
    }

    /// A cursor over all bytes.
    pub fn whole(root: Cid) -> Self {
        Self::new(root, 0..u64::MAX)
    }

    /// Size of the whole file in bytes, once the first block was read.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The blocks that will be asked for, as far as they are known: first the next one, and what is below a block only once
    /// that was read. For sources that are slow and can fetch several at once.
    pub fn upcoming(&self) -> impl Iterator<Item = &Cid> {
        self.pending.iter().map(|piece| &piece.cid)
    }

    /// The next bytes of the range, never empty; `None` at its end.
    ///
    /// # Errors
    /// [`ReadError::Source`] leaves the cursor where it was. [`ReadError::Malformed`] comes again.
    pub fn next<S: BlockSource>(&mut self, source: &mut S) -> Result<Option<Bytes>, ReadError<S::Error>> {
        while let Some(step) = self.step(source)? {
            if !step.payload.is_empty() {
                return Ok(Some(step.payload));
            }
        }
        Ok(None)
    }

    /// The next block on the way, inner nodes too and each before its children: what a CAR of this range holds. The
    /// root always comes.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn step<S: BlockSource>(&mut self, source: &mut S) -> Result<Option<FileBlock>, ReadError<S::Error>> {
        let Some(&Piece { cid, start, size }) = self.pending.peek() else {
            return Ok(None);
        };
        let (block, node) = fetch_node(source, &cid)?;
        let malformed = |reason| ReadError::malformed(&cid, reason);
        let mut file = node.into_file().map_err(malformed)?;
        if let Some(size) = size {
            file = file.of_size(size).map_err(malformed)?;
        }
        let payload = self.wanted_bytes(start, &file.inline);
        let children = self.wanted_children(start + file.inline.len() as u64, &file.children);
        self.pending.replace(children).map_err(malformed)?;
        self.size = self.size.or(Some(file.size));
        Ok(Some(FileBlock { cid, block, payload }))
    }

    /// The part of `content`, which starts at `start`, that is in the range.
    fn wanted_bytes(&self, start: u64, content: &Bytes) -> Bytes {
        // Places before the content count as its start, places behind it as its end.
        let within = |place: u64| {
            usize::try_from(place.saturating_sub(start))
                .map_or(content.len(), |place| place.min(content.len()))
        };
        let (from, to) = (within(self.range.start), within(self.range.end));
        if from < to { content.slice(from..to) } else { Bytes::new() }
    }

    /// The children that the range touches; the first starts at `start`. Their sizes were checked to have a sum.
    fn wanted_children(&self, mut start: u64, children: &[(Cid, u64)]) -> Vec<Piece> {
        let mut wanted = Vec::new();
        for &(cid, size) in children {
            let end = start + size;
            if start.max(self.range.start) < end.min(self.range.end) {
                wanted.push(Piece { cid, start, size: Some(size) });
            }
            start = end;
        }
        wanted
    }
}

/// Size in bytes of the content of the file `cid`.
///
/// # Errors
/// When the block cannot be had or is not a file.
pub fn file_size<S: BlockSource>(source: &mut S, cid: &Cid) -> Result<u64, ReadError<S::Error>> {
    let (_, node) = fetch_node(source, cid)?;
    let file = node.into_file().map_err(|reason| ReadError::malformed(cid, reason))?;
    Ok(file.size)
}

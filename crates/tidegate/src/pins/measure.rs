//! What a content file holds, from its blocks alone: kind and size, as the upload recorded them.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use tidegate_content::{
    Cid, DirectoryEntries, Entity, NodeError, PbNode, ReadError, ResolveError, UnixFs, cid_text::DAG_PB,
    import::MAX_DEPTH, resolve,
};

use crate::{
    blobs::{Access, BlobError, CarCursor, CarFile},
    db::contents::ContentKind,
};

/// The kind of the root, and the bytes of all files below it, repeated ones each time. Of a graph that is nothing of UnixFS, the
/// bytes that it takes here.
///
/// # Errors
/// A block cannot be read.
pub(crate) fn measure(car: &Arc<CarFile>) -> Result<(ContentKind, u64), ReadError<BlobError>> {
    let mut measuring = Measuring { blocks: car.cursor(Access::Disk), folders: HashMap::new() };
    match measuring.entity(car.root(), 0) {
        Ok((ContentKind::Other, 0)) | Err(ReadError::Malformed { .. }) => {
            Ok((ContentKind::Other, car.data().end - car.data().start))
        }
        measured => measured,
    }
}

/// Bytes of content in a block, without what holds a DAG together.
pub(crate) fn payload(cid: &Cid, block: &Bytes) -> u64 {
    let message = || UnixFs::decode(&PbNode::decode(block).ok()?.data?).ok();
    let len = match (cid.codec() == DAG_PB).then(message).flatten() {
        Some(message) => message.data.map_or(0, |data| data.len()),
        None => block.len(),
    };
    len as u64
}

struct Measuring {
    blocks: CarCursor,
    /// Sizes of folders, which may be linked to very often.
    folders: HashMap<Cid, u64>,
}

impl Measuring {
    fn entity(&mut self, cid: &Cid, depth: usize) -> Result<(ContentKind, u64), ReadError<BlobError>> {
        let nothing: [&str; 0] = [];
        let found = match resolve(&mut self.blocks, cid, &nothing) {
            Ok(found) => found,
            Err(ResolveError::Read(error)) => return Err(error),
            Err(_) => unreachable!("no name was looked up"),
        };
        Ok(match found.entity {
            Entity::File { size } | Entity::RawBlock { size } => (ContentKind::File, size),
            Entity::Directory(_) => (ContentKind::Directory, self.folder(cid, depth)?),
            Entity::Symlink { .. } | Entity::Other { .. } => (ContentKind::Other, 0),
        })
    }

    fn folder(&mut self, cid: &Cid, depth: usize) -> Result<u64, ReadError<BlobError>> {
        if let Some(size) = self.folders.get(cid) {
            return Ok(*size);
        }
        if depth > MAX_DEPTH {
            return Err(ReadError::Malformed { cid: Box::new(*cid), reason: NodeError::TooDeep });
        }
        let mut size: u64 = 0;
        let mut entries = DirectoryEntries::new(*cid);
        while let Some(entry) = entries.next(&mut self.blocks)? {
            size = size.saturating_add(self.entity(&entry.cid, depth + 1)?.1);
        }
        self.folders.insert(*cid, size);
        Ok(size)
    }
}

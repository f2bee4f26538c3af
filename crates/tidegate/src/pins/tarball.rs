//! Files and folders that come as one tar archive: taken apart by the importing thread, so that no file of many costs a hand-over.

use tidegate_content::{
    Hasher, Profile,
    tar::{TarEvent, TarKind, TarReader},
};
use tokio::sync::mpsc::Receiver;

use super::{
    archive::ArchiveError,
    bounds::Bounds,
    collect::{CollectError, Collected, Entry, Step},
};
use crate::blobs::BlobStore;

/// Takes the pieces of an archive until there are no more.
pub(super) fn receive(
    store: &BlobStore,
    hasher: &Hasher,
    profile: Profile,
    mut bounds: Bounds,
    steps: &mut Receiver<Step>,
) -> Result<Collected, CollectError> {
    let mut collected = Collected::new(store, hasher, profile)?;
    let mut reader = TarReader::default();
    while let Some(step) = steps.blocking_recv() {
        let Step::Data(bytes) = step else { continue };
        reader.feed(bytes);
        while let Some(event) = reader.next().map_err(ArchiveError::from)? {
            match event {
                TarEvent::Entry { path, kind } => {
                    let path = bounds.path(&path)?;
                    match kind {
                        TarKind::File { .. } => collected.open(path),
                        TarKind::Directory => collected.add(Entry::Directory(path)),
                        TarKind::Symlink { target } => collected.add(Entry::Symlink(path, target.into())),
                    }
                }
                TarEvent::Data(bytes) => collected.data(bytes)?,
                TarEvent::FileEnd => collected.close()?,
            }
        }
    }
    reader.finish().map_err(ArchiveError::from)?;
    Ok(collected)
}

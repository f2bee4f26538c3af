//! A folder as one tar archive, the same each time, from any byte on.

use bytes::Bytes;
use tidegate_content::tar::{BLOCK, TarKind, write};

use super::{
    sending::{Sink, Stop},
    tree::{Entry, EntryKind, Tree},
};

/// Bytes of the archive of `tree`, a folder whose own name is not in it.
pub(super) fn len(tree: &Tree) -> u64 {
    let entry = |entry: &Entry| {
        let content = entry.size();
        head(entry).len() as u64 + content + write::padding(content) as u64
    };
    tree.entries.iter().map(entry).sum::<u64>() + write::END.len() as u64
}

/// Sends the archive.
pub(super) fn send(tree: &Tree, sink: &mut Sink) -> Result<(), Stop> {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    for entry in &tree.entries {
        sink.bytes(head(entry).into())?;
        if let EntryKind::File { size } = entry.kind {
            sink.file(&tree.path_of(entry), size)?;
            sink.bytes(Bytes::from_static(&ZEROS[..write::padding(size)]))?;
        }
    }
    sink.bytes(Bytes::from_static(&write::END))
}

fn head(entry: &Entry) -> Vec<u8> {
    let kind = match &entry.kind {
        EntryKind::File { size } => TarKind::File { size: *size },
        EntryKind::EmptyDirectory => TarKind::Directory,
        EntryKind::Symlink { target } => TarKind::Symlink { target: target.clone() },
    };
    write::head(&entry.path, &kind)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, sync::Arc};

    use http_body_util::BodyExt as _;

    use super::{
        super::{Output, progress::Progress, sending},
        *,
    };

    async fn from(tree: &Arc<Tree>, offset: u64) -> Vec<u8> {
        let (tree, progress) = (Arc::clone(tree), Progress::new(Output { json: true }, "", None));
        let sending = sending::send(offset, Arc::new(progress), move |sink| send(&tree, sink));
        let body = sending.body.collect().await.unwrap().to_bytes().to_vec();
        sending.reading.await.unwrap().unwrap();
        body
    }

    #[tokio::test]
    async fn an_archive_is_as_long_as_it_says_and_goes_on_at_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("deep/empty")).unwrap();
        fs::write(folder.path().join("a"), vec![7; 700]).unwrap();
        fs::write(folder.path().join("deep/b"), "").unwrap();
        fs::write(folder.path().join("deep").join("n".repeat(200)), vec![8; 512]).unwrap();
        std::os::unix::fs::symlink("../a", folder.path().join("deep/link")).unwrap();
        let tree = Arc::new(Tree::read(folder.path()).unwrap());
        let whole = from(&tree, 0).await;
        assert_eq!(whole.len() as u64, len(&tree));
        for offset in (0..whole.len()).step_by(111) {
            assert!(from(&tree, offset as u64).await == whole[offset..], "{offset}");
        }
    }
}

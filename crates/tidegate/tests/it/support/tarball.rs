//! Archives made by hand.

use tidegate_content::tar::{TarKind, write};

use super::content::Item;

/// A tar archive of `items`.
pub fn tar(items: &[Item]) -> Vec<u8> {
    let mut archive = Vec::new();
    for item in items {
        let (path, kind, content) = match item {
            Item::File(path, bytes) => (path, TarKind::File { size: bytes.len() as u64 }, &bytes[..]),
            Item::Folder(path) => (path, TarKind::Directory, &[][..]),
            Item::Link(path, target) => (path, TarKind::Symlink { target: target.clone() }, &[][..]),
        };
        archive.extend(write::head(path, &kind));
        archive.extend(content);
        archive.extend(vec![0; write::padding(content.len() as u64)]);
    }
    archive.extend(write::END);
    archive
}

//! Making an archive that is the same each time, whoever makes it and when: entries have no owners and no times. So an upload of
//! one can go on at any byte.

use super::{BLOCK, TarKind, header::Header, pax, reader};

/// What comes behind the last entry.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// What comes before an entry's content: its header, and before that an extended one where its names are long.
#[must_use]
pub fn head(path: &str, kind: &TarKind) -> Vec<u8> {
    let (kind, size, link) = match kind {
        TarKind::File { size } => (b'0', *size, ""),
        TarKind::Directory => (b'5', 0, ""),
        TarKind::Symlink { target } => (b'2', 0, target.as_str()),
    };
    let mut path = path.to_owned();
    if kind == b'5' {
        path.push('/');
    }
    let header = Header { path: path.into_bytes(), link: link.into(), size, kind };
    if header.fits() {
        return header.encode().to_vec();
    }
    let records = [pax::encode("path", &header.path), pax::encode("linkpath", &header.link)].concat();
    let records = if header.link.is_empty() { pax::encode("path", &header.path) } else { records };
    let extended =
        Header { path: b"names".to_vec(), link: Vec::new(), size: records.len() as u64, kind: b'x' };
    let padding = vec![0; padding(records.len() as u64)];
    [&extended.encode()[..], &records, &padding, &header.encode()].concat()
}

/// How many zero bytes follow a content of `size` bytes.
#[must_use]
pub fn padding(size: u64) -> usize {
    usize::try_from(reader::padding(size)).unwrap_or(0)
}

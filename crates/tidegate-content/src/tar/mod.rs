//! Tar archives: POSIX ustar and pax, and the long names of GNU tar.
//!
//! [`TarReader`] takes one apart as it arrives, [`write`](mod@write) makes one that is the same each time. No file is opened here. A
//! path that comes out is relative and leads nowhere but down; whether it may be the name of a file is checked by whoever
//! makes a directory of it.

mod header;
mod pax;
mod reader;
pub mod write;

pub use reader::{TarEvent, TarReader};

/// The unit of an archive, in bytes.
pub const BLOCK: usize = 512;

/// What has a path in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TarKind {
    /// A file of so many bytes.
    File {
        /// Its length.
        size: u64,
    },
    /// A directory, which may be there though files below name it too.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Where it points, as it is.
        target: String,
    },
}

/// Why bytes are not an archive that can become content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TarError {
    /// A header's checksum is wrong.
    #[error("a header of the archive is damaged, or this is no tar archive")]
    Header,
    /// A number is none, or is too large.
    #[error("a header of the archive holds a number that cannot be read")]
    Number,
    /// An extended header is longer than any name needs.
    #[error("an extended header of the archive has {0} bytes")]
    ExtendedTooLong(u64),
    /// An extended header is not a list of records.
    #[error("an extended header of the archive is malformed")]
    Extended,
    /// A name that is not UTF-8, made readable.
    #[error("the name {0:?} in the archive is not UTF-8")]
    NotText(String),
    /// A path that begins with `/` or leads up.
    #[error("the path {0:?} in the archive leads out of it")]
    Outside(String),
    /// Something that is neither file, directory nor symbolic link, or a sparse file.
    #[error("{path:?} in the archive is {what}, which content cannot hold")]
    Unsupported {
        /// Its path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A directory or symbolic link with content.
    #[error("{0:?} in the archive is no file and has content")]
    Content(String),
    /// The end came before the archive's own.
    #[error("the archive ends too early")]
    Truncated,
}

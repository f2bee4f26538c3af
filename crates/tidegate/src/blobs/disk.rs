//! Positioned reads, waiting for the disk or not, and what can go wrong with files.

use std::{fs::File, io, os::unix::fs::FileExt};

use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// Why content could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No space is left: free some, or give the data folder more.
    #[error("the disk is full")]
    Full,
    /// The bytes are not in memory; ask again with [`Access::Disk`] from a thread that may wait.
    #[error("the bytes are not in memory")]
    WouldBlock,
    /// The file does not hold what it should.
    #[error("the content file is damaged: {0}; `tidegate verify` tells more")]
    Damaged(&'static str),
    /// The block is not in this file.
    #[error("a block of the content is missing")]
    Missing,
    /// Anything else the system says.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::WouldBlock => Self::WouldBlock,
            _ => Self::Io(error),
        }
    }
}

/// Whether a read may wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only what the page cache holds: never blocks, so it may run on a thread of the asynchronous runtime. Measured, this
    /// spares hot content the hop to another thread.
    Memory,
    /// Waits for the disk.
    Disk,
}

/// Reads at `offset` as much as there is, up to the buffer's length.
pub(super) fn read_at(file: &File, access: Access, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let wanted = buffer.len();
    let mut done = 0;
    while done < wanted {
        let (rest, at) = (&mut buffer[done..], offset + done as u64);
        let read = match access {
            Access::Disk => file.read_at(rest, at),
            Access::Memory => {
                match preadv2(file, &mut [io::IoSliceMut::new(rest)], at, ReadWriteFlags::NOWAIT) {
                    // Not every file system can say what it has in memory.
                    Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                        Err(io::ErrorKind::WouldBlock.into())
                    }
                    other => other.map_err(io::Error::from),
                }
            }
        };
        match read {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

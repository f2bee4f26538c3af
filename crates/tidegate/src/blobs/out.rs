//! Where the bytes of a file that is being written go: into memory while they are few, and into the file from then on.
//!
//! Most uploads are small, and making a file in a folder that all uploads share costs more than all else that is done for them.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::PathBuf,
};

/// So much is kept in memory before there is a file, and gathered for one write when there is.
const BUFFER: usize = 64 << 10;

/// See the module's documentation.
pub(super) enum Out {
    /// No file yet, but a name for it.
    Memory(Vec<u8>, PathBuf),
    /// All but the last bytes are in it.
    File(BufWriter<File>),
}

impl Out {
    /// Nothing yet. `path` is the file to be, which must not exist.
    pub(super) fn in_memory(path: PathBuf) -> Self {
        Self::Memory(Vec::new(), path)
    }

    /// The end of a file that is there.
    pub(super) fn at_end_of(file: File) -> Self {
        Self::File(BufWriter::with_capacity(BUFFER, file))
    }

    /// Asks the disk to write what is in the file.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(..) => Ok(()),
            Self::File(writer) => {
                writer.flush()?;
                writer.get_ref().sync_data()
            }
        }
    }

    /// Reads what was written at `offset`.
    pub(super) fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Memory(bytes, _) => {
                let written = place(offset, buffer.len()).and_then(|place| bytes.get(place));
                buffer.copy_from_slice(written.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Self::File(writer) => {
                writer.flush()?;
                writer.get_ref().read_exact_at(buffer, offset)
            }
        }
    }

    /// Puts `corrections` in the place of what was written there, and syncs the file; its bytes, if there is none.
    pub(super) fn complete(self, corrections: [(u64, &[u8]); 2]) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Memory(mut bytes, _) => {
                for (offset, correction) in corrections {
                    let written = place(offset, correction.len()).and_then(|place| bytes.get_mut(place));
                    written.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(correction);
                }
                Ok(Some(bytes))
            }
            Self::File(writer) => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
                for (offset, correction) in corrections {
                    file.write_all_at(correction, offset)?;
                }
                file.sync_data()?;
                Ok(None)
            }
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Memory(few, _) if few.len() + bytes.len() <= BUFFER => few.write(bytes),
            Self::Memory(few, path) => {
                let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
                file.write_all(few)?;
                *self = Self::at_end_of(file);
                self.write(bytes)
            }
            Self::File(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(..) => Ok(()),
            Self::File(writer) => writer.flush(),
        }
    }
}

fn place(offset: u64, len: usize) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    Some(start..start.checked_add(len)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_file_and_memory_hold_the_same(pieces in prop::collection::vec(0..2 * BUFFER, 1..6), at in 0..64_usize) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let mut out = Out::in_memory(path.clone());
            let mut expected = vec![1; 64];
            out.write_all(&expected).unwrap();
            for (number, len) in pieces.into_iter().enumerate() {
                let piece = vec![u8::try_from(number).unwrap(); len];
                out.write_all(&piece).unwrap();
                expected.extend_from_slice(&piece);
                let mut read = vec![0; len];
                out.read_exact_at(&mut read, (expected.len() - len) as u64).unwrap();
                prop_assert_eq!(read, piece);
                prop_assert_eq!(path.exists(), expected.len() > BUFFER);
            }
            let end = expected.len() - 1;
            expected[at] = 7;
            expected[end] = 8;
            let bytes = out.complete([(at as u64, &[7]), (end as u64, &[8])]).unwrap();
            prop_assert_eq!(bytes.is_none(), path.exists());
            prop_assert_eq!(bytes.map_or_else(|| std::fs::read(&path), Ok).unwrap(), expected);
        }
    }
}

//! The bytes of uploads: a file each, named by its id. How long the file is says how much is here.
//!
//! Bytes that are only good if all of a request came (it has a checksum) get a note beside the file first, `ID.undo`, that says where
//! they begin: what a crash leaves of them is cut off at the next start.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::checksum::{Checksum, Comparing};
use crate::blobs::{BlobError, Buffer};

/// So much is written before the disk is asked to begin: the sync at the end then waits for little.
const BEGIN_WRITING: u64 = 32 << 20;
/// The ending of a note's name.
const UNDO: &str = "undo";

/// The folder of all of them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Folder(Arc<Path>);

impl Folder {
    /// The folder at `path`, made if it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let folder = Self(path.into());
        File::open(path.parent().unwrap_or(path))?.sync_all()?;
        Ok(folder)
    }

    /// Bytes of all files.
    pub(super) async fn bytes(&self) -> Result<u64, BlobError> {
        let folder = self.clone();
        blocking(move || {
            let mut bytes = 0;
            for entry in fs::read_dir(&*folder.0)? {
                // What is removed meanwhile is not there any more.
                bytes += entry?.metadata().map_or(0, |file| file.len());
            }
            Ok(bytes)
        })
        .await
    }

    /// An empty file that stays.
    pub(super) async fn create(&self, id: &str) -> Result<(), BlobError> {
        let (folder, path) = (self.clone(), self.path(id));
        blocking(move || {
            OpenOptions::new().write(true).create_new(true).open(path)?;
            Ok(folder.sync()?)
        })
        .await
    }

    /// Bytes that are here; nothing if there is no such file.
    pub(super) async fn len(&self, id: &str) -> Result<Option<u64>, BlobError> {
        let path = self.path(id);
        blocking(move || match fs::metadata(path) {
            Ok(file) => Ok(Some(file.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Bytes that are here and stay, for whoever has the turn: what a failure of the disk left undone is done first.
    pub(super) async fn good_len(&self, id: &str) -> Result<Option<u64>, BlobError> {
        let (folder, note, key) = (self.clone(), self.undo(id), id.to_owned());
        blocking(move || {
            if note.exists() {
                folder.obey(&key)?;
                folder.sync()?;
            }
            Ok(())
        })
        .await?;
        self.len(id).await
    }

    /// Removes the bytes and keeps the file.
    pub(super) async fn empty(&self, id: &str) -> Result<(), BlobError> {
        let path = self.path(id);
        blocking(move || Ok(OpenOptions::new().write(true).open(path)?.set_len(0)?)).await
    }

    /// Removes the file; one that is not there is no error.
    pub(super) async fn remove(&self, id: &str) -> Result<(), BlobError> {
        let (path, undo) = (self.path(id), self.undo(id));
        blocking(move || {
            remove(&path)?;
            Ok(remove(&undo)?)
        })
        .await
    }

    /// Opens the file to add bytes to it, which are compared with a checksum if there is one.
    pub(super) async fn writer(&self, id: &str, checksum: Option<Checksum>) -> Result<Writer, BlobError> {
        let (folder, id) = (self.clone(), id.to_owned());
        blocking(move || Writer::open(folder, &id, checksum)).await
    }

    /// Opens the file to read it from its beginning.
    pub(super) async fn reader(&self, id: &str) -> Result<Reader, BlobError> {
        let path = self.path(id);
        blocking(move || Ok(Reader(File::open(path)?))).await
    }

    /// The files that are here, in no order, each without what has to be undone.
    pub(super) fn recover(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            if path.extension().is_none() {
                ids.push(stem);
                continue;
            }
            self.obey(&stem)?;
        }
        self.sync()?;
        Ok(ids)
    }

    /// Does what a note says, and removes it.
    fn obey(&self, id: &str) -> io::Result<()> {
        let note = self.undo(id);
        // One that was not finished was written before any byte.
        if let Ok(from) = fs::read_to_string(&note)?.trim().parse::<u64>()
            && let Ok(file) = OpenOptions::new().write(true).open(self.path(id))
            && file.metadata()?.len() > from
        {
            file.set_len(from)?;
            file.sync_all()?;
        }
        fs::remove_file(note)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(id)
    }

    fn undo(&self, id: &str) -> PathBuf {
        self.0.join(id).with_extension(UNDO)
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

/// A file to which the bytes of one request are added.
pub(super) struct Writer {
    file: File,
    from: u64,
    unsynced: u64,
    check: Option<Check>,
}

/// What became of the bytes of one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finished {
    /// Bytes in the file.
    pub(super) len: u64,
    /// Whether they are what was expected.
    pub(super) is_right: bool,
}

/// A checksum, and what to do if it is wrong.
struct Check {
    comparing: Comparing,
    folder: Folder,
    note: PathBuf,
}

impl Writer {
    fn open(folder: Folder, id: &str, checksum: Option<Checksum>) -> Result<Self, BlobError> {
        let file = OpenOptions::new().append(true).open(folder.path(id))?;
        let from = file.metadata()?.len();
        let check = match checksum {
            Some(checksum) => {
                let note = folder.undo(id);
                let mut undo = File::create(&note)?;
                writeln!(undo, "{from}")?;
                undo.sync_all()?;
                folder.sync()?;
                Some(Check { comparing: Comparing::with(checksum), folder, note })
            }
            None => None,
        };
        Ok(Self { file, from, unsynced: 0, check })
    }

    /// Adds bytes. When that fails, the first of them may be there.
    pub(super) fn append(&mut self, pieces: &[Bytes]) -> Result<(), BlobError> {
        for piece in pieces {
            self.file.write_all(piece)?;
            self.unsynced += piece.len() as u64;
            if let Some(check) = &mut self.check {
                check.comparing.add(piece);
            }
        }
        if self.unsynced >= BEGIN_WRITING {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(())
    }

    /// Makes what was added stay. What has a checksum and is not all that was sent, or not right, is cut off.
    pub(super) fn finish(self, is_all: bool) -> Result<Finished, BlobError> {
        let Some(Check { comparing, folder, note }) = self.check else {
            self.file.sync_data()?;
            return Ok(Finished { len: self.file.metadata()?.len(), is_right: true });
        };
        let is_right = is_all && comparing.matches();
        if !is_right {
            self.file.set_len(self.from)?;
        }
        self.file.sync_data()?;
        remove(&note)?;
        folder.sync()?;
        Ok(Finished { len: self.file.metadata()?.len(), is_right })
    }

    /// Cuts off all that was added.
    pub(super) fn undo(self) -> Result<Finished, BlobError> {
        self.file.set_len(self.from)?;
        self.finish(false)
    }
}

/// A file being read.
pub(super) struct Reader(File);

impl Reader {
    /// The next bytes, none at the end.
    pub(super) async fn next(mut self, len: usize) -> Result<(Self, Bytes), BlobError> {
        blocking(move || {
            let mut buffer = Buffer::new(len);
            let mut read = 0;
            while read < len {
                match self.0.read(&mut buffer.as_mut()[read..]) {
                    Ok(0) => break,
                    Ok(more) => read += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok((self, buffer.freeze(read)))
        })
        .await
    }
}

/// Runs what waits for the disk on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(BlobError::Damaged("work on an upload's file stopped unexpectedly")))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::uploads::Algorithm;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn sha256(text: &str) -> Option<Checksum> {
        Some(Checksum { algorithm: Algorithm::Sha256, digest: hex::decode(text).unwrap() })
    }

    async fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("uploads")).unwrap();
        folder.create("a").await.unwrap();
        (dir, folder)
    }

    fn add(folder: &Folder, text: &'static str, checksum: Option<Checksum>) -> Writer {
        let mut writer = Writer::open(folder.clone(), "a", checksum).unwrap();
        writer.append(&[Bytes::from_static(text.as_bytes())]).unwrap();
        writer
    }

    #[tokio::test]
    async fn bytes_with_a_checksum_stay_only_if_they_have_it() {
        let (_dir, folder) = folder().await;
        let finished = |len, is_right| Finished { len, is_right };
        assert_eq!(add(&folder, "before ", None).finish(true).unwrap(), finished(7, true));
        assert_eq!(add(&folder, "hello", sha256(HELLO)).finish(true).unwrap(), finished(12, true));
        assert_eq!(add(&folder, "hallo", sha256(HELLO)).finish(true).unwrap(), finished(12, false));
        // More was to come.
        assert_eq!(add(&folder, "hello", sha256(HELLO)).finish(false).unwrap(), finished(12, false));
        assert_eq!(add(&folder, "too much", None).undo().unwrap(), finished(12, true));
        assert_eq!(fs::read(folder.path("a")).unwrap(), b"before hello");
        assert!(!folder.undo("a").exists());
    }

    #[tokio::test]
    async fn a_crash_keeps_what_came_but_nothing_of_a_checksum() {
        let (_dir, folder) = folder().await;
        drop(add(&folder, "before ", None));
        drop(add(&folder, "hel", sha256(HELLO)));
        assert_eq!(folder.len("a").await.unwrap(), Some(10));
        assert_eq!(folder.recover().unwrap(), ["a"]);
        assert_eq!(fs::read(folder.path("a")).unwrap(), b"before ");
        assert_eq!(folder.recover().unwrap(), ["a"]);
        // A note that the crash cut short is of no bytes.
        fs::write(folder.undo("a"), "").unwrap();
        fs::write(folder.undo("gone"), "7\n").unwrap();
        assert_eq!(folder.recover().unwrap(), ["a"]);
        assert_eq!(folder.len("a").await.unwrap(), Some(7));
        drop(add(&folder, "hel", sha256(HELLO)));
        assert_eq!(folder.good_len("a").await.unwrap(), Some(7), "as after a failure");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }
}

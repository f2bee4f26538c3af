//! The working side of an upload, on a thread of its own: bytes are imported into a staged CAR as they come; at the end
//! the content that the client named is looked for in what came.

use bytes::Bytes;
use tidegate_content::{
    BlockSink, BlockSource, Cid, DirectoryError, DirectoryImport, FileCursor, FileImport, Hasher, Imported,
    NewBlock, Profile, ReadError, TreeError,
};
use tokio::sync::mpsc::Receiver;

use super::{archive::ArchiveError, claim::profiles_for};
use crate::{
    blobs::{BlobError, BlobStore, Root, Sealed, StagedCar},
    db::contents::ContentKind,
};

/// One step of an upload.
pub(super) enum Step {
    /// A file begins; its path, whose segments are checked at the end.
    Open(Vec<String>),
    /// Its next bytes.
    Data(Bytes),
    /// It is complete.
    Close,
    /// Small files, each in one piece.
    Files(Vec<(Vec<String>, Bytes)>),
    /// A folder of its own.
    Directory(Vec<String>),
    /// A symbolic link and where it points.
    Symlink(Vec<String>, Bytes),
}

/// Why an upload did not become content.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The disk.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The paths of the files do not make a folder.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// What came as an archive is none that can become content.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Files that lie in no folder together.
    #[error(
        "more than one file or folder was sent; put all into one folder (paths like my-folder/file), or ask for a folder around them"
    )]
    ManyRoots,
    /// More files than allowed.
    #[error("an upload may hold {0} files and folders at most")]
    TooManyFiles(usize),
    /// The paths of the files are longer, taken together, than allowed.
    #[error("the names of the files are too long, taken together")]
    NamesTooLong,
    /// Two names that no large folder can hold together.
    #[error("a large folder cannot hold {0:?} and another name with the same hash")]
    HashCollision(String),
}

impl CollectError {
    fn is_about_names(&self) -> bool {
        !matches!(self, Self::Blob(_))
    }
}

/// Something with a path.
pub(super) enum Entry {
    File(Vec<String>, Imported),
    Directory(Vec<String>),
    Symlink(Vec<String>, Bytes),
}

impl Entry {
    fn path(&self) -> &[String] {
        match self {
            Self::File(path, _) | Self::Directory(path) | Self::Symlink(path, _) => path,
        }
    }
}

/// What came, imported with one profile.
pub(super) struct Collected {
    store: BlobStore,
    hasher: Hasher,
    profile: Profile,
    car: StagedCar,
    entries: Vec<Entry>,
    /// The file that comes now.
    open: Option<(Vec<String>, FileImport)>,
}

/// The content the client named.
pub(super) struct Found {
    pub sealed: Sealed,
    /// The root as the import named it.
    pub cid: Cid,
    /// Bytes of its files.
    pub size: u64,
    pub kind: ContentKind,
}

impl Collected {
    /// Takes steps until there are no more.
    pub(super) fn receive(
        store: &BlobStore,
        hasher: &Hasher,
        profile: Profile,
        steps: &mut Receiver<Step>,
    ) -> Result<Self, CollectError> {
        let mut collected = Self::new(store, hasher, profile)?;
        while let Some(step) = steps.blocking_recv() {
            match step {
                Step::Open(path) => collected.open(path),
                Step::Data(bytes) => collected.data(bytes)?,
                Step::Close => collected.close()?,
                Step::Files(files) => {
                    for (path, bytes) in files {
                        collected.open(path);
                        collected.data(bytes)?;
                        collected.close()?;
                    }
                }
                Step::Directory(path) => collected.add(Entry::Directory(path)),
                Step::Symlink(path, target) => collected.add(Entry::Symlink(path, target)),
            }
        }
        Ok(collected)
    }

    /// Nothing yet.
    pub(super) fn new(store: &BlobStore, hasher: &Hasher, profile: Profile) -> Result<Self, CollectError> {
        let car = store.stage(profile.version())?;
        let (store, hasher) = (store.clone(), hasher.clone());
        Ok(Self { store, hasher, profile, car, entries: Vec::new(), open: None })
    }

    /// A file begins.
    pub(super) fn open(&mut self, path: Vec<String>) {
        self.open = Some((path, FileImport::new(self.profile, &self.hasher)));
    }

    /// Its next bytes.
    pub(super) fn data(&mut self, bytes: Bytes) -> Result<(), CollectError> {
        if let Some((_, file)) = &mut self.open {
            file.push(bytes, &mut self.car)?;
        }
        Ok(())
    }

    /// It is complete.
    pub(super) fn close(&mut self) -> Result<(), CollectError> {
        if let Some((path, file)) = self.open.take() {
            let imported = file.finish(&mut self.car)?;
            self.entries.push(Entry::File(path, imported));
        }
        Ok(())
    }

    /// Something that is no file.
    pub(super) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Seals the content that `wanted` names if that is what came, imported with any profile that could give it.
    pub(super) fn seal(mut self, wanted: &Cid) -> Result<Option<Found>, CollectError> {
        let wanted_root = Root::of(wanted);
        let mut profiles = profiles_for(wanted);
        if profiles.contains(&self.profile) {
            if let Some(root) = self.root_of(&wanted_root)? {
                return Ok(Some(self.finish(root)?));
            }
            profiles.retain(|profile| *profile != self.profile);
        }
        for profile in profiles {
            self = self.import_again(profile)?;
            if let Some(root) = self.root_of(&wanted_root)? {
                return Ok(Some(self.finish(root)?));
            }
        }
        Ok(None)
    }

    /// Seals what came, imported with `profile`: a sole file as it is, a sole folder as it is, or the folder of everything where one
    /// is wanted.
    pub(super) fn seal_whole(mut self, profile: Profile, wrap: bool) -> Result<Found, CollectError> {
        if profile != self.profile {
            self = self.import_again(profile)?;
        }
        let shape = match self.entries.as_slice() {
            _ if wrap => Shape::Folder { strip: 0 },
            [Entry::File(path, imported)] if path.len() <= 1 => Shape::File(*imported),
            _ => {
                // The folder's own name is not kept, but has to be one.
                import_folder(self.profile, &self.entries, 0, &mut Nowhere)?;
                self.sole_folder().ok_or(CollectError::ManyRoots)?
            }
        };
        self.finish(shape)
    }

    /// What came, read from the disk and imported with another profile.
    fn import_again(mut self, profile: Profile) -> Result<Self, CollectError> {
        let mut again = Self::new(&self.store, &self.hasher, profile)?;
        for entry in std::mem::take(&mut self.entries) {
            again.entries.push(match entry {
                Entry::File(path, old) => {
                    let mut file = FileImport::new(profile, &self.hasher);
                    let mut cursor = FileCursor::new(old.cid, 0..old.size);
                    while let Some(bytes) = cursor.next(&mut self.car).map_err(unread)? {
                        file.push(bytes, &mut again.car)?;
                    }
                    Entry::File(path, file.finish(&mut again.car)?)
                }
                other => other,
            });
        }
        Ok(again)
    }

    /// How `wanted` is made of what came: a sole file itself, the folder of everything, or the sole folder in it.
    fn root_of(&self, wanted: &Root) -> Result<Option<Shape>, CollectError> {
        let shapes = [self.sole_file(), Some(Shape::Folder { strip: 0 }), self.sole_folder()];
        for shape in shapes.into_iter().flatten() {
            let imported = match shape {
                Shape::File(imported) => imported,
                Shape::Folder { strip } => {
                    match import_folder(self.profile, &self.entries, strip, &mut Nowhere) {
                        // A file may have no name, or one that no folder takes.
                        Err(error) if error.is_about_names() && self.sole_file().is_some() => continue,
                        folder => folder?,
                    }
                }
            };
            if Root::of(&imported.cid) == *wanted {
                return Ok(Some(shape));
            }
        }
        Ok(None)
    }

    fn sole_file(&self) -> Option<Shape> {
        match self.entries.as_slice() {
            [Entry::File(_, imported)] => Some(Shape::File(*imported)),
            _ => None,
        }
    }

    fn sole_folder(&self) -> Option<Shape> {
        let first = self.entries.first()?.path().first()?;
        let inside = |entry: &Entry| {
            entry.path().first() == Some(first)
                && (entry.path().len() > 1 || matches!(entry, Entry::Directory(_)))
        };
        self.entries.iter().all(inside).then_some(Shape::Folder { strip: 1 })
    }

    fn finish(mut self, shape: Shape) -> Result<Found, CollectError> {
        let (imported, kind) = match shape {
            Shape::File(imported) => (imported, ContentKind::File),
            Shape::Folder { strip } => {
                (import_folder(self.profile, &self.entries, strip, &mut self.car)?, ContentKind::Directory)
            }
        };
        Ok(Found { sealed: self.car.seal(&imported.cid)?, cid: imported.cid, size: imported.size, kind })
    }
}

/// The folder of all entries, less the first `strip` segments of their paths.
fn import_folder<S: BlockSink<Error = BlobError>>(
    profile: Profile,
    entries: &[Entry],
    strip: usize,
    sink: &mut S,
) -> Result<Imported, CollectError> {
    let mut tree = DirectoryImport::new(profile);
    for entry in entries {
        let path = &entry.path()[strip..];
        match entry {
            Entry::File(_, imported) => tree.add_file(path, *imported)?,
            Entry::Directory(_) if path.is_empty() => {}
            Entry::Directory(_) => tree.add_directory(path)?,
            Entry::Symlink(_, target) => tree.add_symlink(path, target.clone())?,
        }
    }
    tree.finish(sink).map_err(|error| match error {
        DirectoryError::Sink(error) => error.into(),
        DirectoryError::HashCollision(name) => CollectError::HashCollision(name),
    })
}

#[derive(Clone, Copy)]
enum Shape {
    File(Imported),
    Folder { strip: usize },
}

/// Forgets blocks: only their names matter.
struct Nowhere;

impl BlockSink for Nowhere {
    type Error = BlobError;

    fn put(&mut self, _: &NewBlock) -> Result<(), BlobError> {
        Ok(())
    }
}

fn unread(error: ReadError<<StagedCar as BlockSource>::Error>) -> BlobError {
    match error {
        ReadError::Source(error) => error,
        _ => BlobError::Damaged("a file that was just imported cannot be read back"),
    }
}

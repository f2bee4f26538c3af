//! A file or a folder of the file system as content: what is in it, under which names. Nothing is read of the files here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tidegate_content::import::MAX_DEPTH;

/// What a path of the command line leads to.
pub(super) struct Tree {
    /// The path as it was given.
    pub path: PathBuf,
    /// The last name of it.
    pub name: String,
    pub is_directory: bool,
    /// The file alone, or everything in the folder, names in order.
    pub entries: Vec<Entry>,
}

/// One name in a folder.
pub(super) struct Entry {
    /// Relative to the folder, names joined by `/`; empty when the tree is a file.
    pub path: String,
    pub kind: EntryKind,
}

pub(super) enum EntryKind {
    /// So many bytes when it was last looked at.
    File { size: u64 },
    /// A folder with nothing in it; others show by what is in them.
    EmptyDirectory,
    /// Where it points.
    Symlink { target: String },
}

impl Tree {
    /// Looks at `path`, and at everything below it when it is a folder. Symbolic links are not followed.
    ///
    /// # Errors
    /// Something cannot be read, is neither file, folder nor symbolic link, or has a name that is not UTF-8; the error names
    /// its path.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let meta = fs::symlink_metadata(path).with_context(|| unreadable(path))?;
        let mut tree = Self {
            path: path.to_owned(),
            name: last_name(path)?,
            is_directory: meta.is_dir(),
            entries: Vec::new(),
        };
        if meta.is_dir() {
            tree.read_directory(path, "", 1)?;
        } else if meta.is_symlink() {
            bail!("{} is a symbolic link; give the path of what it points to", path.display());
        } else {
            let kind = EntryKind::of(path, &meta)?;
            tree.entries.push(Entry { path: String::new(), kind });
        }
        Ok(tree)
    }

    /// Bytes of all files.
    pub(super) fn size(&self) -> u64 {
        self.entries.iter().map(Entry::size).sum()
    }

    /// Where `entry` is.
    pub(super) fn path_of(&self, entry: &Entry) -> PathBuf {
        if entry.path.is_empty() { self.path.clone() } else { self.path.join(&entry.path) }
    }

    fn read_directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> anyhow::Result<()> {
        if depth > MAX_DEPTH {
            bail!("{} is more than {MAX_DEPTH} folders deep, which no content may be", directory.display());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).with_context(|| unreadable(directory))? {
            let entry = entry.with_context(|| unreadable(directory))?;
            let Ok(name) = entry.file_name().into_string() else {
                bail!("the name of {} is not UTF-8; rename it", entry.path().display());
            };
            names.push(name);
        }
        names.sort_unstable();
        if names.is_empty() && !prefix.is_empty() {
            self.entries.push(Entry { path: prefix.to_owned(), kind: EntryKind::EmptyDirectory });
        }
        for name in names {
            let (full, path) = (directory.join(&name), joined(prefix, &name));
            let meta = fs::symlink_metadata(&full).with_context(|| unreadable(&full))?;
            if meta.is_dir() {
                self.read_directory(&full, &path, depth + 1)?;
            } else {
                let kind = EntryKind::of(&full, &meta)?;
                self.entries.push(Entry { path, kind });
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Bytes of content.
    pub(super) fn size(&self) -> u64 {
        match self.kind {
            EntryKind::File { size } => size,
            EntryKind::EmptyDirectory | EntryKind::Symlink { .. } => 0,
        }
    }
}

impl EntryKind {
    fn of(path: &Path, meta: &fs::Metadata) -> anyhow::Result<Self> {
        if meta.is_file() {
            return Ok(Self::File { size: meta.len() });
        }
        if meta.is_symlink() {
            let target = fs::read_link(path).with_context(|| unreadable(path))?;
            let Ok(target) = target.into_os_string().into_string() else {
                bail!("the symbolic link {} points to a name that is not UTF-8", path.display());
            };
            return Ok(Self::Symlink { target });
        }
        bail!("{} is neither a file, a folder nor a symbolic link; remove it or move it away", path.display())
    }
}

/// The name of what `path` leads to, also for paths like `.` and `a/..`.
fn last_name(path: &Path) -> anyhow::Result<String> {
    let name = match path.file_name() {
        Some(name) => name.to_owned(),
        None => {
            let full = path.canonicalize().with_context(|| unreadable(path))?;
            full.file_name().unwrap_or("root".as_ref()).to_owned()
        }
    };
    name.into_string().map_err(|_| anyhow::anyhow!("the name of {} is not UTF-8; rename it", path.display()))
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

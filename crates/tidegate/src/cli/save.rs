//! A download on its way to the file system: under a temporary name until it is complete, and only ever inside of it.
//!
//! Every name is made in a folder that was opened just after we made it, never by a path, so that nothing is written through a
//! symbolic link, whatever the content holds and whoever else works in the folder.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use rustix::{
    fs::{CWD, Mode, OFlags, RenameFlags, mkdirat, openat, renameat, renameat_with, symlinkat},
    io::Errno,
};
use tidegate_content::ExtractEvent;

use super::Failure;

/// Where a download goes, and what of it has come.
pub(super) struct Saving {
    out: Out,
    pub bytes: u64,
    pub files: u64,
}

enum Out {
    /// Standard output, for one file.
    Stdout,
    Place(Place),
}

impl Saving {
    /// To standard output.
    pub(super) fn to_stdout() -> Self {
        Self::to(Out::Stdout)
    }

    /// To `target`, which appears at the end only. An existing file is replaced with `force`; nothing else ever is.
    ///
    /// # Errors
    /// There is something already, or no folder to put it in.
    pub(super) fn to_path(target: &Path, force: bool) -> Result<Self, Failure> {
        Place::new(target, force).map(|place| Self::to(Out::Place(place)))
    }

    fn to(out: Out) -> Self {
        Self { out, bytes: 0, files: 0 }
    }

    /// Writes what comes next.
    ///
    /// # Errors
    /// The disk's, or the content wants something that is not done: a symbolic link that may lead outside.
    pub(super) fn write(&mut self, event: ExtractEvent) -> Result<(), Failure> {
        match &event {
            ExtractEvent::Data(data) => self.bytes += data.len() as u64,
            ExtractEvent::FileStart { .. } => self.files += 1,
            _ => {}
        }
        match &mut self.out {
            Out::Stdout => write_stdout(event),
            Out::Place(place) => place.write(event),
        }
    }

    /// Gives a complete download its name.
    ///
    /// # Errors
    /// Something has come to be there in the meantime, or the disk's.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.out {
            Out::Stdout => Ok(io::stdout().flush().context("cannot write to standard output")?),
            Out::Place(place) => place.finish(),
        }
    }
}

fn write_stdout(event: ExtractEvent) -> Result<(), Failure> {
    match event {
        ExtractEvent::Data(data) => {
            Ok(io::stdout().write_all(&data).context("cannot write to standard output")?)
        }
        ExtractEvent::FileStart { .. } | ExtractEvent::FileEnd => Ok(()),
        ExtractEvent::Directory { .. } => {
            Err(Failure::Usage(anyhow!("the content is a folder; name one to write with -o DIR")))
        }
        ExtractEvent::Symlink { .. } => Err(only_a_link()),
    }
}

/// A file or folder under a temporary name beside the one it will get; removed when dropped before that.
struct Place {
    target: PathBuf,
    force: bool,
    /// The folder of both names.
    parent: OwnedFd,
    name: String,
    temporary: String,
    made: bool,
    is_directory: bool,
    /// The open folders of the download: its root, the one in it, and so on.
    folders: Vec<OwnedFd>,
    file: Option<File>,
}

impl Place {
    fn new(target: &Path, force: bool) -> Result<Self, Failure> {
        match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(meta) if force && !meta.is_dir() => {}
            Ok(_) if force => {
                return Err(Failure::Usage(anyhow!(
                    "{} is a folder, and folders are not replaced; remove it or give another name with -o",
                    target.display()
                )));
            }
            Ok(_) => return Err(exists(target)),
            Err(error) => return Err(anyhow::Error::new(error).context(unwritable(target)).into()),
        }
        let name = target.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Failure::Usage(anyhow!(
                "{} cannot be the name of a download; give another with -o",
                target.display()
            ))
        })?;
        let folder = openat(CWD, parent_of(target), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        Ok(Self {
            force,
            parent: folder.with_context(|| unwritable(target))?,
            name: name.to_owned(),
            // Short, so that it fits wherever the name does.
            temporary: format!(".tidegate-{}", uuid::Uuid::new_v4().simple()),
            target: target.to_owned(),
            made: false,
            is_directory: false,
            folders: Vec::new(),
            file: None,
        })
    }

    fn write(&mut self, event: ExtractEvent) -> Result<(), Failure> {
        match event {
            ExtractEvent::Directory { path } => {
                self.add_folder(&path).with_context(|| self.place_of(&path))?;
            }
            ExtractEvent::FileStart { path, .. } => {
                let file = self.add_file(&path).with_context(|| self.place_of(&path))?;
                self.file = Some(file);
            }
            ExtractEvent::Data(data) => {
                let file = self.file.as_mut().expect("data comes between start and end of a file");
                file.write_all(&data).with_context(|| unwritable(&self.target))?;
            }
            ExtractEvent::FileEnd => self.file = None,
            ExtractEvent::Symlink { path, .. } if path.is_empty() => return Err(only_a_link()),
            ExtractEvent::Symlink { path, target } => {
                if !stays_inside(&path, &target) {
                    return Err(Failure::Damaged(anyhow!(
                        "the symbolic link {path:?} to {:?} may lead outside of the download; nothing was written",
                        String::from_utf8_lossy(&target)
                    )));
                }
                let (folder, name) = self.enter(&path);
                symlinkat(&*target, folder, name).with_context(|| self.place_of(&path))?;
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, path: &str) -> Result<(), Errno> {
        self.made = true;
        self.is_directory |= path.is_empty();
        let (parent, name) = self.enter(path);
        mkdirat(parent, name, Mode::from_raw_mode(0o777))?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(parent, name, flags, Mode::empty())?;
        self.folders.push(folder);
        Ok(())
    }

    fn add_file(&mut self, path: &str) -> Result<File, Errno> {
        self.made = true;
        let (parent, name) = self.enter(path);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(parent, name, flags, Mode::from_raw_mode(0o666)).map(File::from)
    }

    /// The folder that `path` is in, and its name there. Folders that are complete are closed.
    fn enter<'a>(&'a mut self, path: &'a str) -> (&'a OwnedFd, &'a str) {
        if path.is_empty() {
            return (&self.parent, &self.temporary);
        }
        // Everything in a folder comes right behind it, so the folders on the way are the open ones.
        self.folders.truncate(path.split('/').count());
        let folder = self.folders.last().expect("the root comes first");
        (folder, path.rsplit('/').next().unwrap_or(path))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let replace = self.force && !self.is_directory;
        let renamed = if replace {
            renameat(&self.parent, &self.temporary, &self.parent, &self.name)
        } else {
            self.rename_new()
        };
        match renamed {
            Ok(()) => {
                self.made = false;
                Ok(())
            }
            Err(Errno::EXIST) => Err(exists(&self.target)),
            Err(error) => Err(anyhow::Error::new(error).context(unwritable(&self.target)).into()),
        }
    }

    fn rename_new(&self) -> Result<(), Errno> {
        let (from, to) = ((&self.parent, &self.temporary), (&self.parent, &self.name));
        match renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
            // Not every file system can promise it; what was there at the start was looked at.
            Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(&self.target).is_err() => {
                renameat(from.0, from.1, to.0, to.1)
            }
            Err(Errno::INVAL | Errno::NOSYS) => Err(Errno::EXIST),
            other => other,
        }
    }

    fn place_of(&self, path: &str) -> String {
        unwritable(&self.target.join(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.made {
            let path = parent_of(&self.target).join(&self.temporary);
            // What cannot be removed has a name that says whose it is.
            let _ = if self.is_directory { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// Whether a link at `path` to `target` cannot lead out of the download: it is relative, and climbs only through folders that
/// the link itself is in. Climbing later on could start from wherever another link leads.
fn stays_inside(path: &str, target: &[u8]) -> bool {
    if target.is_empty() || target[0] == b'/' || target.contains(&0) {
        return false;
    }
    let depth = path.split('/').count() - 1;
    let mut names =
        target.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".").peekable();
    let mut climbed = 0;
    while names.next_if(|name| *name == b"..").is_some() {
        climbed += 1;
    }
    climbed <= depth && names.all(|name| name != b"..")
}

fn parent_of(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn exists(target: &Path) -> Failure {
    Failure::Usage(anyhow!(
        "{} exists already; give another name with -o, or replace a file with --force",
        target.display()
    ))
}

fn only_a_link() -> Failure {
    Failure::Damaged(anyhow!(
        "the content is only a symbolic link, which leads nowhere outside of a folder; get the folder it is in"
    ))
}

fn unwritable(target: &Path) -> String {
    format!("cannot write {}", target.display())
}

#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;

//! A tree of directories, from paths to its root. The files in it are imported before, one by one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;

use bytes::Bytes;

use crate::block::NewBlock;
use crate::dag_pb::{PbLink, PbNode};
use crate::profile::{Profile, SHARD_THRESHOLD, ShardEstimate};
use crate::unixfs::{Kind, UnixFs};

use super::shard::put_sharded;
use super::{BlockSink, Imported};

/// How many names a path may have.
pub const MAX_DEPTH: usize = 256;
/// How long a name may be, in bytes. Most file systems stop at 255.
pub const MAX_NAME_BYTES: usize = 1024;
/// How long the target of a symbolic link may be, in bytes: Linux's limit for a path.
pub const MAX_TARGET_BYTES: usize = 4096;

/// Why something cannot be added to the tree. Nothing was added then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A path without names.
    #[error("a path is empty")]
    EmptyPath,
    /// More than [`MAX_DEPTH`] names.
    #[error("a path is more than {MAX_DEPTH} names long")]
    TooDeep,
    /// Empty, `.` or `..`, or with `/` or NUL in it.
    #[error("{0:?} cannot be the name of a file")]
    BadName(String),
    /// Longer than [`MAX_NAME_BYTES`].
    #[error("a name is longer than {MAX_NAME_BYTES} bytes")]
    NameTooLong,
    /// Longer than [`MAX_TARGET_BYTES`].
    #[error("the target of a symbolic link is longer than {MAX_TARGET_BYTES} bytes")]
    TargetTooLong,
    /// Something else has this path.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// A path leads through a file or symbolic link.
    #[error("{0:?} is a file and has something below it")]
    NotADirectory(String),
}

/// Why a tree could not be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError<E> {
    /// The sink failed.
    #[error(transparent)]
    Sink(E),
    /// Two names in a large directory have the same 64-bit hash, and a HAMT cannot hold both. Only made on purpose.
    #[error("a large directory cannot hold {0:?} and another name with the same hash")]
    HashCollision(String),
}

/// A tree of directories being put together. The root has no name; paths are relative to it.
#[derive(Debug)]
pub struct DirectoryImport {
    profile: Profile,
    /// The root, then every other one after its parent.
    directories: Vec<Directory>,
}

type Directory = BTreeMap<String, Entry>;

#[derive(Debug)]
enum Entry {
    File(Imported),
    Symlink(Bytes),
    /// Position in [`DirectoryImport::directories`].
    Directory(usize),
}

impl DirectoryImport {
    /// An empty tree.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { profile, directories: vec![Directory::new()] }
    }

    /// Adds a file whose blocks were put out before. Directories on the way are made.
    ///
    /// # Errors
    /// See [`TreeError`].
    pub fn add_file(&mut self, path: &[impl AsRef<str>], file: Imported) -> Result<(), TreeError> {
        self.add(path, Entry::File(file))
    }

    /// Adds a symbolic link, with its target as it is.
    ///
    /// # Errors
    /// See [`TreeError`].
    pub fn add_symlink(&mut self, path: &[impl AsRef<str>], target: Bytes) -> Result<(), TreeError> {
        if target.len() > MAX_TARGET_BYTES {
            return Err(TreeError::TargetTooLong);
        }
        self.add(path, Entry::Symlink(target))
    }

    /// Adds a directory, and those on the way to it. One that is there already stays as it is.
    ///
    /// # Errors
    /// See [`TreeError`].
    pub fn add_directory(&mut self, path: &[impl AsRef<str>]) -> Result<(), TreeError> {
        check_path(path)?;
        self.directory_at(path).map(drop)
    }

    /// Puts out the nodes of all directories and symbolic links and returns the root.
    ///
    /// # Errors
    /// The sink's, and names that a HAMT cannot tell apart.
    pub fn finish<S: BlockSink>(self, sink: &mut S) -> Result<Imported, DirectoryError<S::Error>> {
        let order = self.post_order();
        let mut done: Vec<Option<Imported>> = vec![None; self.directories.len()];
        let mut directories = self.directories;
        for position in order {
            let directory = std::mem::take(&mut directories[position]);
            done[position] = Some(put_directory(self.profile, directory, &done, sink)?);
        }
        Ok(done[0].expect("the root comes last"))
    }

    fn add(&mut self, path: &[impl AsRef<str>], entry: Entry) -> Result<(), TreeError> {
        check_path(path)?;
        let (name, parents) = path.split_last().ok_or(TreeError::EmptyPath)?;
        let parent = self.directory_at(parents)?;
        match self.directories[parent].entry(name.as_ref().to_owned()) {
            MapEntry::Occupied(_) => Err(TreeError::Duplicate(join(path))),
            MapEntry::Vacant(vacant) => {
                vacant.insert(entry);
                Ok(())
            }
        }
    }

    /// The directory at `path`, made if it is not there. Fails only at an entry that is there, so before it
    /// made any.
    fn directory_at(&mut self, path: &[impl AsRef<str>]) -> Result<usize, TreeError> {
        let mut position = 0;
        for (depth, name) in path.iter().enumerate() {
            let next = self.directories.len();
            position = match self.directories[position].entry(name.as_ref().to_owned()) {
                MapEntry::Occupied(occupied) => match occupied.get() {
                    Entry::Directory(position) => *position,
                    _ => return Err(TreeError::NotADirectory(join(&path[..=depth]))),
                },
                MapEntry::Vacant(vacant) => {
                    vacant.insert(Entry::Directory(next));
                    self.directories.push(Directory::new());
                    next
                }
            };
        }
        Ok(position)
    }

    /// All directories, each after those in it, by name: the same whatever the order of adding.
    fn post_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.directories.len());
        let mut open = vec![0];
        while let Some(position) = open.pop() {
            order.push(position);
            open.extend(self.directories[position].values().filter_map(|entry| match entry {
                Entry::Directory(position) => Some(*position),
                _ => None,
            }));
        }
        order.reverse();
        order
    }
}

/// Puts out one directory, those in it being `done`.
fn put_directory<S: BlockSink>(
    profile: Profile,
    directory: Directory,
    done: &[Option<Imported>],
    sink: &mut S,
) -> Result<Imported, DirectoryError<S::Error>> {
    let mut size = 0;
    let mut links = Vec::with_capacity(directory.len());
    for (name, entry) in directory {
        let child = match entry {
            Entry::File(file) => file,
            Entry::Directory(position) => done[position].expect("children come first"),
            Entry::Symlink(target) => put_symlink(profile, target, sink).map_err(DirectoryError::Sink)?,
        };
        size += child.size;
        links.push(child.link(name));
    }
    if estimate(profile, &links) > SHARD_THRESHOLD {
        return put_sharded(profile, links, size, sink);
    }
    let below: u64 = links.iter().filter_map(|link| link.tsize).sum();
    let node = PbNode { links, data: Some(UnixFs::new(Kind::Directory).encode().into()) };
    let block = put_node(profile, &node, sink).map_err(DirectoryError::Sink)?;
    Ok(Imported { size, dag_size: below + block.dag_size, ..block })
}

fn put_symlink<S: BlockSink>(profile: Profile, target: Bytes, sink: &mut S) -> Result<Imported, S::Error> {
    let symlink = UnixFs { data: Some(target), ..UnixFs::new(Kind::Symlink) };
    let node = PbNode { links: Vec::new(), data: Some(symlink.encode().into()) };
    put_node(profile, &node, sink)
}

/// Puts out one block; `dag_size` is its own length.
fn put_node<S: BlockSink>(profile: Profile, node: &PbNode, sink: &mut S) -> Result<Imported, S::Error> {
    let block = NewBlock::hash(profile.node_name(), vec![node.encode().into()]);
    sink.put(&block)?;
    Ok(Imported { cid: *block.cid(), size: 0, dag_size: block.len() as u64 })
}

/// How large the directory is taken to be, in bytes. Up to the threshold its block is well below 2 MiB either way.
fn estimate(profile: Profile, links: &[PbLink]) -> usize {
    match profile.shard_estimate() {
        ShardEstimate::LinksBytes => {
            links.iter().map(|link| link.name.as_ref().map_or(0, String::len) + link.cid.encoded_len()).sum()
        }
        ShardEstimate::BlockBytes => {
            const DATA_FIELD: usize = 4; // key, length, and the two bytes of a bare directory message
            links.iter().map(PbLink::len_in_node).sum::<usize>() + DATA_FIELD
        }
    }
}

/// Whether a file can have this name, its length aside.
pub(crate) fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

fn check_path(path: &[impl AsRef<str>]) -> Result<(), TreeError> {
    if path.is_empty() {
        return Err(TreeError::EmptyPath);
    }
    if path.len() > MAX_DEPTH {
        return Err(TreeError::TooDeep);
    }
    for name in path {
        let name = name.as_ref();
        if name.len() > MAX_NAME_BYTES {
            return Err(TreeError::NameTooLong);
        }
        if !is_file_name(name) {
            return Err(TreeError::BadName(name.to_owned()));
        }
    }
    Ok(())
}

fn join(path: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    names.join("/")
}

//! The CID of a file or folder as Kubo would give it, without keeping any block: constant memory, all cores.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read},
    num::NonZeroUsize,
    panic::resume_unwind,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::Context;
use tidegate_content::{BlockSink, DirectoryImport, FileImport, Hasher, Imported, NewBlock, Profile};

use super::{
    progress::Progress,
    tree::{EntryKind, Tree},
};
use crate::blobs::Buffer;

/// One read.
const PIECE: usize = 256 << 10;

/// Imports all of `tree`; notes in it how many bytes each file really had.
///
/// # Errors
/// A file cannot be read, or a name is none that content may have; the error names it.
pub(super) fn import_tree(
    tree: &mut Tree,
    profile: Profile,
    progress: &Progress,
) -> anyhow::Result<Imported> {
    let (positions, paths): (Vec<usize>, Vec<PathBuf>) = tree
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry.kind, EntryKind::File { .. }))
        .map(|(at, entry)| (at, tree.path_of(entry)))
        .unzip();
    let mut imported = vec![None; tree.entries.len()];
    for (index, file) in import_files(&paths, profile, progress)? {
        let entry = &mut tree.entries[positions[index]];
        entry.kind = EntryKind::File { size: file.size };
        imported[positions[index]] = Some(file);
    }
    match imported.as_slice() {
        [Some(file)] if !tree.is_directory => Ok(*file),
        _ => import_directory(tree, &imported, profile)
            .with_context(|| format!("{} cannot become content", tree.path.display())),
    }
}

/// Imports one file from wherever it comes.
///
/// # Errors
/// Those of `reader`.
pub(super) fn import_reader(
    reader: &mut impl Read,
    profile: Profile,
    hasher: &Hasher,
    progress: &Progress,
) -> io::Result<Imported> {
    let mut file = FileImport::new(profile, hasher);
    loop {
        let mut buffer = Buffer::new(PIECE);
        let read = read_full(reader, buffer.as_mut())?;
        if read == 0 {
            break;
        }
        progress.add(read as u64);
        let Ok(()) = file.push(buffer.freeze(read), &mut Nowhere);
    }
    let Ok(imported) = file.finish(&mut Nowhere);
    Ok(imported)
}

/// Reads until the buffer is full or there is no more.
pub(super) fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Several files at once, because small ones are hashed by the thread that reads them.
fn import_files(
    paths: &[PathBuf],
    profile: Profile,
    progress: &Progress,
) -> anyhow::Result<Vec<(usize, Imported)>> {
    let hasher = Hasher::all_cores();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else {
                return Ok(done);
            };
            let imported = File::open(path)
                .and_then(|mut file| import_reader(&mut file, profile, &hasher, progress))
                .with_context(|| format!("cannot read {}", path.display()));
            match imported {
                Ok(imported) => done.push((index, imported)),
                Err(error) => {
                    // The others need not begin another file.
                    next.store(paths.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(paths.len());
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::with_capacity(paths.len());
        for worker in running {
            all.extend(worker.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
}

fn import_directory(tree: &Tree, files: &[Option<Imported>], profile: Profile) -> anyhow::Result<Imported> {
    let mut directory = DirectoryImport::new(profile);
    for (entry, file) in tree.entries.iter().zip(files) {
        let path: Vec<&str> = entry.path.split('/').collect();
        match (&entry.kind, file) {
            (EntryKind::Symlink { target }, _) => directory.add_symlink(&path, target.clone().into()),
            (_, Some(file)) => directory.add_file(&path, *file),
            (_, None) => directory.add_directory(&path),
        }
        .with_context(|| entry.path.clone())?;
    }
    Ok(directory.finish(&mut Nowhere)?)
}

/// Forgets blocks: only their names matter.
struct Nowhere;

impl BlockSink for Nowhere {
    type Error = Infallible;

    fn put(&mut self, _: &NewBlock) -> Result<(), Infallible> {
        Ok(())
    }
}

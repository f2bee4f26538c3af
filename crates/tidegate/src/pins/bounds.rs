//! How many files one upload may hold, and how much memory their names may take.

use super::collect::CollectError;

/// What the paths of one upload may take in memory.
const PATH_BYTES: usize = 64 << 20;
/// What a path takes beside its text, about.
const PATH_OVERHEAD: usize = 64;

/// What is left of both.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    files_left: usize,
    path_bytes_left: usize,
    files: usize,
}

impl Bounds {
    /// For so many files and folders.
    pub(super) fn new(files: usize) -> Self {
        Self { files_left: files, path_bytes_left: PATH_BYTES, files }
    }

    /// One more path: its names, which are checked at the end.
    pub(super) fn path(&mut self, path: &str) -> Result<Vec<String>, CollectError> {
        self.files_left = self.files_left.checked_sub(1).ok_or(CollectError::TooManyFiles(self.files))?;
        self.path_bytes_left =
            self.path_bytes_left.checked_sub(path.len() + PATH_OVERHEAD).ok_or(CollectError::NamesTooLong)?;
        Ok(path.strip_suffix('/').unwrap_or(path).split('/').map(str::to_owned).collect())
    }
}

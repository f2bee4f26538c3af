//! What an upload's bytes are: content as it is, or an archive of it.

/// See the module's documentation. It is said, never guessed: an archive may be content too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Content as it is.
    #[default]
    File,
    /// A tar archive of the files and folders that are the content.
    Tar,
    /// A CAR (version 1 or 2) of the DAG that is the content.
    Car,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::File, Self::Tar, Self::Car];

    /// Its name: `file`, `tar` or `car`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Tar => "tar",
            Self::Car => "car",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

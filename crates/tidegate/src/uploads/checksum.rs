//! Checksums that clients send along with bytes.

use aws_lc_rs::digest::{self, Context};

/// A hash function that clients may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// What most clients have; it guards against accidents only.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Its name: `sha1`, `sha256` or `sha512`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The function of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// Bytes of its digests.
    #[must_use]
    pub fn digest_len(self) -> usize {
        self.function().output_len()
    }

    fn function(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// What the bytes of one request should hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The function.
    pub algorithm: Algorithm,
    /// Its digest.
    pub digest: Vec<u8>,
}

/// A checksum being compared with what comes.
pub(super) struct Comparing {
    expected: Vec<u8>,
    context: Context,
}

impl Comparing {
    pub(super) fn with(checksum: Checksum) -> Self {
        Self { context: Context::new(checksum.algorithm.function()), expected: checksum.digest }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// Whether all that was added is what was expected.
    pub(super) fn matches(self) -> bool {
        self.context.finish().as_ref() == self.expected
    }
}

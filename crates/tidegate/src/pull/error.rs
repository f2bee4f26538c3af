//! Why a DAG did not come.

use tidegate_content::{Cid, FrontierError, ReadError};

use crate::{blobs::BlobError, fetch::FetchError, pins::LookupError};

/// See the module's documentation. The words are for the user who asked for the content: they name no address.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// Nobody who was asked has this block.
    #[error("block {cid} was not found: {tried}")]
    NotFound {
        /// The block.
        cid: Box<Cid>,
        /// Who was asked, and what they said.
        tried: String,
    },
    /// It did not come in the time of one try.
    #[error("the content did not come in the time for one try; what has come is kept")]
    Timeout,
    /// As much is stored as is allowed, and on its way in. What has come is kept. Holds the bytes that the rest
    /// needs, as far as the root tells.
    #[error("the server has no room for more of it just now; what has come is kept")]
    StoreFull(u64),
    /// This DAG is not taken, however often it is tried.
    #[error(transparent)]
    Refused(#[from] FrontierError),
    /// What came is no DAG that can be kept.
    #[error("the content cannot be read: {0}")]
    Unreadable(Box<ReadError<BlobError>>),
    /// The database or the disk.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A fault of ours.
    #[error("bringing the content in stopped unexpectedly")]
    Stopped,
}

impl PullError {
    pub(super) fn missing(cid: &Cid, tried: Misses) -> Self {
        match tried {
            Misses::Here(error) => error.into(),
            Misses::Everywhere(tried) => Self::NotFound { cid: Box::new(*cid), tried },
        }
    }

    /// Whether another try would end the same way.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unreadable(_))
    }
}

impl From<BlobError> for PullError {
    fn from(error: BlobError) -> Self {
        LookupError::from(error).into()
    }
}

/// Why a block was not to be had anywhere.
pub(super) enum Misses {
    /// Our own store could not be asked.
    Here(LookupError),
    /// Nobody has it; the words say who was asked.
    Everywhere(String),
}

/// Why one source did not give a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// It does not have it.
    #[error("does not have it")]
    NotFound,
    /// It gave something else.
    #[error("gave other bytes than the CID names")]
    Wrong,
    /// It answered with this status.
    #[error("answered with status {0}")]
    Status(u16),
    /// Nothing, or not all, came.
    #[error("{0}")]
    Fetch(FetchError),
}

impl Miss {
    /// Whether asking again soon may help.
    #[must_use]
    pub fn may_pass(self) -> bool {
        match self {
            Self::NotFound | Self::Wrong => false,
            Self::Status(status) => status == 408 || status == 429 || status >= 500,
            Self::Fetch(error) => {
                matches!(error, FetchError::Unreachable | FetchError::Timeout | FetchError::Broken)
            }
        }
    }
}

impl From<FetchError> for Miss {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

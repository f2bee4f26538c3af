//! What can go wrong with an upload.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    accounts::AccountError,
    db::DbError,
    pins::{CollectError, PinError},
};

/// Why a request about an upload did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The account has no such upload.
    #[error("there is no such upload")]
    NotFound,
    /// Another server on the same database has its bytes.
    #[error("this upload is on another server; go on where it was begun, or begin anew")]
    Elsewhere,
    /// Nothing was heard of it for too long.
    #[error("this upload has expired")]
    Expired,
    /// It has ended, and not as a pin.
    #[error("this upload has ended: {0}")]
    Over(Refusal),
    /// The bytes that came are not the next ones. Holds how many are here.
    #[error("{0} bytes are here; go on there")]
    WrongOffset(u64),
    /// Some bytes are missing. Holds how many are here.
    #[error("the upload is not complete: {0} bytes are here")]
    Incomplete(u64),
    /// The length was said before, or has to be said first.
    #[error("the length of an upload is said once, at its beginning or with its bytes")]
    Length,
    /// Longer than any upload may be.
    #[error("an upload may have {0} bytes at most")]
    TooLong(u64),
    /// More bytes than were announced.
    #[error("the upload has {0} bytes, and more were sent")]
    BeyondEnd(u64),
    /// The account has many unfinished uploads.
    #[error("there are too many unfinished uploads; end or delete some")]
    TooMany,
    /// It is just being imported.
    #[error("the upload is just being imported")]
    Importing,
    /// Another request goes on with the upload.
    #[error("another request goes on with this upload")]
    TakenOver,
    /// The bytes are not those of the checksum. None of them was kept.
    #[error("the bytes do not have the checksum that was sent with them")]
    Checksum,
    /// The bytes did not come to their end. What came was kept.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// What is said about the upload makes no sense.
    #[error("{0}")]
    Wish(String),
    /// It did not become a pin.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Why bytes stopped coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// The connection broke.
    #[error("the connection ended before the last byte")]
    Cut,
    /// Too few bytes came in a time.
    #[error("the upload is too slow")]
    Slow,
    /// This server stops.
    #[error("the server is stopping; go on when it is back")]
    Stopping,
}

/// Why an upload did not become a pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Refusal {
    /// For programs.
    pub code: RefusalKind,
    /// For people; of what is our own fault it says nothing.
    pub message: String,
}

/// The kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Content, CID and signature do not belong together.
    Mismatch,
    /// The bytes do not make content.
    BadContent,
    /// The key does not let its holder pin it.
    Forbidden,
    /// Another server takes uploads.
    Elsewhere,
    /// More content than an upload may hold.
    TooLarge,
    /// More than the account may pin.
    QuotaExceeded,
    /// No room is left.
    StorageFull,
    /// Too much is going on.
    Busy,
    /// Something that is needed is away.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl RefusalKind {
    /// Its name, as in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::BadContent => "bad_content",
            Self::Forbidden => "forbidden",
            Self::Elsewhere => "misdirected_request",
            Self::TooLarge => "too_large",
            Self::QuotaExceeded => "quota_exceeded",
            Self::StorageFull => "storage_full",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Whether another try would end the same way.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Mismatch | Self::BadContent | Self::TooLarge)
    }
}

impl Refusal {
    /// When to try again after [`RefusalKind::Busy`].
    pub const RETRY: Duration = Duration::from_secs(2);

    /// Which of the three is wrong is not told.
    pub(super) fn mismatch() -> Self {
        let message = "the content, its CID and the signature do not belong together".to_owned();
        Self { code: RefusalKind::Mismatch, message }
    }

    pub(super) fn stopping() -> Self {
        Self { code: RefusalKind::Unavailable, message: Interrupted::Stopping.to_string() }
    }

    pub(super) fn to_json(&self) -> String {
        // Two texts always can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            code: RefusalKind::Internal,
            message: "it is not known why".to_owned(),
        })
    }
}

impl From<PinError> for Refusal {
    fn from(error: PinError) -> Self {
        let code = match &error {
            PinError::OtherContent => return Self::mismatch(),
            PinError::Busy(_) | PinError::TooManyQueued(_) => RefusalKind::Busy,
            PinError::OutsidePrefix(_) | PinError::KeyUsedUp | PinError::LinkUsedUp => RefusalKind::Forbidden,
            PinError::NotHere => RefusalKind::Elsewhere,
            PinError::TooLarge(_) | PinError::TooManyFiles(_) | PinError::NamesTooLong => {
                RefusalKind::TooLarge
            }
            PinError::QuotaExceeded => RefusalKind::QuotaExceeded,
            PinError::StoreFull => RefusalKind::StorageFull,
            PinError::Collect(CollectError::Blob(error)) | PinError::Blob(error) => match error {
                crate::blobs::BlobError::Full => RefusalKind::StorageFull,
                _ => RefusalKind::Internal,
            },
            PinError::Collect(_) | PinError::CannotPull(_) => RefusalKind::BadContent,
            PinError::Db(error) if error.is_full() => RefusalKind::StorageFull,
            PinError::Db(
                DbError::Busy(_) | DbError::Unreachable(_) | DbError::ReadOnly(_) | DbError::Closed,
            ) => RefusalKind::Unavailable,
            PinError::Db(_) | PinError::Stopped => RefusalKind::Internal,
        };
        let message = match code {
            RefusalKind::StorageFull => {
                tracing::error!(%error, "no room is left; free disk space");
                "no room is left on the server".to_owned()
            }
            RefusalKind::Unavailable => {
                tracing::warn!(%error, "an upload could not be served now");
                "the server cannot do this now; try again later".to_owned()
            }
            RefusalKind::Internal => {
                tracing::error!(%error, "an upload failed");
                "something went wrong on the server".to_owned()
            }
            _ => error.to_string(),
        };
        Self { code, message }
    }
}

impl From<DbError> for UploadError {
    fn from(error: DbError) -> Self {
        PinError::from(error).into()
    }
}

impl From<AccountError> for UploadError {
    fn from(error: AccountError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Db(error) => PinError::from(error).into(),
            other => {
                tracing::error!(error = %other, "a signature could not be checked");
                PinError::Stopped.into()
            }
        }
    }
}

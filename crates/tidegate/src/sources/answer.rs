//! What a source gives: the head that may be shown to a buyer, and the bytes.

use bytes::Bytes;
use http::HeaderValue;
use http_body::Body;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use tidegate_ocean::CallError;

use super::range::ContentRange;
use crate::{
    blobs::BlobError,
    fetch::{FetchError, FetchedBody},
    pins::LookupError,
};

/// The bytes of a file as they come. An error is an end that is none: the buyer's connection must be cut.
pub type SourceBody = UnsyncBoxBody<Bytes, SourceError>;

/// A file about to be delivered. Nothing in it tells where the file comes from.
pub struct Opened {
    /// The part that `body` holds; the whole file if none.
    pub part: Option<ContentRange>,
    /// Bytes of `body`, where they are known.
    pub length: Option<u64>,
    /// Its type, with the charset.
    pub content_type: Option<HeaderValue>,
    /// How the bytes are packed, if they are.
    pub content_encoding: Option<HeaderValue>,
    /// A name to save it under, with an ending where one is known. At most 260 bytes, no folders, no control characters.
    pub file_name: String,
    /// A tag of its content.
    pub etag: Option<HeaderValue>,
    /// When it last changed.
    pub last_modified: Option<HeaderValue>,
    /// Whether parts of it can be asked for.
    pub accepts_ranges: bool,
    /// The bytes.
    pub body: SourceBody,
}

impl Opened {
    /// A whole file of which nothing is known but its bytes.
    pub(super) fn bytes(content: Bytes) -> Self {
        Self {
            part: None,
            length: Some(content.len() as u64),
            content_type: None,
            content_encoding: None,
            file_name: String::new(),
            etag: None,
            last_modified: None,
            accepts_ranges: false,
            body: in_memory(content),
        }
    }
}

/// Why a file cannot be delivered, or not to its end. The words never say where it is.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Its origin could not be fetched from.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its origin answered with this status.
    #[error("the origin answered with status {0}")]
    Status(u16),
    /// The part asked for lies outside of the file, which has so many bytes.
    #[error("the part lies outside of the file")]
    RangeOutside(Option<u64>),
    /// The object says no place, or its content is no file.
    #[error("the file is described wrongly: {0}")]
    Described(&'static str),
    /// The setting with this name is missing.
    #[error("{0} is not set")]
    NotConfigured(&'static str),
    /// A gateway gave bytes that are not the content's.
    #[error("what came is not the content")]
    Unverified,
    /// The chain could not be asked, or refused the call.
    #[error("the contract could not be called")]
    Contract,
    /// The contract's answer makes no sense.
    #[error(transparent)]
    Answer(#[from] CallError),
    /// Our own store cannot be read.
    #[error("the content cannot be read")]
    Store(#[source] LookupError),
}

impl From<BlobError> for SourceError {
    fn from(error: BlobError) -> Self {
        Self::Store(error.into())
    }
}

/// The body of bytes at hand.
pub(super) fn in_memory(content: Bytes) -> SourceBody {
    Full::new(content).map_err(|never| match never {}).boxed_unsync()
}

/// The body of an origin's answer.
pub(super) fn fetched(body: FetchedBody) -> SourceBody {
    boxed(body)
}

/// Any other body.
pub(super) fn boxed<B>(body: B) -> SourceBody
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<SourceError>,
{
    body.map_err(Into::into).boxed_unsync()
}

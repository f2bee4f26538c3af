//! Errors of the gateway: plain text, never cached for good.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use tidegate_content::{ReadError, ResolveError};

use super::{
    super::error::Failure,
    headers::{NOSNIFF, value},
    request::GatewayRequest,
};
use crate::{blobs::BlobError, pins::LookupError};

/// Why content was not served.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum GatewayError {
    /// The path or a parameter makes no sense.
    BadRequest(String),
    /// The content is not here, or not for the caller; the two look alike.
    NotFound(String),
    /// Not here, and the caller wants only what is.
    NotCached(String),
    /// The content cannot be given in the format asked for.
    NotAcceptable(String),
    /// The range lies outside the file of so many bytes.
    RangeOutside(u64),
    /// The content is here, but we do not know how to show it.
    NotImplemented(String),
    /// There is no such method here.
    MethodNotAllowed,
    /// Our side.
    Failed(Failure),
}

/// Everything but GET, HEAD and OPTIONS.
pub(in crate::http) async fn method_not_allowed() -> GatewayError {
    GatewayError::MethodNotAllowed
}

impl GatewayError {
    /// Nothing is known under the root of `request`.
    pub(super) fn absent(request: &GatewayRequest<'_>) -> Self {
        let message = format!("{} is not here", request.root);
        if request.only_if_cached { Self::NotCached(message) } else { Self::NotFound(message) }
    }

    /// What is wrong, for people.
    pub(in crate::http) fn words(self) -> String {
        self.status_and_words().1
    }

    /// The path of `request` leads nowhere.
    pub(super) fn unresolved(request: &GatewayRequest<'_>, error: ResolveError<BlobError>) -> Self {
        Self::nowhere(error, |segment| request.up_to(segment))
    }

    /// Names lead nowhere in some content.
    pub(super) fn inside(error: ResolveError<BlobError>) -> Self {
        Self::nowhere(error, |_| "this folder".to_owned())
    }

    fn nowhere(error: ResolveError<BlobError>, place: impl Fn(usize) -> String) -> Self {
        match error {
            ResolveError::NoLink { segment, name } => {
                Self::NotFound(format!("there is no {name:?} in {}", place(segment)))
            }
            ResolveError::NotADirectory { segment, name } => Self::NotFound(format!(
                "there is no {name:?} in {}, which is not a directory",
                place(segment)
            )),
            ResolveError::InsideCodec { .. } => {
                Self::NotImplemented("paths inside of blocks of this codec are not followed".to_owned())
            }
            ResolveError::Read(error) => error.into(),
        }
    }
}

impl From<ReadError<BlobError>> for GatewayError {
    fn from(error: ReadError<BlobError>) -> Self {
        match error {
            ReadError::Source(error) => error.into(),
            malformed @ ReadError::Malformed { .. } => Self::NotImplemented(malformed.to_string()),
        }
    }
}

impl From<BlobError> for GatewayError {
    fn from(error: BlobError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<LookupError> for GatewayError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Db(error) => Self::Failed(Failure::from(&error)),
            LookupError::Blob(error) => error.into(),
        }
    }
}

impl GatewayError {
    fn status_and_words(self) -> (StatusCode, String) {
        match self {
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, message),
            Self::NotCached(message) => (StatusCode::PRECONDITION_FAILED, message),
            Self::NotAcceptable(message) => (StatusCode::NOT_ACCEPTABLE, message),
            Self::RangeOutside(size) => {
                (StatusCode::RANGE_NOT_SATISFIABLE, format!("the file has {size} bytes"))
            }
            Self::NotImplemented(message) => (StatusCode::NOT_IMPLEMENTED, message),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "content is read with GET and HEAD".to_owned())
            }
            Self::Failed(failure) => {
                let (status, message) = failure.outside();
                (status, message.to_owned())
            }
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let whole = if let Self::RangeOutside(size) = &self { Some(*size) } else { None };
        let (status, message) = self.status_and_words();
        let mut response = (status, message + "\n").into_response();
        let headers = response.headers_mut();
        // The words may repeat what was asked for.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if let Some(size) = whole {
            headers.insert(header::CONTENT_RANGE, value(&format!("bytes */{size}")));
        }
        response
    }
}

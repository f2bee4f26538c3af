//! What all dialects' errors share: an inner failure is a log line inside and a short sentence with the request's id outside.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, Uri, header};
use serde_json::json;

/// For a dialect whose errors say of these what the pinning surface says, in their own shape.
macro_rules! as_on_the_pinning_surface {
    ($dialect:ty: $($error:ty),+) => {
        $(impl From<$error> for $dialect {
            fn from(error: $error) -> Self {
                $crate::http::pinning::PinningError::from(error).into()
            }
        })+
    };
}
pub(super) use as_on_the_pinning_surface;

/// No route has this path.
pub(super) async fn not_found(uri: Uri) -> Response {
    let message = format!("There is nothing at {}", uri.path());
    (StatusCode::NOT_FOUND, Json(json!({"Code": 404, "Message": message}))).into_response()
}

/// What somebody is told who comes too often.
pub(super) const TOO_OFTEN: &str = "You ask too often; try again after a while";

/// When to come again where an account has as many requests waiting as it may.
pub(super) const QUEUE_RETRY: Duration = Duration::from_secs(60);

/// Adds `Retry-After`, in whole seconds that are long enough.
pub(super) fn retry_after(mut response: Response, after: Duration) -> Response {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// An error's words as a sentence, beginning with a capital letter.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    capitalised(&error.to_string())
}

/// Words with a capital letter at their beginning.
pub(super) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How an inner failure looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// No room is left on the disk: 507.
    StorageFull,
    /// Something we need is away for the moment: 503.
    Unavailable,
    /// Our fault: 500.
    Internal,
}

impl Failure {
    /// Writes down what happened, which the caller does not get to see.
    pub(super) fn log(self, error: &dyn std::error::Error) -> Self {
        let chain = Chain(error);
        match self {
            Self::StorageFull => tracing::error!(error = %chain, "no room is left; free disk space"),
            Self::Unavailable => tracing::warn!(error = %chain, "a request could not be served now"),
            Self::Internal => tracing::error!(error = %chain, "a request failed"),
        }
        self
    }

    /// Status and sentence for the caller.
    pub(super) fn outside(self) -> (StatusCode, &'static str) {
        match self {
            Self::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "The server's disk is full"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "The server cannot do this now; try again later")
            }
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on the server; its log has more under the X-Request-Id of this answer",
            ),
        }
    }
}

impl From<&crate::db::DbError> for Failure {
    fn from(error: &crate::db::DbError) -> Self {
        use crate::db::DbError;
        let failure = match error {
            _ if error.is_full() => Self::StorageFull,
            DbError::Busy(_) | DbError::Unreachable(_) | DbError::ReadOnly(_) | DbError::Closed => {
                Self::Unavailable
            }
            _ => Self::Internal,
        };
        failure.log(error)
    }
}

impl From<&crate::blobs::BlobError> for Failure {
    fn from(error: &crate::blobs::BlobError) -> Self {
        let failure = match error {
            crate::blobs::BlobError::Full => Self::StorageFull,
            _ => Self::Internal,
        };
        failure.log(error)
    }
}

/// An error and what caused it, in one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

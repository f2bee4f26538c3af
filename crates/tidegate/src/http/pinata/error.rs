//! Errors in the shape of this dialect, `{"error": {"reason": CODE, "details": text}}`.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::super::{
    error::{Failure, as_on_the_pinning_surface, retry_after},
    extract::Denied,
    json_body::BodyError,
    multipart::{FormError, ReadError},
    pinning::PinningError,
};
use crate::{db::DbError, pins::PinError};

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum PinataError {
    /// No key, or one that is not good.
    Unauthorized,
    /// The key is good and not for this; the words say what it lacks.
    Forbidden(String),
    /// Something the caller sent is wrong; the words say what.
    BadRequest(String),
    /// The caller has not pinned this.
    NotPinned,
    /// No such path.
    NotFound,
    /// No such method here.
    MethodNotAllowed,
    /// Too much at once.
    TooLarge(String),
    /// The client stopped sending.
    TooSlow(String),
    /// Too many requests, which the words tell; try again after a while.
    TooMany(String, Duration),
    /// Too many uploads at once; try again after a while.
    Busy(Duration),
    /// Another server of this Cloud does that; the words say which.
    Elsewhere(String),
    /// Our side.
    Failed(Failure),
}

/// A path that is not there.
pub(in crate::http) async fn not_found() -> PinataError {
    PinataError::NotFound
}

/// A known path with a method it does not have.
pub(in crate::http) async fn method_not_allowed() -> PinataError {
    PinataError::MethodNotAllowed
}

impl IntoResponse for PinataError {
    fn into_response(self) -> Response {
        let text = str::to_owned;
        let (status, reason, details) = match &self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                text("There is no good API key in this request"),
            ),
            Self::Forbidden(details) => (StatusCode::FORBIDDEN, "FORBIDDEN", details.clone()),
            Self::BadRequest(details) => (StatusCode::BAD_REQUEST, "BAD_REQUEST", details.clone()),
            Self::NotPinned => (
                StatusCode::NOT_FOUND,
                "CURRENT_USER_HAS_NOT_PINNED_CID",
                text("You have not pinned this CID"),
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", text("There is nothing at this path")),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                text("This path does not have that method"),
            ),
            Self::TooLarge(details) => (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", details.clone()),
            Self::TooSlow(details) => (StatusCode::REQUEST_TIMEOUT, "TOO_SLOW", details.clone()),
            Self::TooMany(details, _) => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", details.clone()),
            Self::Busy(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "BUSY",
                text("Too many uploads are running; try again soon"),
            ),
            Self::Elsewhere(details) => {
                (StatusCode::MISDIRECTED_REQUEST, "MISDIRECTED_REQUEST", details.clone())
            }
            Self::Failed(failure) => {
                let (status, details) = failure.outside();
                (status, "INTERNAL", text(details))
            }
        };
        let body = Json(json!({"error": {"reason": reason, "details": details}}));
        let response = (status, body).into_response();
        match self {
            Self::Busy(after) | Self::TooMany(_, after) => retry_after(response, after),
            _ => response,
        }
    }
}

/// What goes wrong with uploads is the same on both surfaces; only the shape differs.
impl From<PinningError> for PinataError {
    fn from(error: PinningError) -> Self {
        match error {
            PinningError::InvalidToken => Self::Unauthorized,
            PinningError::Forbidden(details) => Self::Forbidden(details),
            PinningError::BadRequest(details) => Self::BadRequest(details),
            PinningError::Mismatch => Self::BadRequest("The content is not what its CID says".to_owned()),
            PinningError::TooLarge(details) => Self::TooLarge(details),
            PinningError::TooSlow(details) => Self::TooSlow(details),
            PinningError::TooMany(details, after) => Self::TooMany(details, after),
            PinningError::Busy(after) => Self::Busy(after),
            PinningError::Elsewhere(details) => Self::Elsewhere(details),
            PinningError::CloudAway(_) => Self::Failed(Failure::Unavailable),
            PinningError::NotFound(_) => Self::NotPinned,
            PinningError::MethodNotAllowed => Self::MethodNotAllowed,
            PinningError::Failed(failure) => Self::Failed(failure),
        }
    }
}

as_on_the_pinning_surface![PinataError: Denied, DbError, PinError, BodyError, FormError, ReadError];

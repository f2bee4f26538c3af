//! Errors in the shape of this dialect, `{"error": {"code": …, "message": …}}`. Programs read the code, people the message.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use serde_json::json;

use super::super::{
    error::{Failure, as_on_the_pinning_surface, retry_after, sentence},
    extract::Denied,
    json_body::BodyError,
    multipart::{FormError, ReadError},
    paced::Broken,
    pinning::PinningError,
    throttle::TooOften,
};
use crate::{
    accounts::{AccountError, AuthError, CryptoError, LinkError},
    db::DbError,
    pins::PinError,
};

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum ApiError {
    /// No API key, or one that is not good.
    Unauthorized,
    /// The key is good and not for this; the words say what it lacks.
    Forbidden(String),
    /// Something the caller sent is wrong; the words say what.
    BadRequest(String),
    /// There is nothing of that name; the words say what was looked for.
    NotFound(String),
    /// There is no such method here.
    MethodNotAllowed,
    /// What is there already stands against it; the words say what.
    Conflict(String),
    /// There was such a thing, and it is over; the words say what.
    Gone(String),
    /// Too much at once: the upload, or the account's total.
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

impl ApiError {
    /// Something that should not happen.
    pub(super) fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(Failure::Internal.log(error))
    }
}

/// A path that no route has.
pub(in crate::http) async fn not_found(uri: Uri) -> ApiError {
    ApiError::NotFound(format!("There is nothing at {}", uri.path()))
}

/// A known path with a method it does not have.
pub(in crate::http) async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self {
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "The API key is missing or not good")
            }
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "forbidden", message.as_str()),
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "bad_request", message.as_str()),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "not_found", message.as_str()),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not have that method")
            }
            Self::Conflict(message) => (StatusCode::CONFLICT, "conflict", message.as_str()),
            Self::Gone(message) => (StatusCode::GONE, "gone", message.as_str()),
            Self::TooLarge(message) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", message.as_str()),
            Self::TooSlow(message) => (StatusCode::REQUEST_TIMEOUT, "too_slow", message.as_str()),
            Self::TooMany(message, _) => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message.as_str())
            }
            Self::Busy(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many uploads are running; try again soon")
            }
            Self::Elsewhere(message) => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected_request", message.as_str())
            }
            Self::Failed(failure) => {
                let (status, message) = failure.outside();
                let code = match failure {
                    Failure::StorageFull => "storage_full",
                    Failure::Unavailable => "unavailable",
                    Failure::Internal => "internal",
                };
                (status, code, message)
            }
        };
        let response = (status, Json(json!({"error": {"code": code, "message": message}}))).into_response();
        match self {
            Self::Busy(after) | Self::TooMany(_, after) => retry_after(response, after),
            _ => response,
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NoSuchKey => Self::NotFound(sentence(&error)),
            AccountError::KeyNameTaken | AccountError::TooManyKeys | AccountError::KeyReplaced => {
                Self::Conflict(sentence(&error))
            }
            AccountError::BadKeyName
            | AccountError::BadExpiry
            | AccountError::BadMaxUses
            | AccountError::BadNamePrefix
            | AccountError::BadOverlap => Self::BadRequest(sentence(&error)),
            AccountError::Db(error) => error.into(),
            other => Self::Failed(Failure::Internal.log(&other)),
        }
    }
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unknown => Self::NotFound(sentence(&error)),
            LinkError::Expired | LinkError::UsedUp | LinkError::Key(_) => Self::Gone(sentence(&error)),
            LinkError::TooMany => Self::Conflict(sentence(&error)),
            LinkError::OutsidePrefix(_) => Self::Forbidden(sentence(&error)),
            LinkError::Db(error) => error.into(),
            LinkError::Crypto(error) => error.into(),
        }
    }
}

impl From<PinError> for ApiError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::LinkUsedUp => Self::Gone(sentence(&error)),
            other => PinningError::from(other).into(),
        }
    }
}

/// What goes wrong with callers, bodies and uploads is the same on both surfaces; only the shape differs.
impl From<PinningError> for ApiError {
    fn from(error: PinningError) -> Self {
        match error {
            PinningError::InvalidToken => Self::Unauthorized,
            PinningError::Forbidden(message) => Self::Forbidden(message),
            PinningError::BadRequest(message) => Self::BadRequest(message),
            PinningError::Mismatch => Self::BadRequest("The content is not what its CID says".to_owned()),
            PinningError::TooLarge(message) => Self::TooLarge(message),
            PinningError::TooSlow(message) => Self::TooSlow(message),
            PinningError::TooMany(message, after) => Self::TooMany(message, after),
            PinningError::Busy(after) => Self::Busy(after),
            PinningError::Elsewhere(message) => Self::Elsewhere(message),
            PinningError::CloudAway(_) => Self::Failed(Failure::Unavailable),
            PinningError::NotFound(message) => Self::NotFound(message),
            PinningError::MethodNotAllowed => Self::MethodNotAllowed,
            PinningError::Failed(failure) => Self::Failed(failure),
        }
    }
}

as_on_the_pinning_surface![ApiError: AuthError, Denied, TooOften, DbError, BodyError, Broken, FormError, ReadError];

impl From<CryptoError> for ApiError {
    fn from(error: CryptoError) -> Self {
        Self::Failed(Failure::Internal.log(&error))
    }
}

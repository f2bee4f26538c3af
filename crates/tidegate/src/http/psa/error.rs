//! Errors in the shape of this dialect, `{"error": {"reason": CODE, "details": text}}`.

use std::time::Duration;

use axum::{
    Json,
    extract::rejection::BytesRejection,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::super::{
    error::{Failure, QUEUE_RETRY, TOO_OFTEN, retry_after, sentence},
    extract::Denied,
};
use crate::{accounts::AuthError, db::DbError, pins::PinError};

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum PsaError {
    /// No API key, or one that is not good.
    Unauthorized,
    /// The key is good and not for this; the words say what it lacks.
    Forbidden(String),
    /// Something the caller sent is wrong; the words say what.
    BadRequest(String),
    /// The caller has no such request.
    NotFound,
    /// There is no such method here.
    MethodNotAllowed,
    /// The account may not pin so much.
    QuotaExceeded,
    /// Too many requests, which the words tell; try again after a while.
    TooMany(String, Duration),
    /// The body is longer than any pin.
    TooLarge,
    /// This server is an Endpoint; the words say where its Cloud is.
    Elsewhere(String),
    /// Our side.
    Failed(Failure),
}

/// A known path with a method it does not have.
pub(in crate::http) async fn method_not_allowed() -> PsaError {
    PsaError::MethodNotAllowed
}

impl IntoResponse for PsaError {
    fn into_response(self) -> Response {
        let (status, reason, details) = match &self {
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "The access token is missing or not good")
            }
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "FORBIDDEN", message.as_str()),
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "BAD_REQUEST", message.as_str()),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "You have no such pin"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This path does not have that method")
            }
            Self::QuotaExceeded => (
                StatusCode::CONFLICT,
                "INSUFFICIENT_FUNDS",
                "This would exceed the account's quota; pins can still be listed and removed",
            ),
            Self::TooMany(message, _) => {
                (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message.as_str())
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is longer than a pin may be")
            }
            Self::Elsewhere(message) => {
                (StatusCode::MISDIRECTED_REQUEST, "MISDIRECTED_REQUEST", message.as_str())
            }
            Self::Failed(failure) => {
                let (status, message) = failure.outside();
                let reason = match failure {
                    Failure::StorageFull => "INSUFFICIENT_STORAGE",
                    Failure::Unavailable => "SERVICE_UNAVAILABLE",
                    Failure::Internal => "INTERNAL_SERVER_ERROR",
                };
                (status, reason, message)
            }
        };
        let body = Json(json!({"error": {"reason": reason, "details": details}}));
        let response = (status, body).into_response();
        match self {
            Self::TooMany(_, after) => retry_after(response, after),
            _ => response,
        }
    }
}

impl From<AuthError> for PsaError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid
            | AuthError::Expired
            | AuthError::Revoked
            | AuthError::KeyExpired
            | AuthError::Disabled
            | AuthError::WrongPassword => Self::Unauthorized,
            AuthError::MissingScope(_) | AuthError::UsedUp | AuthError::Counted => {
                Self::Forbidden(sentence(&error))
            }
            AuthError::Elsewhere(_) => Self::Elsewhere(sentence(&error)),
            AuthError::CloudAway => Self::Failed(Failure::Unavailable.log(&error)),
            AuthError::Db(error) => error.into(),
            AuthError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
        }
    }
}

impl From<Denied> for PsaError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Nobody => Self::Unauthorized,
            Denied::Auth(error) => error.into(),
            Denied::TooOften(refused) => Self::TooMany(TOO_OFTEN.to_owned(), refused.after),
        }
    }
}

impl From<PinError> for PsaError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::QuotaExceeded => Self::QuotaExceeded,
            PinError::CannotPull(error) => {
                Self::BadRequest(format!("This content cannot be pinned: {error}"))
            }
            PinError::OutsidePrefix(_) | PinError::KeyUsedUp | PinError::LinkUsedUp => {
                Self::Forbidden(sentence(&error))
            }
            PinError::TooManyQueued(_) => Self::TooMany(sentence(&error), QUEUE_RETRY),
            PinError::StoreFull => Self::Failed(Failure::StorageFull.log(&error)),
            PinError::Db(error) => error.into(),
            PinError::Blob(error) => Self::Failed(Failure::from(&error)),
            other => Self::Failed(Failure::Internal.log(&other)),
        }
    }
}

impl From<DbError> for PsaError {
    fn from(error: DbError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<BytesRejection> for PsaError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::BadRequest("The body broke off".to_owned()),
        }
    }
}

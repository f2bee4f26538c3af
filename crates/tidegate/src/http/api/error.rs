//! Errors in the shape of this dialect, `{"error": {"code": …, "message": …}}`. Programs read the code, people the message.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use serde_json::json;

use super::super::{
    error::{Failure, sentence},
    json_body::BodyError,
};
use crate::{accounts::AuthError, db::DbError};

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum ApiError {
    /// No API key, or one that is not good.
    Unauthorized,
    /// The key is good and not for this; the words say what it lacks.
    Forbidden(String),
    /// There is nothing of that name; the words say what was looked for.
    NotFound(String),
    /// There is no such method here.
    MethodNotAllowed,
    /// What the caller sent makes no sense; the words say what.
    BadRequest(String),
    /// This server is an Endpoint; the words say where its Cloud is.
    Elsewhere(String),
    /// Our side.
    Failed(Failure),
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
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "not_found", message.as_str()),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not have that method")
            }
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, "bad_request", message.as_str()),
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
        (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid
            | AuthError::Expired
            | AuthError::Revoked
            | AuthError::KeyExpired
            | AuthError::WrongPassword => Self::Unauthorized,
            AuthError::MissingScope(_) | AuthError::Counted => Self::Forbidden(sentence(&error)),
            AuthError::Elsewhere(_) => Self::Elsewhere(sentence(&error)),
            AuthError::CloudAway => Self::Failed(Failure::Unavailable.log(&error)),
            AuthError::Db(error) => error.into(),
            AuthError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
        }
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

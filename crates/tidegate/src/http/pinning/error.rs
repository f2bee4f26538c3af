//! Errors in the shape of this dialect, `{"Code": status, "Message": text}`, and which situation gives which status.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::super::{
    error::{Failure, QUEUE_RETRY, TOO_OFTEN, retry_after, sentence},
    extract::Denied,
    json_body::BodyError,
    multipart::{FormError, ReadError},
    paced::Broken,
    throttle::TooOften,
};
use crate::{
    accounts::{AccountError, AuthError},
    blobs::BlobError,
    db::DbError,
    pins::{CollectError, PinError},
};

/// When to ask an Endpoint again whose Cloud is away.
const CLOUD_RETRY: Duration = Duration::from_secs(5);

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum PinningError {
    /// No key or token, or one that is not good (reference A1).
    InvalidToken,
    /// The key is good and not for this; the words say what it lacks.
    Forbidden(String),
    /// Something the caller sent is wrong; the words say what.
    BadRequest(String),
    /// CID, content and signature do not belong together; which of them is wrong is not told (reference A6).
    Mismatch,
    /// Too much at once: the upload, its files, or the account's total.
    TooLarge(String),
    /// The client stopped sending.
    TooSlow(String),
    /// Too many requests, which the words tell; try again after a while.
    TooMany(String, Duration),
    /// Too many uploads at once; try again after a while.
    Busy(Duration),
    /// Another server of this Cloud does that; the words say which.
    Elsewhere(String),
    /// This Endpoint cannot ask its Cloud now; the words say so.
    CloudAway(String),
    /// The caller has no such thing.
    NotFound(String),
    /// There is no such method here.
    MethodNotAllowed,
    /// Our side.
    Failed(Failure),
}

impl PinningError {
    /// Something that should not happen.
    pub(super) fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(Failure::Internal.log(error))
    }
}

/// A known path with a method it does not have.
pub(in crate::http) async fn method_not_allowed() -> PinningError {
    PinningError::MethodNotAllowed
}

impl IntoResponse for PinningError {
    fn into_response(self) -> Response {
        let (status, message) = match &self {
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "Invalid token".to_owned()),
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, message.clone()),
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, message.clone()),
            Self::Mismatch => (
                StatusCode::BAD_REQUEST,
                "The content, its CID and the signature do not belong together".to_owned(),
            ),
            Self::TooLarge(message) => (StatusCode::PAYLOAD_TOO_LARGE, message.clone()),
            Self::TooSlow(message) => (StatusCode::REQUEST_TIMEOUT, message.clone()),
            Self::TooMany(message, _) => (StatusCode::TOO_MANY_REQUESTS, message.clone()),
            Self::Busy(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Too many uploads are running; try again soon".to_owned())
            }
            Self::Elsewhere(message) => (StatusCode::MISDIRECTED_REQUEST, message.clone()),
            Self::CloudAway(message) => (StatusCode::SERVICE_UNAVAILABLE, message.clone()),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, message.clone()),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "This path does not have that method".to_owned())
            }
            Self::Failed(failure) => {
                let (status, message) = failure.outside();
                (status, message.to_owned())
            }
        };
        let body = Json(json!({"Code": status.as_u16(), "Message": message}));
        let response = (status, body).into_response();
        match self {
            Self::Busy(after) | Self::TooMany(_, after) => retry_after(response, after),
            Self::CloudAway(_) => retry_after(response, CLOUD_RETRY),
            _ => response,
        }
    }
}

impl From<AuthError> for PinningError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid
            | AuthError::Expired
            | AuthError::Revoked
            | AuthError::KeyExpired
            | AuthError::Disabled
            | AuthError::WrongPassword => Self::InvalidToken,
            AuthError::MissingScope(_) | AuthError::UsedUp | AuthError::Counted => {
                Self::Forbidden(sentence(&error))
            }
            AuthError::Elsewhere(_) => Self::Elsewhere(sentence(&error)),
            AuthError::CloudAway => Self::CloudAway(sentence(&error)),
            AuthError::Db(error) => error.into(),
            AuthError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
        }
    }
}

impl From<Denied> for PinningError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Nobody => Self::InvalidToken,
            Denied::Auth(error) => error.into(),
            Denied::TooOften(refused) => refused.into(),
        }
    }
}

impl From<TooOften> for PinningError {
    fn from(refused: TooOften) -> Self {
        Self::TooMany(TOO_OFTEN.to_owned(), refused.after)
    }
}

impl From<AccountError> for PinningError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Db(error) => error.into(),
            other => Self::Failed(Failure::Internal.log(&other)),
        }
    }
}

impl From<FormError> for PinningError {
    fn from(error: FormError) -> Self {
        Self::BadRequest(format!("The form cannot be read: {error}"))
    }
}

impl From<Broken> for PinningError {
    fn from(error: Broken) -> Self {
        match error {
            Broken::Cut => Self::BadRequest(error.to_string()),
            Broken::Slow(_) => Self::TooSlow(error.to_string()),
            Broken::TooLarge(_) => Self::TooLarge(error.to_string()),
        }
    }
}

impl From<ReadError> for PinningError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Form(error) => error.into(),
            ReadError::Broken(error) => error.into(),
            ReadError::FieldTooLong(_) | ReadError::FieldNotText => Self::BadRequest(error.to_string()),
        }
    }
}

impl From<PinError> for PinningError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::Busy(after) => Self::Busy(after),
            PinError::TooLarge(_)
            | PinError::TooManyFiles(_)
            | PinError::NamesTooLong
            | PinError::QuotaExceeded => Self::TooLarge(error.to_string()),
            PinError::OtherContent => Self::Mismatch,
            PinError::NotHere => Self::Elsewhere(sentence(&error)),
            PinError::CannotPull(error) => {
                Self::BadRequest(format!("This content cannot be pinned: {error}"))
            }
            PinError::OutsidePrefix(_) | PinError::KeyUsedUp | PinError::LinkUsedUp => {
                Self::Forbidden(sentence(&error))
            }
            PinError::TooManyQueued(_) => Self::TooMany(sentence(&error), QUEUE_RETRY),
            PinError::StoreFull => Self::Failed(Failure::StorageFull.log(&error)),
            PinError::Collect(CollectError::Blob(error)) | PinError::Blob(error) => error.into(),
            PinError::Collect(CollectError::Archive(error)) => {
                Self::BadRequest(format!("The archive cannot be pinned: {error}"))
            }
            PinError::Collect(error) => Self::BadRequest(format!("The files do not make a folder: {error}")),
            PinError::Db(error) => error.into(),
            PinError::Stopped => Self::Failed(Failure::Internal.log(&error)),
        }
    }
}

impl From<BodyError> for PinningError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(_) => Self::TooLarge(error.to_string()),
            BodyError::Slow => Self::TooSlow(error.to_string()),
            BodyError::Cut | BodyError::NotJson(_) => Self::BadRequest(error.to_string()),
        }
    }
}

impl From<DbError> for PinningError {
    fn from(error: DbError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<BlobError> for PinningError {
    fn from(error: BlobError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

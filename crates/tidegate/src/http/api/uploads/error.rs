//! Errors in the shape of the API, with the statuses that the protocol wants.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::headers::{UPLOAD_OFFSET, VERSION};
use crate::{
    http::{api::ApiError, error::sentence, json_body::BodyError},
    uploads::{Interrupted, Refusal, RefusalKind, UploadError},
};

/// Why a request about an upload was refused.
#[derive(Debug)]
pub(in crate::http) enum TusError {
    /// Another version of the protocol, or none.
    Version,
    /// A header that must be there and say something.
    Header(String),
    /// A body of another type.
    MediaType,
    /// As everywhere in the API.
    Api(ApiError),
    /// About the upload.
    Upload(UploadError),
}

impl TusError {
    pub(super) fn header(name: &HeaderName, how: &str) -> Self {
        Self::Header(format!("The header {name} {how}"))
    }
}

impl IntoResponse for TusError {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Version => {
                let message = "The header Tus-Resumable must be there and say 1.0.0";
                let mut response = answer(StatusCode::PRECONDITION_FAILED, "tus_version", message);
                response.headers_mut().insert("tus-version", VERSION);
                response
            }
            Self::Header(message) => answer(StatusCode::BAD_REQUEST, "bad_request", &message),
            Self::MediaType => {
                let message = "The Content-Type must be application/offset+octet-stream";
                answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", message)
            }
            Self::Upload(error) => about_upload(&error),
        }
    }
}

fn answer(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

fn about_upload(error: &UploadError) -> Response {
    let (status, code) = status_of(error);
    let mut response = answer(status, code, &sentence(error));
    let headers = response.headers_mut();
    if let UploadError::WrongOffset(here) = error {
        headers.insert(UPLOAD_OFFSET, (*here).into());
    }
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(Refusal::RETRY.as_secs()));
    }
    response
}

fn status_of(error: &UploadError) -> (StatusCode, &'static str) {
    match error {
        UploadError::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        UploadError::Elsewhere => (StatusCode::NOT_FOUND, "elsewhere"),
        UploadError::Expired => (StatusCode::GONE, "expired"),
        UploadError::Over(_) => (StatusCode::GONE, "failed"),
        UploadError::WrongOffset(_) => (StatusCode::CONFLICT, "wrong_offset"),
        UploadError::Incomplete(_) => (StatusCode::CONFLICT, "incomplete"),
        UploadError::Importing => (StatusCode::CONFLICT, "importing"),
        UploadError::TakenOver => (StatusCode::CONFLICT, "taken_over"),
        UploadError::Length | UploadError::Wish(_) => (StatusCode::BAD_REQUEST, "bad_request"),
        UploadError::TooLong(_) | UploadError::BeyondEnd(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        UploadError::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many_uploads"),
        // 460: the protocol's own.
        UploadError::Checksum => {
            (StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST), "checksum_mismatch")
        }
        UploadError::Interrupted(Interrupted::Cut) => (StatusCode::BAD_REQUEST, "cut"),
        UploadError::Interrupted(Interrupted::Slow) => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
        UploadError::Interrupted(Interrupted::Stopping) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        UploadError::Refused(refusal) => status_of_refusal(refusal.code),
    }
}

fn status_of_refusal(code: RefusalKind) -> (StatusCode, &'static str) {
    let status = match code {
        RefusalKind::Mismatch | RefusalKind::BadContent => StatusCode::BAD_REQUEST,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Elsewhere => StatusCode::MISDIRECTED_REQUEST,
        RefusalKind::TooLarge | RefusalKind::QuotaExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        RefusalKind::Busy | RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RefusalKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, code.as_str())
}

impl From<ApiError> for TusError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<UploadError> for TusError {
    fn from(error: UploadError) -> Self {
        Self::Upload(error)
    }
}

impl From<BodyError> for TusError {
    fn from(error: BodyError) -> Self {
        Self::Api(error.into())
    }
}

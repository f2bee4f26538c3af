//! Small JSON bodies, whatever their `Content-Type` says: bounded in length and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Why a body cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Longer than allowed.
    #[error("The body is longer than {0} bytes")]
    TooLarge(usize),
    /// It did not come in time.
    #[error("The body took too long to come")]
    Slow,
    /// The connection ended before it.
    #[error("The body is incomplete")]
    Cut,
    /// It is something else; the words say where.
    #[error("The body is not the JSON that belongs here: {0}")]
    NotJson(serde_json::Error),
}

/// The JSON in `body`, of at most `limit` bytes, which has to come within `patience`.
pub(super) async fn read<T: DeserializeOwned>(
    body: Body,
    limit: usize,
    patience: Duration,
) -> Result<T, BodyError> {
    serde_json::from_slice(&bytes(body, limit, patience).await?).map_err(BodyError::NotJson)
}

/// The bytes of `body`, as [`read`] takes them.
pub(super) async fn bytes(body: Body, limit: usize, patience: Duration) -> Result<Bytes, BodyError> {
    let collected = timeout(patience, Limited::new(body, limit).collect()).await;
    match collected.map_err(|_| BodyError::Slow)? {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge(limit)),
        Err(_) => Err(BodyError::Cut),
    }
}

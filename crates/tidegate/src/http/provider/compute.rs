//! Compute-to-data, which is not offered: clients get to know it in words, not by a 404.

use http::StatusCode;

use super::ProviderError;

/// The routes that clients would ask.
pub(super) const PATHS: [&str; 5] =
    ["/compute", "/computeEnvironments", "/computeResult", "/initializeCompute", "/validateContainer"];

/// Says that there is none.
pub(super) async fn not_offered() -> ProviderError {
    ProviderError::Refused(StatusCode::NOT_IMPLEMENTED, "Compute-to-data is not offered here.".to_owned())
}

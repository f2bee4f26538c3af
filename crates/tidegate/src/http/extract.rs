//! Who calls: extractors that turn away a request without a good key before its body is read.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header, request::Parts};

use super::{api::ApiError, pinning::PinningError, psa::PsaError};
use crate::{accounts::Caller, app::App};

const USER_ACCESS_TOKEN: HeaderName = HeaderName::from_static("useraccesstoken");

/// A caller with an API key: `Authorization: Bearer`.
pub(super) struct KeyHolder(pub Caller);

/// The same, for the Pinning Service API and its errors.
pub(super) struct Pinner(pub Caller);

/// The same, for Tidegate's own API and its errors.
pub(super) struct Owner(pub Caller);

/// A caller with an access token: `UserAccessToken`.
pub(super) struct Uploader(pub Caller);

/// A caller who sends content to Tidegate's own API, with an access token or an API key.
pub(super) struct Sender(pub Caller);

impl FromRequestParts<App> for KeyHolder {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        let key = bearer(&parts.headers).ok_or(PinningError::InvalidToken)?;
        Ok(Self(app.accounts.authenticate_api_key(key).await?))
    }
}

impl FromRequestParts<App> for Pinner {
    type Rejection = PsaError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PsaError> {
        let key = bearer(&parts.headers).ok_or(PsaError::Unauthorized)?;
        Ok(Self(app.accounts.authenticate_api_key(key).await?))
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers).ok_or(ApiError::Unauthorized)?;
        Ok(Self(app.accounts.authenticate_api_key(key).await?))
    }
}

impl FromRequestParts<App> for Uploader {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        let token = text(&parts.headers, USER_ACCESS_TOKEN).ok_or(PinningError::InvalidToken)?;
        let (caller, _expires_at) = app.accounts.authenticate_access_token(token.trim()).await?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<App> for Sender {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(token) = text(&parts.headers, USER_ACCESS_TOKEN) {
            return Ok(Self(app.accounts.authenticate_access_token(token.trim()).await?.0));
        }
        let Owner(caller) = Owner::from_request_parts(parts, app).await?;
        Ok(Self(caller))
    }
}

/// The credentials behind `Bearer`, a word that is compared without case (RFC 9110 section 11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = text(headers, header::AUTHORIZATION)?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

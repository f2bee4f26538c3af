//! Who calls, and may they: extractors that turn away a request without a good key, or with one that is not for this, before its
//! body is read.
//!
//! What a handler needs is part of its signature: `KeyHolder<READ>` is a caller whose API key has the scope `read`.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header, request::Parts};

use super::{api::ApiError, pinning::PinningError, psa::PsaError};
use crate::{
    accounts::{AuthError, Caller},
    app::App,
    db::scopes::{Scope, Scopes},
};

/// Any good key will do.
pub(super) const ANY: u8 = 0;
/// The scope `read`.
pub(super) const READ: u8 = Scope::Read.bits();
/// The scope `pin`.
pub(super) const PIN: u8 = Scope::Pin.bits();
/// The scope `unpin`.
pub(super) const UNPIN: u8 = Scope::Unpin.bits();
/// The scope `admin`.
pub(super) const ADMIN: u8 = Scope::Admin.bits();
/// The scopes `pin` and `unpin`, both.
pub(super) const PIN_AND_UNPIN: u8 = PIN | UNPIN;

const USER_ACCESS_TOKEN: HeaderName = HeaderName::from_static("useraccesstoken");

/// A caller with an API key: `Authorization: Bearer`.
pub(super) struct KeyHolder<const NEEDS: u8>(pub Caller);

/// The same, for the Pinning Service API and its errors.
pub(super) struct Pinner<const NEEDS: u8>(pub Caller);

/// The same, for Tidegate's own API and its errors.
pub(super) struct Owner<const NEEDS: u8>(pub Caller);

/// A caller with an access token: `UserAccessToken`. It is good for what its API key is good for.
pub(super) struct Uploader<const NEEDS: u8>(pub Caller);

impl<const NEEDS: u8> FromRequestParts<App> for KeyHolder<NEEDS> {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        let key = bearer(&parts.headers).ok_or(PinningError::InvalidToken)?;
        Ok(Self(by_key(app, key, NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Pinner<NEEDS> {
    type Rejection = PsaError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PsaError> {
        let key = bearer(&parts.headers).ok_or(PsaError::Unauthorized)?;
        Ok(Self(by_key(app, key, NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Owner<NEEDS> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers).ok_or(ApiError::Unauthorized)?;
        Ok(Self(by_key(app, key, NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Uploader<NEEDS> {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        let token = text(&parts.headers, USER_ACCESS_TOKEN).ok_or(PinningError::InvalidToken)?;
        let (caller, _expires_at) = app.accounts.authenticate_access_token(token.trim()).await?;
        caller.may(Scopes::of_bits(NEEDS))?;
        Ok(Self(caller))
    }
}

/// Who holds this API key, if it is good and has the scopes that are needed.
pub(super) async fn by_key(app: &App, key: &str, needs: u8) -> Result<Caller, AuthError> {
    let caller = app.accounts.authenticate_api_key(key).await?;
    caller.may(Scopes::of_bits(needs))?;
    Ok(caller)
}

/// The credentials behind `Bearer`, a word that is compared without case (RFC 9110 section 11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = text(headers, header::AUTHORIZATION)?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

//! Who calls, and may they: extractors that turn away a request without a good key, or with one that is not for this, before its
//! body is read.
//!
//! What a handler needs is part of its signature: `KeyHolder<READ>` is a caller whose API key has the scope `read`.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header, request::Parts};

use super::{api::ApiError, pinning::PinningError, psa::PsaError, throttle::TooOften, visit::Visit};
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

/// A caller who sends content to Tidegate's own API, with an access token or an API key.
pub(super) struct Sender<const NEEDS: u8>(pub Caller);

impl<const NEEDS: u8> FromRequestParts<App> for KeyHolder<NEEDS> {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        Ok(Self(admit(parts, app, bearer(&parts.headers).map(Credential::ApiKey), NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Pinner<NEEDS> {
    type Rejection = PsaError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PsaError> {
        Ok(Self(admit(parts, app, bearer(&parts.headers).map(Credential::ApiKey), NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Owner<NEEDS> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self(admit(parts, app, bearer(&parts.headers).map(Credential::ApiKey), NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Uploader<NEEDS> {
    type Rejection = PinningError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinningError> {
        let token = text(&parts.headers, USER_ACCESS_TOKEN).map(str::trim);
        Ok(Self(admit(parts, app, token.map(Credential::AccessToken), NEEDS).await?))
    }
}

impl<const NEEDS: u8> FromRequestParts<App> for Sender<NEEDS> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = text(&parts.headers, USER_ACCESS_TOKEN).map(str::trim).map(Credential::AccessToken);
        let shown = token.or_else(|| bearer(&parts.headers).map(Credential::ApiKey));
        Ok(Self(admit(parts, app, shown, NEEDS).await?))
    }
}

/// What a caller shows.
pub(super) enum Credential<'a> {
    ApiKey(&'a str),
    AccessToken(&'a str),
}

/// Why a caller is not let in.
#[derive(Debug)]
pub(super) enum Denied {
    /// They show nothing.
    Nobody,
    /// What they show is not good, or not for this.
    Auth(AuthError),
    /// They come too often.
    TooOften(TooOften),
}

/// Who shows this, if it is good and has the scopes that are needed, and neither they nor their address come too often.
pub(super) async fn admit(
    parts: &Parts,
    app: &App,
    credential: Option<Credential<'_>>,
    needs: u8,
) -> Result<Caller, Denied> {
    let visit = parts.extensions.get::<Visit>();
    visit.map_or(Ok(()), Visit::knock)?;
    let credential = credential.ok_or(Denied::Nobody)?;
    visit.map_or(Ok(()), Visit::try_key)?;
    let known = match credential {
        Credential::ApiKey(key) => app.accounts.authenticate_api_key(key).await,
        Credential::AccessToken(token) => {
            app.accounts.authenticate_access_token(token).await.map(|(caller, _expires_at)| caller)
        }
    };
    if let (Some(visit), Err(error)) = (visit, &known)
        && error.is_the_callers()
    {
        visit.failed();
    }
    let caller = known?;
    visit.map_or(Ok(()), |visit| visit.enter(&caller))?;
    caller.may(Scopes::of_bits(needs))?;
    Ok(caller)
}

impl From<AuthError> for Denied {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<TooOften> for Denied {
    fn from(refused: TooOften) -> Self {
        Self::TooOften(refused)
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

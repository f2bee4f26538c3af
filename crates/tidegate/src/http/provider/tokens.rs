//! Auth tokens: instead of signing each download, an address signs once for a token.
//!
//! `createAuthToken` and `deleteAuthToken` as classic clients call them, `auth/token` and `auth/token/invalidate` as those
//! of the node dialect do.

use std::borrow::Cow;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use tidegate_ocean::SignedRequest;

use super::{
    ProviderError,
    json::Answer,
    params::Params,
    sign::{check, consume, nonce_of, refused},
    validation::{Violations, not_an_integer, require_first, required},
};
use crate::{
    access::{IssueError, TokenRefusal},
    app::App,
    clock::Timestamp,
    downloads::Signer,
};

/// How long a token of the node dialect lives when the request does not say, in seconds: a day.
const DEFAULT_LIFETIME: i64 = 24 * 60 * 60;

/// Node clients count in milliseconds and classic ones in seconds; a number from here on is milliseconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The year 10000: no token outlives it.
const LATEST: i64 = 253_402_300_799;

#[derive(Serialize)]
struct Token {
    token: String,
}

#[derive(Serialize)]
struct Success<T> {
    success: T,
}

/// Gives a token to whoever signs for it, good until `expiration`.
pub(super) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ProviderError> {
    require_first(&params, &["address", "expiration"])?;
    let expires_at = expiration(&params, app.clock.now())?;
    let signer = signer(&app, &headers, &params, SignedRequest::CreateToken).await?;
    issue(&app, &signer, expires_at).await
}

/// Ends a token for good.
pub(super) async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ProviderError> {
    require_first(&params, &["address", "token"])?;
    let signer = signer(&app, &headers, &params, SignedRequest::DeleteToken).await?;
    revoke(&app, &signer, &params).await?;
    Ok(Answer(StatusCode::OK, Success { success: "Token has been deactivated." }).into_response())
}

/// Gives a token to a client of the node dialect, good until `validUntil` if that is there.
pub(super) async fn create_node(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ProviderError> {
    require_first(&params, &["address"])?;
    let expires_at = valid_until(&params, app.clock.now())?;
    let signer = signer(&app, &headers, &params, SignedRequest::CreateToken).await?;
    issue(&app, &signer, expires_at).await
}

/// Ends a token of a client of the node dialect for good.
pub(super) async fn delete_node(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ProviderError> {
    require_first(&params, &["address", "token"])?;
    let signer = signer(&app, &headers, &params, SignedRequest::DeleteToken).await?;
    revoke(&app, &signer, &params).await?;
    Ok(Answer(StatusCode::OK, Success { success: true }).into_response())
}

/// Who signed. The signature may be in a header, too, as the reference's published example sends it.
async fn signer(
    app: &App,
    headers: &HeaderMap,
    params: &Params,
    request: SignedRequest<'_>,
) -> Result<Signer, ProviderError> {
    require_first(params, &["nonce"])?;
    let nonce = nonce_of(params)?;
    let address = params.text("address").unwrap_or_default();
    let in_header = || headers.get("signature").and_then(|value| value.to_str().ok()).map(Cow::Borrowed);
    let Some(signature) = params.signature().or_else(in_header) else {
        let mut missing = Violations::of("signature", required("signature"));
        missing.add("signature", super::error::NO_SIGNATURE);
        return Err(missing.into());
    };
    check(app, request, &address, &nonce, &signature).await
}

async fn issue(app: &App, signer: &Signer, expires_at: Timestamp) -> Result<Response, ProviderError> {
    let issued = app.tokens.issue(&app.nonces, (signer.address, signer.nonce), expires_at).await;
    let token = issued.map_err(|error| match error {
        IssueError::Nonce(refusal) => refused(refusal, &signer.nonce),
        IssueError::Crypto(error) => ProviderError::failed(&error),
    })?;
    let mut response = Answer(StatusCode::OK, Token { token }).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn revoke(app: &App, signer: &Signer, params: &Params) -> Result<(), ProviderError> {
    let token = params.text("token").unwrap_or_default();
    consume(app, signer).await?;
    let claims = app.tokens.verify(&token).await.map_err(refusal)?;
    if claims.address != signer.address {
        return Err(refusal(TokenRefusal::Invalid));
    }
    app.tokens.revoke(&token).await.map_err(refusal)
}

fn refusal(refusal: TokenRefusal) -> ProviderError {
    match refusal {
        TokenRefusal::Expired => ProviderError::refused("Token is expired."),
        TokenRefusal::Revoked => ProviderError::refused("Token is deleted."),
        TokenRefusal::Invalid => ProviderError::refused("Token is invalid."),
        TokenRefusal::Db(error) => error.into(),
    }
}

/// `expiration`, in seconds, in the future.
fn expiration(params: &Params, now: Timestamp) -> Result<Timestamp, Violations> {
    let wrong = |text: String| Violations::of("expiration", text);
    let text = params.text("expiration").unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(not_an_integer("expiration")));
    }
    let seconds = text.parse().ok().filter(|seconds| (now.as_seconds() + 1..=LATEST).contains(seconds));
    seconds.map(Timestamp::from_seconds).ok_or_else(|| wrong("Invalid timestamp provided.".to_owned()))
}

/// `validUntil`, in seconds or milliseconds, in the future.
fn valid_until(params: &Params, now: Timestamp) -> Result<Timestamp, Violations> {
    let Some(text) = params.text("validUntil") else {
        return Ok(Timestamp::from_seconds(now.as_seconds() + DEFAULT_LIFETIME));
    };
    let number: Option<i64> = text.parse().ok();
    let moment = number.map(|number| match number {
        MILLISECONDS_FROM.. => Timestamp::from_millis(number),
        _ => Timestamp::from_seconds(number),
    });
    moment
        .filter(|moment| *moment > now)
        .ok_or_else(|| Violations::of("validUntil", "Invalid timestamp provided."))
}

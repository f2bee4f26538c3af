//! Pinata's older API, for programs that let their user change the host and nothing else.
//!
//! Some of its paths are also Decoo's; [`speaks_pinata`] tells who is meant. Under `/pinata` it has a base of its own. What answers
//! when is in `docs/compatibility.md`.

mod by_hash;
mod error;
mod lists;
mod options;
mod pin_file;
mod pin_json;
mod unpin;

use axum::{
    Json, Router,
    extract::FromRequestParts,
    routing::{delete, get, post},
};
use http::{HeaderMap, HeaderName, header, request::Parts};
use serde_json::{Value, json};

pub(super) use by_hash::{list_jobs, pin_by_hash};
pub(super) use error::{PinataError, method_not_allowed, not_found};
pub(super) use lists::list_pins;
pub(super) use pin_file::pin_file;
pub(super) use pin_json::pin_json;
pub(super) use unpin::unpin;

use super::extract::{ANY, Credential, admit, bearer};
use crate::{accounts::Caller, app::App};

const KEY: HeaderName = HeaderName::from_static("pinata_api_key");
const SECRET: HeaderName = HeaderName::from_static("pinata_secret_api_key");
const USER_ACCESS_TOKEN: HeaderName = HeaderName::from_static("useraccesstoken");

/// The whole API, for a base of its own.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(own_routes())
        .route("/pinning/pinByHash", post(pin_by_hash))
        .route("/pinning/pinJobs", get(list_jobs))
        .route("/pinning/unpin/{cid}", delete(unpin))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

/// The paths that nobody else has.
pub(super) fn own_routes() -> Router<App> {
    Router::new()
        .route("/pinning/pinFileToIPFS", post(pin_file))
        .route("/pinning/pinJSONToIPFS", post(pin_json))
        .route("/data/pinList", get(list_pins))
        .route("/data/testAuthentication", get(greet))
}

/// Whether a request to a path of Decoo and Pinata is meant for Pinata's API: it has Pinata's headers; or, to a path where Decoo
/// wants an access token, an API key alone.
pub(super) fn speaks_pinata(headers: &HeaderMap, decoo_wants_token: bool) -> bool {
    if headers.contains_key(USER_ACCESS_TOKEN) {
        return false;
    }
    headers.contains_key(KEY)
        || headers.contains_key(SECRET)
        || decoo_wants_token && headers.contains_key(header::AUTHORIZATION)
}

/// A caller with an API key, in either of Pinata's ways: as the secret beside a key that is not looked at, or as a bearer.
pub(super) struct PinataCaller<const NEEDS: u8>(pub Caller);

impl<const NEEDS: u8> FromRequestParts<App> for PinataCaller<NEEDS> {
    type Rejection = PinataError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PinataError> {
        let secret = parts.headers.get(SECRET).and_then(|secret| secret.to_str().ok()).map(str::trim);
        let key = secret.or_else(|| bearer(&parts.headers));
        Ok(Self(admit(parts, app, key.map(Credential::ApiKey), NEEDS).await?))
    }
}

/// Says whether the caller's key is good, in the words that clients look for.
async fn greet(_: PinataCaller<ANY>) -> Json<Value> {
    Json(json!({"message": "Congratulations! You are communicating with the Pinata API!"}))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_tell_whose_path_it_is() {
        let with = |names: &[HeaderName]| {
            names.iter().map(|name| (name.clone(), HeaderValue::from_static("x"))).collect::<HeaderMap>()
        };
        for (headers, at_upload, at_list) in [
            (with(&[]), false, false),
            (with(&[header::AUTHORIZATION]), true, false),
            (with(&[KEY]), true, true),
            (with(&[SECRET, header::AUTHORIZATION]), true, true),
            (with(&[USER_ACCESS_TOKEN, header::AUTHORIZATION]), false, false),
            (with(&[USER_ACCESS_TOKEN, SECRET]), false, false),
        ] {
            assert_eq!(speaks_pinata(&headers, true), at_upload, "{headers:?}");
            assert_eq!(speaks_pinata(&headers, false), at_list, "{headers:?}");
        }
    }
}

//! `GET nonce`: the last nonce that an address has used.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate_ocean::Address;

use super::{
    ProviderError,
    json::Answer,
    params::Params,
    validation::{Violations, required, wrong_format},
};
use crate::app::App;

#[derive(Serialize)]
struct LastNonce {
    nonce: Box<RawValue>,
}

/// Tells the last nonce of an address. Nothing is stored for asking.
pub(super) async fn tell(State(app): State<App>, params: Params) -> Result<Response, ProviderError> {
    let address = params
        .text("userAddress")
        .ok_or_else(|| Violations::of("userAddress", required("userAddress")))?
        .parse()
        .map_err(|_| Violations::of("userAddress", wrong_format("userAddress")))?;
    let nonce = last(&app, address).await?;
    Ok(Answer(StatusCode::OK, LastNonce { nonce }).into_response())
}

/// The last nonce of `address` as a JSON number, and 1 for an address that has used none: clients add one to it, and a
/// text, a null or a zero makes some of them sign something else than they send.
pub(super) async fn last(app: &App, address: Address) -> Result<Box<RawValue>, ProviderError> {
    let last = app.nonces.last(address).await?.map(|nonce| nonce.to_string());
    // What is smaller than one begins with a zero, and nothing else does.
    let text = last.filter(|text| !text.starts_with('0')).unwrap_or_else(|| "1".to_owned());
    RawValue::from_string(text).map_err(|error| ProviderError::failed(&error))
}

/// What is told for whoever has used none.
pub(super) fn first() -> Box<RawValue> {
    RawValue::from_string("1".to_owned()).unwrap_or_default()
}

//! Errors in the four shapes of this dialect, and which situation gives which.
//!
//! A shape's first key matters: a client shows the first key's value, or the second key's where the first is not `error`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::{json::Answer, params::Params, scrub, validation::Violations};
use crate::{
    chain::ChainError,
    downloads::{Refusal, assets::AssetError, policy::PolicyRefusal},
    http::error::{Failure, retry_after},
    sources::SourceError,
};

/// What was wrong where a signature was looked for and none was good.
pub(super) const NO_SIGNATURE: &str = "Invalid signature provided. Please check the nonce or documentId.";

/// When to come again where something that we need is away.
const SOON: Duration = Duration::from_secs(2);

/// Why a request of this dialect was refused.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum ProviderError {
    /// Parameters are missing or make no sense: 400.
    Validation(Violations),
    /// The signature or nonce is not good; the words say why: 400.
    Signature(String),
    /// Anything else that the caller can do something about.
    Refused(StatusCode, String),
    /// The part asked for lies outside of the file, which has so many bytes: 416.
    RangeOutside(Option<u64>),
    /// The policy server says no, in the reference's own shape: 400.
    Denied,
    /// No such route or method, with the request's parameters: 404, 405.
    Route(StatusCode, Value),
    /// The caller asks too often; try again after a while: 429.
    TooOften(Duration),
    /// All callers together ask too much; try again after a while: 503.
    Busy(Duration),
    /// Something that the request depends on does not answer: 503.
    Away(String),
    /// The operator has to set this first: 503.
    NotConfigured(&'static str),
    /// Our side.
    Failed(Failure),
}

impl ProviderError {
    /// A plain refusal, 400.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(StatusCode::BAD_REQUEST, text.into())
    }

    /// Neither a signature nor a token that is good.
    pub(super) fn no_signature() -> Self {
        Violations::of("signature", NO_SIGNATURE).into()
    }

    /// What needs a chain, and there is none.
    pub(super) fn no_chain() -> Self {
        Self::NotConfigured("NETWORK_URL")
    }

    /// Something that should not happen.
    pub(super) fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(Failure::Internal.log(error))
    }
}

#[derive(Serialize)]
struct Invalid<E> {
    errors: E,
    message: &'static str,
    success: bool,
}

fn invalid(errors: impl Serialize) -> Response {
    let body = Invalid { errors, message: "Validation error", success: false };
    Answer(StatusCode::BAD_REQUEST, body).into_response()
}

#[derive(Serialize)]
struct BadSignature {
    signature: String,
}

#[derive(Serialize)]
struct Denied {
    #[serde(rename = "RBAC")]
    rbac: &'static str,
}

#[derive(Serialize)]
struct PlainText {
    error: String,
}

#[derive(Serialize)]
struct NoRoute {
    context: Value,
    error: &'static str,
}

impl IntoResponse for ProviderError {
    fn into_response(self) -> Response {
        match self {
            Self::Validation(errors) => invalid(errors),
            Self::Signature(text) => invalid(BadSignature { signature: scrub::without_urls(&text) }),
            Self::Refused(status, text) => refusal(status, &text),
            Self::RangeOutside(length) => {
                let mut response =
                    refusal(StatusCode::RANGE_NOT_SATISFIABLE, "The range lies outside of the file.");
                let length = length.map_or_else(|| "*".to_owned(), |length| length.to_string());
                if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
                    response.headers_mut().insert(header::CONTENT_RANGE, range);
                }
                response
            }
            Self::Denied => invalid([Denied { rbac: "RBAC Validation failed!" }]),
            Self::Route(status, context) => {
                Answer(status, NoRoute { context, error: route_text(status) }).into_response()
            }
            Self::TooOften(after) => {
                let text = "You ask too often; try again after a while.";
                retry_after(refusal(StatusCode::TOO_MANY_REQUESTS, text), after)
            }
            Self::Busy(after) => {
                let text = "Too much is asked at once; try again after a while.";
                retry_after(refusal(StatusCode::SERVICE_UNAVAILABLE, text), after)
            }
            Self::Away(text) => retry_after(refusal(StatusCode::SERVICE_UNAVAILABLE, &text), SOON),
            Self::NotConfigured(setting) => refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!("This server is not set up for it: {setting} is not set."),
            ),
            Self::Failed(failure) => {
                let (status, text) = failure.outside();
                let response = refusal(status, text);
                if failure == Failure::Unavailable { retry_after(response, SOON) } else { response }
            }
        }
    }
}

fn refusal(status: StatusCode, text: &str) -> Response {
    Answer(status, PlainText { error: scrub::without_urls(text) }).into_response()
}

fn route_text(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            "405 Method Not Allowed: The method is not allowed for the requested URL."
        }
        _ => {
            "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check \
             your spelling and try again."
        }
    }
}

/// A path below ours that is no route.
pub(in crate::http) async fn not_found(params: Result<Params, ProviderError>) -> ProviderError {
    ProviderError::Route(StatusCode::NOT_FOUND, params.map_or(Value::Null, |params| params.shown()))
}

/// A route of ours with a method it does not have.
pub(in crate::http) async fn method_not_allowed(params: Result<Params, ProviderError>) -> ProviderError {
    ProviderError::Route(StatusCode::METHOD_NOT_ALLOWED, params.map_or(Value::Null, |params| params.shown()))
}

impl From<Violations> for ProviderError {
    fn from(violations: Violations) -> Self {
        Self::Validation(violations)
    }
}

impl From<crate::db::DbError> for ProviderError {
    fn from(error: crate::db::DbError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<ChainError> for ProviderError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Unavailable { .. } => Self::Failed(Failure::Unavailable.log(&error)),
            ChainError::NotServed(id) => Self::refused(format!("Unsupported chain ID {id}")),
            ChainError::NoFactory(_) => Self::NotConfigured("ADDRESS_FILE"),
            ChainError::NoFeeToken(_) => Self::NotConfigured("PROVIDER_FEE_TOKEN"),
            ChainError::Reverted(_)
            | ChainError::Rejected(..)
            | ChainError::Unexpected(_)
            | ChainError::TooLarge(_) => {
                Self::refused(format!("The chain does not answer as expected: {error}."))
            }
        }
    }
}

impl From<Refusal> for ProviderError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Asset(error) => match error {
                AssetError::NotConfigured => Self::NotConfigured("AQUARIUS_URL"),
                AssetError::Unknown => Self::refused("Cannot resolve DID"),
                AssetError::Malformed(_) => Self::refused(format!("Asset malformed or disabled: {error}.")),
                AssetError::Unavailable(_) => Self::Failed(Failure::Unavailable.log(&error)),
            },
            Refusal::Chain(error) => error.into(),
            Refusal::On(network, reason) => Self::refused(format!("Provider {network}: {reason}")),
            Refusal::Object(error) => Self::refused(error.to_string()),
            Refusal::Policy(PolicyRefusal::Denied) => Self::Denied,
            Refusal::Policy(error @ PolicyRefusal::Unavailable) => {
                Self::Failed(Failure::Unavailable.log(&error))
            }
            Refusal::Db(error) => error.into(),
        }
    }
}

impl From<SourceError> for ProviderError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::RangeOutside(length) => Self::RangeOutside(length),
            SourceError::NotConfigured(setting) => Self::NotConfigured(setting),
            SourceError::Store(error) => Self::Failed(Failure::Internal.log(&error)),
            error => {
                Self::Refused(StatusCode::BAD_GATEWAY, format!("The file cannot be delivered: {error}."))
            }
        }
    }
}

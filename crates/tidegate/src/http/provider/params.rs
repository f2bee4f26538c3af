//! The parameters of a request: from the query; only if that is empty from the body, whatever the method.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
};
use http::{HeaderMap, StatusCode, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::{error::ProviderError, scrub};

/// The longest body that holds parameters.
pub(super) const BODY_BYTES: usize = 256 << 10;

/// Time for a body to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// More parameters than any request of ours has.
const MAX_PARAMS: usize = 64;

/// Named values, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, Value)>);

impl Params {
    /// Reads them from `request`, whose body may have `limit` bytes.
    ///
    /// # Errors
    /// The body is too long, too slow, or not an object of parameters.
    pub(super) async fn read(request: Request, limit: usize) -> Result<Self, ProviderError> {
        let (parts, body) = request.into_parts();
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Self::of_query(&parts.uri);
        }
        let body = read_body(body, limit).await?;
        Self::from_body(&parts.headers, &body)
    }

    /// Those of the query alone, for what has something else in its body.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn of_query(uri: &Uri) -> Result<Self, ProviderError> {
        Self::from_form(uri.query().unwrap_or_default().as_bytes())
    }

    fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, ProviderError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        if is_form(headers) {
            return Self::from_form(body);
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self(object.into_iter().collect())),
            _ => Err(ProviderError::refused("The body of the request is not a JSON object.")),
        }
    }

    /// Of a name that is there twice, the first counts.
    fn from_form(text: &[u8]) -> Result<Self, ProviderError> {
        let mut params = Vec::with_capacity(8);
        for (name, value) in url::form_urlencoded::parse(text) {
            if params.len() == MAX_PARAMS {
                return Err(ProviderError::refused("The request has too many parameters."));
            }
            params.push((name.into_owned(), Value::String(value.into_owned())));
        }
        Ok(Self(params))
    }

    /// The value as it was sent; nothing for an empty one.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)?;
        let empty = matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty);
        (!empty).then_some(value)
    }

    /// Whether there is a value that is not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value as text: a string as it is, a number as it was written; nothing for what is neither.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.value(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The signature, if there is one. ocean.js from 4.3 to 6 writes what it does not have as the text `null`.
    pub(super) fn signature(&self) -> Option<Cow<'_, str>> {
        self.text("signature").filter(|text| !matches!(text.as_ref(), "null" | "undefined"))
    }

    /// Whether the value is what Python takes for true: so is the text `false`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| match value {
            Value::Bool(yes) => *yes,
            Value::Number(number) => number.as_f64() != Some(0.0),
            _ => true,
        })
    }

    /// The parameters as an error may repeat them: none for none, without what authorises.
    pub(super) fn shown(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        scrub::shown(self.0.iter().map(|(name, value)| (name.as_str(), value)))
    }

    /// All of them as one JSON object, for what describes a file in its own members.
    pub(super) fn to_object(&self) -> Value {
        Value::Object(self.0.iter().rev().cloned().collect())
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = ProviderError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ProviderError> {
        Self::read(request, BODY_BYTES).await
    }
}

/// All of `body`.
///
/// # Errors
/// It is longer than `limit`, or does not come.
pub(super) async fn read_body(body: Body, limit: usize) -> Result<Bytes, ProviderError> {
    match tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ProviderError::Refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body of the request is longer than {limit} bytes."),
        )),
        Ok(Err(_)) => Err(ProviderError::refused("The body of the request did not come to its end.")),
        Err(_) => Err(ProviderError::Refused(
            StatusCode::REQUEST_TIMEOUT,
            "The body of the request did not come in time.".to_owned(),
        )),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(uri: &str, content_type: &str, body: &'static str) -> Result<Params, ProviderError> {
        let request = Request::builder().uri(uri).header(header::CONTENT_TYPE, content_type);
        Params::read(request.body(Body::from(body)).expect("a request"), 100).await
    }

    #[tokio::test]
    async fn the_query_wins_and_the_body_counts_only_without_one() {
        for (uri, content_type, body, expected) in [
            ("/?a=1&a=2", "application/json", r#"{"a": "3"}"#, Some("1")),
            ("/", "application/json", r#"{"a": "3"}"#, Some("3")),
            ("/?", "", r#"{"a": 3}"#, Some("3")),
            ("/", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "a=b%20c", Some("b c")),
            ("/", "application/json", r#"{"a": ""}"#, None),
            ("/", "application/json", r#"{"a": null}"#, None),
            ("/", "application/json", r#"{"a": [1]}"#, None),
            ("/", "application/json", " ", None),
        ] {
            let params = read(uri, content_type, body).await.expect("parameters");
            assert_eq!(params.text("a").as_deref(), expected, "{uri} {body}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_no_object_or_too_long_is_refused() {
        for body in ["[1]", "{", "\"a\"", "nonsense"] {
            assert!(read("/", "application/json", body).await.is_err(), "{body}");
        }
        const LONG: &str = r#"{"a": "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}"#;
        let error = read("/", "application/json", LONG).await.expect_err("too long");
        assert!(matches!(error, ProviderError::Refused(StatusCode::PAYLOAD_TOO_LARGE, _)), "{error:?}");
    }
}

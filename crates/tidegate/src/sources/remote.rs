//! Files that an origin sends over HTTP: asked for once, and shown to the buyer without a trace of where they are.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tidegate_ocean::files::{Headers, Method as FileMethod};
use url::Url;

use super::{
    Details, Opened, PartAsked, SourceError,
    answer::fetched,
    name::{file_name, holds_content_id, url_name},
    range::{ContentRange, length_of_unsatisfied},
};
use crate::fetch::{FetchError, FetchRequest, Fetched, Fetcher};

/// A file at an origin, ready to be asked for.
pub(super) struct Remote {
    request: FetchRequest,
    method: Method,
    /// Whether the end of the path is a name, and not an id or an endpoint.
    named: bool,
    /// The publisher sells a part of a file: that part is the whole of what the buyer sees.
    pinned_range: bool,
}

impl Remote {
    /// What a file object of type `url` says.
    pub(super) fn url(
        url: &str,
        method: FileMethod,
        headers: &Headers,
        userdata: Option<&Map<String, Value>>,
    ) -> Result<Self, FetchError> {
        let request = with_headers(FetchRequest::get(url)?, headers);
        let request = match (method, userdata) {
            (FileMethod::Get, Some(userdata)) => parameters(userdata)
                .fold(request, |request, (name, value)| request.with_parameter(&name, &value)),
            (FileMethod::Get, None) => request,
            (FileMethod::Post, userdata) => {
                let request = request.with_method(Method::POST);
                match userdata {
                    Some(userdata) => with_json(request, &Value::Object(userdata.clone())),
                    None => request,
                }
            }
        };
        let method = if method == FileMethod::Post { Method::POST } else { Method::GET };
        Ok(Self { request, method, named: true, pinned_range: pins_range(headers) })
    }

    /// The answer of a GraphQL endpoint.
    pub(super) fn graphql(
        url: &str,
        query: &str,
        headers: &Headers,
        userdata: Option<&Map<String, Value>>,
    ) -> Result<Self, FetchError> {
        let body = match userdata {
            Some(variables) => json!({ "query": query, "variables": variables }),
            None => json!({ "query": query }),
        };
        let request = with_headers(FetchRequest::get(url)?, headers).with_method(Method::POST);
        Ok(Self {
            request: with_json(request, &body),
            method: Method::POST,
            named: false,
            pinned_range: pins_range(headers),
        })
    }

    /// What a gateway has at `url`.
    pub(super) fn at_gateway(url: &Url, headers: &Headers) -> Result<Self, FetchError> {
        let request = with_headers(FetchRequest::get(url.as_str())?, headers);
        Ok(Self { request, method: Method::GET, named: false, pinned_range: pins_range(headers) })
    }

    /// Asks the origin, once, for what `part` says.
    pub(super) async fn open(self, fetcher: &Fetcher, part: &PartAsked) -> Result<Opened, SourceError> {
        // Only what is asked for with GET has parts that go together.
        let may_have_parts = self.method == Method::GET && !self.pinned_range;
        let range = part.range.filter(|_| may_have_parts);
        let mut request = self.request.clone();
        if let Some(range) = range {
            request = request.with_header(header::RANGE, value(&range.to_string()));
            if let Some(condition) = &part.if_range {
                request = request.with_header(header::IF_RANGE, condition.clone());
            }
        }
        let answer = fetcher.fetch(request).await?;
        let part = match answer.status {
            StatusCode::OK => None,
            StatusCode::PARTIAL_CONTENT if self.pinned_range => None,
            StatusCode::PARTIAL_CONTENT => {
                let given = text(&answer.headers, header::CONTENT_RANGE).and_then(ContentRange::parse);
                let (range, given) = range.zip(given).ok_or(FetchError::Broken)?;
                let right =
                    range.agrees_with(&given) && answer.body.length().is_none_or(|len| len == given.len());
                Some(given).filter(|_| right).ok_or(FetchError::Broken).map(Some)?
            }
            StatusCode::RANGE_NOT_SATISFIABLE if range.is_some() => {
                let size = text(&answer.headers, header::CONTENT_RANGE).and_then(length_of_unsatisfied);
                return Err(SourceError::RangeOutside(size));
            }
            other => return Err(SourceError::Status(other.as_u16())),
        };
        Ok(self.shown(answer, part, may_have_parts))
    }

    /// The answer with what a buyer may see of it.
    fn shown(&self, answer: Fetched, part: Option<ContentRange>, may_have_parts: bool) -> Opened {
        let head = &answer.headers;
        let accepts =
            text(head, header::ACCEPT_RANGES).is_some_and(|unit| unit.eq_ignore_ascii_case("bytes"));
        let content_type = head.get(header::CONTENT_TYPE).cloned();
        let places = [self.request.url(), &answer.url];
        let file_name = file_name(
            head.get(header::CONTENT_DISPOSITION).map(HeaderValue::as_bytes),
            if self.named { &places } else { &[] },
            content_type.as_ref().and_then(|value| value.to_str().ok()),
        );
        Opened {
            length: answer.body.length().or(part.map(|part| part.len())),
            content_encoding: head.get(header::CONTENT_ENCODING).cloned(),
            etag: head.get(header::ETAG).filter(|tag| !holds_content_id(tag.as_bytes())).cloned(),
            last_modified: head.get(header::LAST_MODIFIED).cloned(),
            accepts_ranges: may_have_parts && (accepts || part.is_some()),
            content_type,
            file_name,
            part,
            body: fetched(answer.body),
        }
    }

    /// Finds out about the file with as few questions as possible: by HEAD alone if the origin knows it. With
    /// `checksum_up_to` the content is read as well if it has at most so many bytes.
    pub(super) async fn probe(
        &self,
        fetcher: &Fetcher,
        checksum_up_to: Option<u64>,
    ) -> Result<Details, SourceError> {
        if self.method == Method::GET && checksum_up_to.is_none() {
            let answer = fetcher.fetch(self.request.clone().with_method(Method::HEAD)).await?;
            if answer.status == StatusCode::OK && answer.headers.contains_key(header::CONTENT_LENGTH) {
                return Ok(self.details(&answer));
            }
        }
        let mut answer = fetcher.fetch(self.request.clone()).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::PARTIAL_CONTENT if self.pinned_range => {}
            other => return Err(SourceError::Status(other.as_u16())),
        }
        let mut details = self.details(&answer);
        if let Some(most) = checksum_up_to {
            details.checksum = checksum(&mut answer.body, most).await?;
        }
        Ok(details)
    }

    fn details(&self, answer: &Fetched) -> Details {
        // The body of an answer to HEAD has no length, its header has.
        let declared = text(&answer.headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let name = self.named.then(|| url_name(&answer.url)).flatten();
        let content_type = answer.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        Details::new(declared.or(answer.body.length()), content_type, name.as_deref())
    }
}

/// SHA-256 of a body of at most `most` bytes; `None` for a longer one, which is not read on.
pub(super) async fn checksum<B>(body: &mut B, most: u64) -> Result<Option<[u8; 32]>, B::Error>
where
    B: http_body::Body<Data = bytes::Bytes> + Unpin,
{
    use http_body_util::BodyExt as _;
    if body.size_hint().lower() > most {
        return Ok(None);
    }
    let mut hasher = Sha256::new();
    let mut left = most;
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame?.into_data() else { continue };
        let Some(rest) = left.checked_sub(bytes.len() as u64) else {
            return Ok(None);
        };
        left = rest;
        hasher.update(&bytes);
    }
    Ok(Some(hasher.finalize().into()))
}

fn with_headers(request: FetchRequest, headers: &Headers) -> FetchRequest {
    headers.iter().fold(request, |request, (name, value)| {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => request.with_header(name, value),
            _ => request,
        }
    })
}

fn with_json(request: FetchRequest, body: &Value) -> FetchRequest {
    request.with_body(HeaderValue::from_static("application/json"), body.to_string().into())
}

fn pins_range(headers: &Headers) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("range"))
}

/// A buyer's parameters as the reference puts them into a query: a list is a repeated parameter, `null` none.
fn parameters(userdata: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    userdata.iter().flat_map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        values.iter().filter_map(move |value| Some((name.clone(), parameter(value)?)))
    })
}

fn parameter(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        // As Python writes them.
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a range is digits and signs")
}

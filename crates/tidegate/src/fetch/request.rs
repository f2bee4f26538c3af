//! What is asked of an origin, and what is asked next where it redirects.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use url::{Origin, Url};

use super::FetchError;

/// A longer URL is refused; those that object stores sign have about 2,000 bytes.
const MAX_URL: usize = 16 << 10;

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("tidegate/", env!("CARGO_PKG_VERSION")));

/// Headers that say how a message travels, which is this client's business, or that name another host than the one whose
/// address was checked.
const OURS: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Headers that mean the same to every origin; all others may hold what only the first one should see.
const HARMLESS: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::IF_RANGE,
    header::RANGE,
    header::USER_AGENT,
];

/// A request to be sent. Has no `Debug`: its URL and headers are secrets.
#[derive(Clone)]
pub struct FetchRequest {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl FetchRequest {
    /// `GET url`. A user and password in it become an `Authorization` header.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`]: `http` and `https` with a host are fetched, nothing else.
    pub fn get(url: &str) -> Result<Self, FetchError> {
        if url.len() > MAX_URL {
            return Err(FetchError::BadUrl);
        }
        Self::to(Url::parse(url).map_err(|_| FetchError::BadUrl)?)
    }

    fn to(mut url: Url) -> Result<Self, FetchError> {
        if !matches!(url.scheme(), "http" | "https") || url.as_str().len() > MAX_URL {
            return Err(FetchError::BadUrl);
        }
        let mut headers = HeaderMap::new();
        if let Some(credentials) = take_credentials(&mut url) {
            headers.insert(header::AUTHORIZATION, credentials);
        }
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        url.set_fragment(None);
        Ok(Self { method: Method::GET, url, headers, body: Bytes::new() })
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Uses another method.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sends a header, in place of one of that name. What belongs to the message's way is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if !OURS.contains(&name) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends a body.
    #[must_use]
    pub fn with_body(mut self, content_type: HeaderValue, body: Bytes) -> Self {
        self.headers.insert(header::CONTENT_TYPE, content_type);
        self.body = body;
        self
    }

    /// Whether sending it twice is the same as once.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// As the client takes it.
    pub(super) fn to_http(&self) -> Result<Request<Full<Bytes>>, FetchError> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.as_str().parse::<Uri>().map_err(|_| FetchError::BadUrl)?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }

    /// The request that an answer with this `status` and `location` asks for instead; `None` if it is the answer.
    ///
    /// # Errors
    /// It leads to something that is not fetched.
    pub(super) fn redirected(
        &self,
        status: StatusCode,
        location: Option<&HeaderValue>,
    ) -> Result<Option<Self>, FetchError> {
        let (true, Some(location)) = (matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308), location)
        else {
            return Ok(None);
        };
        let location = std::str::from_utf8(location.as_bytes()).map_err(|_| FetchError::BadUrl)?;
        if location.len() > MAX_URL {
            return Err(FetchError::BadUrl);
        }
        let mut next = Self::to(self.url.join(location).map_err(|_| FetchError::BadUrl)?)?;
        next.method = self.method.clone();
        if same_origin(&self.url, &next.url) {
            for (name, value) in &self.headers {
                next.headers.insert(name, value.clone());
            }
        } else {
            for name in HARMLESS {
                if let Some(value) = self.headers.get(&name) {
                    next.headers.insert(name, value.clone());
                }
            }
        }
        // As browsers do (Fetch, HTTP-redirect fetch).
        let becomes_get = match status.as_u16() {
            301 | 302 => self.method == Method::POST,
            303 => self.method != Method::HEAD,
            _ => false,
        };
        if becomes_get {
            next.method = Method::GET;
            next.headers.remove(header::CONTENT_TYPE);
        } else {
            next.body = self.body.clone();
        }
        Ok(Some(next))
    }
}

fn same_origin(one: &Url, other: &Url) -> bool {
    match (one.origin(), other.origin()) {
        (one @ Origin::Tuple(..), other) => one == other,
        (Origin::Opaque(_), _) => false,
    }
}

/// The user and password of `url`, which loses them.
fn take_credentials(url: &mut Url) -> Option<HeaderValue> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use percent_encoding::percent_decode_str;

    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    // Both can only fail where a URL has no host.
    let _ = (url.set_username(""), url.set_password(None));
    Some(value)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;

//! Asking an application for the URL of a file, as `pinFromS3` has it. What answers may look like is written down in
//! `docs/compatibility.md`.

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use url::Url;

use super::{from_s3::TryError, requests::Worker};
use crate::fetch::{FetchError, FetchRequest};

/// The longest answer that tells a URL.
const ANSWER_BYTES: usize = 64 << 10;
/// Where such an answer has it, in order of preference.
const FIELDS: [&str; 4] = ["presignedURL", "presignedUrl", "url", "data"];

impl Worker {
    /// Asks for the file's URL.
    pub(super) async fn ask(&self, endpoint: &str) -> Result<FetchRequest, TryError> {
        let accept = HeaderValue::from_static("application/json, text/plain");
        let mut url = endpoint.to_owned();
        for _ in 0..=self.app.config.fetch.redirects {
            let request = FetchRequest::get(&url).map_err(TryError::Endpoint)?;
            let asked = request.url().clone();
            let request = request.with_header(header::ACCEPT, accept.clone());
            let answer =
                self.app.outgoing.objects.fetch_unredirected(request).await.map_err(TryError::Endpoint)?;
            if answer.status.is_redirection() {
                let next = redirect(&asked, &answer.headers).ok_or(TryError::NoUrl)?;
                if is_same_place(&asked, &next) {
                    url = next.into();
                    continue;
                }
                return FetchRequest::get(next.as_str()).map_err(TryError::File);
            }
            if !answer.status.is_success() {
                return Err(TryError::EndpointStatus(answer.status.as_u16()));
            }
            let body = answer.body.collect(ANSWER_BYTES).await.map_err(TryError::Endpoint)?;
            let told = url_in(&body).ok_or(TryError::NoUrl)?;
            return FetchRequest::get(&told).map_err(|_| TryError::NoUrl);
        }
        Err(TryError::Endpoint(FetchError::TooManyRedirects))
    }
}

/// Where an answer of the endpoint leads.
fn redirect(asked: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(header::LOCATION)?;
    asked.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// Whether a redirect only leads to the same endpoint, spelled better: from http to https, or with a slash.
fn is_same_place(one: &Url, other: &Url) -> bool {
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    one.host() == other.host() && path(one) == path(other) && one.query() == other.query()
}

/// The URL in what an endpoint answered: a JSON object with a field for it, a JSON text, or just the URL.
fn url_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => {
            FIELDS.iter().find_map(|name| Some(fields.get(*name)?.as_str()?.trim().to_owned()))
        }
        Ok(Value::String(url)) => Some(url.trim().to_owned()),
        Ok(_) => None,
        Err(_) => Some(text.to_owned()).filter(|text| !text.contains(char::is_whitespace)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_found_in_every_answer_that_has_one() {
        for body in [
            r#"{"presignedURL":"https://s3.example.org/a?X=1"}"#,
            r#"{"presignedUrl":" https://s3.example.org/a?X=1 ","url":"https://other.example.org"}"#,
            r#"{"code":200,"url":"https://s3.example.org/a?X=1"}"#,
            r#"{"data":"https://s3.example.org/a?X=1"}"#,
            r#""https://s3.example.org/a?X=1""#,
            "https://s3.example.org/a?X=1\r\n",
        ] {
            assert_eq!(url_in(body.as_bytes()).as_deref(), Some("https://s3.example.org/a?X=1"), "{body}");
        }
        for body in ["{}", "[]", "7", r#"{"url":7}"#, "no URL here", r#"{"data":{"url":"https://a"}}"#] {
            assert_eq!(url_in(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_better_spelling_of_the_endpoint_is_no_answer() {
        let same = |one: &str, other: &str| {
            is_same_place(&one.parse().expect("a URL"), &other.parse().expect("a URL"))
        };
        assert!(same("http://a.example/sign?id=1", "https://a.example/sign?id=1"));
        assert!(same("https://a.example/sign", "https://a.example/sign/"));
        assert!(!same("https://a.example/sign", "https://a.example/file"));
        assert!(!same("https://a.example/sign", "https://a.example/sign?X-Amz-Signature=1"));
        assert!(!same("https://a.example/sign", "https://s3.example/sign"));
    }
}

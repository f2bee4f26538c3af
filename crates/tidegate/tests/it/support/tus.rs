//! A client of the tus protocol that does one request at a time, right or wrong.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{answer::Answer, person::Person, server::TestServer};

/// The type of bytes that belong somewhere in an upload.
pub const BYTES: &str = "application/offset+octet-stream";

/// Someone's uploads on a server.
#[derive(Clone)]
pub struct Tus {
    pub base: String,
    pub client: reqwest::Client,
    pub token: String,
}

impl Tus {
    pub fn of(server: &TestServer, person: &Person) -> Self {
        Self::at(&server.url(""), &server.client, person)
    }

    pub fn at(base: &str, client: &reqwest::Client, person: &Person) -> Self {
        Self { base: base.to_owned(), client: client.clone(), token: person.token.clone() }
    }

    /// A request of the protocol; `path` is what `Location` said.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.header("Tus-Resumable", "1.0.0").header("UserAccessToken", &self.token)
    }

    /// Begins an upload of `length` bytes.
    pub async fn create(&self, length: usize, metadata: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, "/api/v1/uploads").header("Upload-Length", length);
        Answer::of(request.header("Upload-Metadata", encode(metadata))).await
    }

    /// The same, which must be granted; returns its path.
    pub async fn begin(&self, length: usize, metadata: &[(&str, &str)]) -> String {
        self.create(length, metadata).await.expect(201).header("location").to_owned()
    }

    pub fn patch_request(
        &self,
        path: &str,
        offset: usize,
        bytes: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.request(Method::PATCH, path).header("Upload-Offset", offset);
        request.header("Content-Type", BYTES).body(bytes)
    }

    pub async fn patch(&self, path: &str, offset: usize, bytes: impl Into<Bytes>) -> Answer {
        Answer::of(self.patch_request(path, offset, bytes.into())).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::HEAD, path)).await
    }

    /// How many bytes are here.
    pub async fn offset(&self, path: &str) -> usize {
        self.head(path).await.expect(200).header("upload-offset").parse().unwrap()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// How it stands, in JSON.
    pub async fn show(&self, path: &str) -> Value {
        Answer::of(self.request(Method::GET, path)).await.expect(200).json()
    }

    /// Says which content it is.
    pub async fn pin(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, &format!("{path}/pin")).json(body)).await
    }
}

/// Metadata as the header wants it.
pub fn encode(metadata: &[(&str, &str)]) -> String {
    let pairs = metadata.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

/// What a refusal says: its code, once its status is as expected.
#[track_caller]
pub fn code(answer: Answer, status: u16) -> String {
    let body = answer.expect(status).json();
    assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    body["error"]["code"].as_str().unwrap().to_owned()
}

//! JSON-RPC over HTTP: one POST a question, connections kept by the client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use super::super::error::Trouble;
use super::Wire;
use super::call::{Call, Refusal};

/// The node at one URL.
pub(super) struct Http {
    client: Client,
    url: Url,
}

impl Http {
    /// A node that is asked with `client`.
    pub(super) fn new(client: Client, url: Url) -> Self {
        Self { client, url }
    }

    /// A client for all nodes. Redirects are not followed: they would carry a key elsewhere.
    pub(super) fn client() -> Result<Client, reqwest::Error> {
        Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_secs(60))
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .build()
    }

    async fn post(&self, call: &Call) -> Result<Bytes, Refusal> {
        let request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(call.text(1));
        // A `reqwest::Error` holds the URL, so nothing of it goes any further.
        let response = request.send().await.map_err(|_| Refusal::Trouble(Trouble::Connection))?;
        match response.status() {
            StatusCode::OK => body(response, call.limit()).await,
            StatusCode::TOO_MANY_REQUESTS => Err(Refusal::Trouble(Trouble::Busy(pause(&response)))),
            // Some nodes answer a failing contract call with 4xx or 5xx and the JSON-RPC error.
            status => match body(response, ERROR_LIMIT).await {
                Ok(body) if body.trim_ascii_start().starts_with(b"{") && has_error(&body) => Ok(body),
                _ => Err(Refusal::Trouble(Trouble::Status(status.as_u16()))),
            },
        }
    }
}

impl Wire for Http {
    fn exchange<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Bytes, Refusal>> {
        self.post(call).boxed()
    }
}

/// How much of an unsuccessful answer is read.
const ERROR_LIMIT: usize = 16 << 10;

/// Reads a body, but not beyond `limit`.
async fn body(mut response: Response, limit: usize) -> Result<Bytes, Refusal> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(Refusal::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Refusal::Trouble(Trouble::Connection))? {
        if body.len() + chunk.len() > limit {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn has_error(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|answer| answer.get("error").is_some_and(|error| error.get("code").is_some()))
}

/// The pause that a node asks for, in its form in seconds.
fn pause(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

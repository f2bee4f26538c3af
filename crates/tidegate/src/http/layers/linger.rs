//! Refusals that clients get to see: what a refused client still sends is read on for a little while, because closing a
//! connection with unread bytes resets it, and the client loses the answer.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http::header;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

/// What is read at most, and for how long.
const BYTES: usize = 64 << 20;
const TIME: Duration = Duration::from_secs(5);

/// Wraps the bodies of requests.
pub(in crate::http) async fn linger(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // A client that asks before it sends has not sent; it learns from the answer that it need not.
    let asks_first = request.headers().contains_key(header::EXPECT);
    next.run(request.map(|body| Body::new(Lingering { body, unread: !asks_first }))).await
}

struct Lingering {
    body: Body,
    /// Whether there may be something on its way that nobody has read.
    unread: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.unread = !matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if !self.unread || self.body.is_end_stream() {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        tokio::spawn(async move {
            let reading = async {
                let mut left = BYTES;
                while let Some(Ok(frame)) = body.frame().await {
                    let len = frame.data_ref().map_or(0, Bytes::len);
                    let Some(rest) = left.checked_sub(len) else { break };
                    left = rest;
                }
            };
            // Whatever is left then is cut off.
            let _ = tokio::time::timeout(TIME, reading).await;
        });
    }
}

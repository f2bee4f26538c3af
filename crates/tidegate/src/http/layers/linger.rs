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
};
use http::header;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// What is read at most, and for how long.
const BYTES: usize = 64 << 20;
const TIME: Duration = Duration::from_secs(5);

/// The request with a body that lingers, if there is one.
pub(in crate::http) fn linger(request: Request<Incoming>) -> Request {
    // A client that asks before it sends has not sent; it learns from the answer that it need not.
    let asks_first = request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Lingering { body: Some(body), unread: !asks_first })
    })
}

struct Lingering {
    /// There until it is dropped.
    body: Option<Incoming>,
    /// Whether there may be something on its way that nobody has read.
    unread: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        self.unread = !matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take().filter(|body| self.unread && !body.is_end_stream()) else {
            return;
        };
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

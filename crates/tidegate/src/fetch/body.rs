//! What an origin sends, as it comes: only read when someone asks, and cut off with an error where it ends too early.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::{FetchError, FetchLimits};

/// The body of an answer. Dropping it before its end closes the connection.
pub struct FetchedBody {
    inner: Incoming,
    limits: FetchLimits,
    /// Bytes that may still come.
    left: u64,
    /// Runs while bytes are waited for. An origin is not late as long as nobody asks it for more.
    late: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl FetchedBody {
    pub(super) fn new(inner: Incoming, limits: FetchLimits) -> Self {
        Self { inner, limits, left: limits.size, late: None, waiting: false }
    }

    /// How many bytes there will be, where the origin says so.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.inner.size_hint().exact()
    }

    /// All of it, if it is no longer than `limit` bytes.
    ///
    /// # Errors
    /// It is longer, or does not come to its end in time.
    pub async fn collect(self, limit: usize) -> Result<Bytes, FetchError> {
        timeout(self.limits.total, self.read_whole(limit)).await.map_err(|_| FetchError::Timeout)?
    }

    async fn read_whole(mut self, limit: usize) -> Result<Bytes, FetchError> {
        let within =
            |len: u64| usize::try_from(len).ok().filter(|len| *len <= limit).ok_or(FetchError::TooLarge);
        let declared = self.length().map(within).transpose()?;
        let mut whole = BytesMut::with_capacity(declared.unwrap_or_default());
        while let Some(frame) = self.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                if bytes.len() > limit - whole.len() {
                    return Err(FetchError::TooLarge);
                }
                whole.extend_from_slice(&bytes);
            }
        }
        Ok(whole.freeze())
    }

    fn within_size(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, FetchError> {
        let len = frame.data_ref().map_or(0, Bytes::len) as u64;
        self.left = self.left.checked_sub(len).ok_or(FetchError::TooLarge)?;
        Ok(frame)
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.limits.idle;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(idle)));
        if !self.waiting {
            self.waiting = true;
            late.as_mut().reset(Instant::now() + idle);
        }
        late.as_mut().poll(cx)
    }
}

impl Body for FetchedBody {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| self.within_size(frame.map_err(|_| FetchError::Broken)?)));
        }
        ready!(self.poll_late(cx));
        Poll::Ready(Some(Err(FetchError::Timeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

//! A body that has to come fast enough, and only so much of it.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::ReadError;

/// The slowest a body may come: while we wait for `span`, at least `bytes` must come. Time in which we did not wait,
/// because we were busy ourselves, is not the client's.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Bytes in each span; at least one counts as asked.
    pub bytes: u64,
    /// How long a span is.
    pub span: Duration,
}

/// A body being received.
pub struct Paced {
    body: Body,
    pace: Pace,
    /// What is left to wait in this span, and what came in it.
    patience: Duration,
    came: u64,
    bytes_left: u64,
    limit: u64,
}

impl Paced {
    /// Reads `body` at `pace` or faster and up to `limit` bytes.
    pub fn new(body: Body, pace: Pace, limit: u64) -> Self {
        Self { body, pace, patience: pace.span, came: 0, bytes_left: limit, limit }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError::Cut`], [`ReadError::Slow`] or [`ReadError::TooLarge`]; nothing can be read after one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            let asked = Instant::now();
            let frame = tokio::time::timeout(self.patience, self.body.frame()).await;
            self.patience = self.patience.saturating_sub(asked.elapsed());
            let frame = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(ReadError::Cut),
                Ok(Some(Ok(frame))) => frame,
                Err(_) if self.came >= self.pace.bytes.max(1) => {
                    (self.patience, self.came) = (self.pace.span, 0);
                    continue;
                }
                Err(_) => return Err(ReadError::Slow(self.pace)),
            };
            let Ok(bytes) = frame.into_data() else { continue };
            let len = bytes.len() as u64;
            self.bytes_left = self.bytes_left.checked_sub(len).ok_or(ReadError::TooLarge(self.limit))?;
            self.came += len;
            return Ok(Some(bytes));
        }
    }
}

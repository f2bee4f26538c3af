//! A request's body that has to come at some pace, and only so much of it: whoever sends nothing for long, or hardly anything,
//! holds what others need.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use crate::config::Limits;

/// The slowest a body may come: while we wait for `span`, at least `bytes` must come. Time in which we did not wait,
/// because we were busy ourselves, is not the client's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Bytes in each span; at least one counts as asked.
    pub bytes: u64,
    /// How long a span is.
    pub span: Duration,
}

impl Pace {
    /// How fast an upload must come: so many bytes while we wait for as long as it may be idle.
    pub(super) fn of_uploads(limits: &Limits) -> Self {
        let millis = u64::try_from(limits.upload_idle.as_millis()).unwrap_or(u64::MAX);
        Self { bytes: limits.upload_rate.as_u64().saturating_mul(millis) / 1000, span: limits.upload_idle }
    }
}

/// Why a body did not come to its end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Broken {
    /// The client went away or broke the transfer encoding.
    #[error("the upload ended before its last byte")]
    Cut,
    /// The client sends too slowly.
    #[error("the upload is too slow: fewer than {} bytes came in {:?}", .0.bytes, .0.span)]
    Slow(Pace),
    /// More than the limit came.
    #[error("the request is larger than {0} bytes")]
    TooLarge(u64),
}

/// A body being read.
pub(super) struct PacedBody {
    body: Body,
    pace: Pace,
    /// What is left to wait in this span, and what came in it.
    patience: Duration,
    came: u64,
    left: u64,
    limit: u64,
}

impl PacedBody {
    /// Reads `body` at `pace` or faster.
    pub(super) fn new(body: Body, pace: Pace) -> Self {
        Self { body, pace, patience: pace.span, came: 0, left: u64::MAX, limit: u64::MAX }
    }

    /// The same up to `limit` bytes.
    pub(super) fn at_most(self, limit: u64) -> Self {
        Self { left: limit, limit, ..self }
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let asked = Instant::now();
            let frame = tokio::time::timeout(self.patience, self.body.frame()).await;
            self.patience = self.patience.saturating_sub(asked.elapsed());
            let frame = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Broken::Cut),
                Ok(Some(Ok(frame))) => frame,
                Err(_) if self.came >= self.pace.bytes.max(1) => {
                    (self.patience, self.came) = (self.pace.span, 0);
                    continue;
                }
                Err(_) => return Err(Broken::Slow(self.pace)),
            };
            let Ok(bytes) = frame.into_data() else { continue };
            let len = bytes.len() as u64;
            self.left = self.left.checked_sub(len).ok_or(Broken::TooLarge(self.limit))?;
            self.came += len;
            return Ok(Some(bytes));
        }
    }
}

//! Files at addresses that somebody tells when asked, as `pinFromS3` has it: the URL is asked for (`presigned.rs`), the file is fetched
//! and imported as it comes, and fetched on where the connection breaks.
//!
//! Nothing of a URL gets into a reason or the log: its query holds a signature.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use tidegate_content::{Profile, Progress};
use tokio::time::{sleep, timeout};

use super::{
    by_cid::log,
    requests::{Done, Worker},
    retry::after_failure,
};
use crate::{
    db::jobs::{Job, queue::Outcome},
    fetch::{FetchError, Fetched},
    pins::{Fetch, PinError, Upload},
    pull::Watched,
    sources::{ByteRange, ContentRange},
};

/// Breaks of one try, one behind the other, in which nothing came.
const BREAKS: u32 = 5;
/// The wait after the first break; each next one is as much longer.
const PAUSE: Duration = Duration::from_millis(200);

impl Worker {
    /// One try at a job that names where its content is told.
    pub(super) async fn by_endpoint(&self, job: &Job, holder: &str, watched: &Watched) -> Done {
        let Ok(fetch) = serde_json::from_str::<Fetch>(&job.job.task) else {
            let reason = "what this request asks for cannot be read".to_owned();
            return Done::Ended(Outcome::Failed { reason, again_at: None });
        };
        let trying = async {
            let upload = self.receive(&fetch, watched).await?;
            self.app.pins.keep_received(job, holder, upload).await?;
            Ok(())
        };
        let tried = timeout(self.app.config.pull.try_timeout, trying).await;
        match tried.unwrap_or(Err(TryError::Late)) {
            Ok(()) => Done::Settled,
            Err(error) => Done::Ended(self.outcome_of_fetch(job, &error)),
        }
    }

    fn outcome_of_fetch(&self, job: &Job, error: &TryError) -> Outcome {
        let reason = match error {
            TryError::Pin(
                error @ (PinError::TooLarge(_) | PinError::QuotaExceeded | PinError::StoreFull),
            ) => error.to_string(),
            TryError::Pin(error) => log(job, error),
            error => error.to_string(),
        };
        if error.is_final() {
            return Outcome::Failed { reason, again_at: None };
        }
        after_failure(job, reason, self.app.clock.now(), self.app.config.pull.give_up_after)
    }

    /// The whole file.
    async fn receive(&self, fetch: &Fetch, watched: &Watched) -> Result<Upload, TryError> {
        let mut received = self.begin().await?;
        let mut breaks = 0;
        loop {
            let before = received.bytes;
            match self.receive_more(fetch, &mut received, watched).await {
                Ok(()) => break,
                Err(TryError::File(error)) if is_break(error) && breaks < BREAKS => {
                    breaks = if received.bytes > before { 1 } else { breaks + 1 };
                    sleep(PAUSE * breaks).await;
                }
                Err(error) => return Err(error),
            }
        }
        received.upload.close_file().await?;
        Ok(received.upload)
    }

    async fn begin(&self) -> Result<Received, TryError> {
        let mut upload = self.app.pins.begin(Profile::UNIXFS_V0_2015)?;
        upload.open_file("").await?;
        Ok(Received { upload, bytes: 0, tag: None })
    }

    /// What is missing, over one connection. Each has a URL of its own: the last one may be too old by now.
    async fn receive_more(
        &self,
        fetch: &Fetch,
        received: &mut Received,
        watched: &Watched,
    ) -> Result<(), TryError> {
        let mut request = self.ask(&fetch.request_endpoint).await?;
        match &received.tag {
            Some(tag) if received.bytes > 0 => {
                let range = ByteRange::From { first: received.bytes, last: None };
                let range = HeaderValue::try_from(range.to_string()).map_err(|_| TryError::OtherPart)?;
                request =
                    request.with_header(header::RANGE, range).with_header(header::IF_RANGE, tag.clone());
            }
            // Without a tag nobody knows whether the rest belongs to what is here.
            _ if received.bytes > 0 => *received = self.begin().await?,
            _ => {}
        }
        let answer = self.app.outgoing.objects.fetch(request).await.map_err(TryError::File)?;
        let mut skip = match answer.status {
            StatusCode::OK => {
                let tag = strong_tag(&answer.headers);
                if received.bytes > 0 && tag != received.tag {
                    *received = self.begin().await?;
                }
                received.tag = tag;
                received.bytes
            }
            StatusCode::PARTIAL_CONTENT if received.bytes > 0 => {
                if !begins_at(&answer.headers, received.bytes) {
                    return Err(TryError::OtherPart);
                }
                0
            }
            status => return Err(TryError::FileStatus(status.as_u16())),
        };
        let total = total(&answer, received.bytes - skip);
        let largest = self.app.config.limits.upload_size.as_u64();
        if total.is_some_and(|total| total > largest) {
            return Err(PinError::TooLarge(largest).into());
        }
        let mut body = answer.body;
        while let Some(frame) = body.frame().await {
            let Ok(mut bytes) = frame.map_err(TryError::File)?.into_data() else {
                continue;
            };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
            skip -= known as u64;
            let bytes = bytes.split_off(known);
            let len = bytes.len() as u64;
            received.upload.write(bytes).await?;
            received.bytes += len;
            watched.set(Progress { bytes: received.bytes, claimed: total, blocks: 0 });
        }
        Ok(())
    }
}

/// What has come of the file.
struct Received {
    upload: Upload,
    bytes: u64,
    /// What its server calls this state of it.
    tag: Option<HeaderValue>,
}

/// Why a try failed, in words for the user.
#[derive(Debug, thiserror::Error)]
pub(super) enum TryError {
    #[error("presignedURLRequestEndpoint: {}", at_endpoint(*.0))]
    Endpoint(FetchError),
    #[error("presignedURLRequestEndpoint answered with status {0}")]
    EndpointStatus(u16),
    #[error("presignedURLRequestEndpoint did not answer with an http or https URL")]
    NoUrl,
    #[error("the file: {0}")]
    File(FetchError),
    #[error("the file's server answered with status {0}")]
    FileStatus(u16),
    #[error("the file's server answered with another part of the file than was asked for")]
    OtherPart,
    #[error("the file did not come in the time for one try")]
    Late,
    #[error(transparent)]
    Pin(#[from] PinError),
}

impl TryError {
    /// Whether another try would end the same way.
    fn is_final(&self) -> bool {
        match self {
            Self::Endpoint(error) | Self::File(error) => {
                matches!(error, FetchError::BadUrl | FetchError::Refused | FetchError::TooLarge)
            }
            Self::Pin(error) => matches!(error, PinError::TooLarge(_) | PinError::QuotaExceeded),
            _ => false,
        }
    }
}

fn at_endpoint(error: FetchError) -> &'static str {
    match error {
        FetchError::BadUrl => "the address is not usable",
        FetchError::Refused => "it lives at an address that is not public",
        FetchError::Unreachable => "it cannot be reached",
        FetchError::Certificate => "it has no valid certificate",
        FetchError::Timeout => "it took too long",
        FetchError::TooManyRedirects => "it redirects too often",
        FetchError::TooLarge => "its answer is too long",
        FetchError::Broken => "it broke off",
    }
}

/// Whether the connection is to blame, and not who is behind it.
fn is_break(error: FetchError) -> bool {
    matches!(error, FetchError::Broken | FetchError::Timeout | FetchError::Unreachable)
}

/// A tag that means the very same bytes.
fn strong_tag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned()
}

fn begins_at(headers: &HeaderMap, first: u64) -> bool {
    let range = headers.get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.and_then(ContentRange::parse).is_some_and(|range| range.first == first)
}

/// Bytes of the whole file, of which `before` are not in this answer.
fn total(answer: &Fetched, before: u64) -> Option<u64> {
    answer.body.length().map(|length| length.saturating_add(before))
}

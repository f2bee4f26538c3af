//! Receipts that are posted to an address of the operator's choice (`USE_HTTP_PROOF`), as the reference does.
//!
//! Nobody waits for them and they are not tried again: a receiver that is slow holds up neither downloads nor the receipts
//! that are kept.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, Method};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use url::Url;

use crate::fetch::{FetchError, FetchRequest, Fetcher};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Receipts that wait to be posted, some 2 KiB each.
const WAITING: usize = 4096;

/// Receipts posted at once.
const AT_ONCE: usize = 32;

/// How long the server waits for what is left when it ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer, which is not looked at.
const ANSWER_BYTES: usize = 64 << 10;

/// The way to the operator's address.
pub struct Posts(Mutex<Option<Line>>);

struct Line {
    forms: mpsc::Sender<Bytes>,
    task: JoinHandle<()>,
}

impl Posts {
    /// Begins to post to `url`.
    #[must_use]
    pub fn start(url: Url, fetcher: Fetcher) -> Self {
        let (forms, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(post_all(url, fetcher, waiting));
        Self(Mutex::new(Some(Line { forms, task })))
    }

    /// Has this form posted. Nobody waits; what does not fit in is not posted.
    pub fn write(&self, form: Bytes) {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_ref().is_none_or(|line| line.forms.try_send(form).is_err()) {
            tracing::warn!(
                "a receipt is not posted: the address of USE_HTTP_PROOF is too slow; the receipt is kept"
            );
        }
    }

    /// Waits a short time for what is left. Idempotent.
    pub async fn close(&self) {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Line { forms, mut task }) = line else { return };
        drop(forms);
        if timeout(PATIENCE, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("stopping before all receipts are posted; they are kept");
        }
    }
}

async fn post_all(url: Url, fetcher: Fetcher, waiting: mpsc::Receiver<Bytes>) {
    let forms = stream::unfold(waiting, async |mut waiting| Some((waiting.recv().await?, waiting)));
    forms
        .for_each_concurrent(AT_ONCE, async |form| {
            if let Err(error) = post(&url, &fetcher, form).await {
                tracing::warn!(
                    %error,
                    "the receipt of a download could not be posted to the address of USE_HTTP_PROOF"
                );
            }
        })
        .await;
}

async fn post(url: &Url, fetcher: &Fetcher, form: Bytes) -> Result<(), FetchError> {
    let request = FetchRequest::get(url.as_str())?.with_method(Method::POST).with_body(FORM, form);
    fetcher.fetch(request).await?.body.collect(ANSWER_BYTES).await.map(drop)
}

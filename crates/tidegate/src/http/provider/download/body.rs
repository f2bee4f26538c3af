//! The body of a download: counted and hashed as it goes, and with its last byte the receipt is written. A source that
//! breaks off cuts the connection: better no end than a wrong one.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use aws_lc_rs::digest::{Context as Hasher, SHA256};
use bytes::Bytes;
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use tidegate_ocean::{Address, B256};

use crate::{
    app::App,
    chain::Chain,
    downloads::receipts::{Delivered, Delivery},
    sources::SourceBody,
};

/// See the module's documentation.
pub(super) struct Outgoing {
    body: SourceBody,
    sent: u64,
    length: Option<u64>,
    hash: Hash,
    /// There until the last byte is sent.
    done: Option<Box<Done>>,
}

/// What a receipt says beside the bytes.
pub(super) struct Done {
    pub app: App,
    pub chain: Arc<Chain>,
    pub datatoken: Address,
    pub order_tx: B256,
    pub consumer: Address,
    pub did: String,
    pub service: String,
    pub file: usize,
    pub range: Option<String>,
    /// What the consumer signed, where that is kept.
    pub signed: Option<(String, String)>,
}

enum Hash {
    /// Of content that went out before.
    Known(Arc<str>),
    /// To be found out, and remembered under the content's tag if it has one.
    Running(Box<Hasher>, Option<HeaderValue>),
}

impl Outgoing {
    /// The bytes of `body`, `length` of them if that is known. `known_as` names the content, if it is always the same.
    pub(super) fn new(
        body: SourceBody,
        length: Option<u64>,
        known_as: Option<HeaderValue>,
        done: Done,
    ) -> Self {
        let known = known_as.as_ref().and_then(|tag| done.app.downloads.hashes.get(tag.as_bytes()));
        let hash = match known {
            Some(hash) => Hash::Known(hash),
            None => Hash::Running(Box::new(Hasher::new(&SHA256)), known_as),
        };
        let mut outgoing = Self { body, sent: 0, length, hash, done: Some(Box::new(done)) };
        if length == Some(0) {
            // Nobody will ask for bytes.
            outgoing.finish();
        }
        outgoing
    }

    fn count(&mut self, bytes: &Bytes) {
        self.sent += bytes.len() as u64;
        if let Hash::Running(hasher, _) = &mut self.hash {
            hasher.update(bytes);
        }
    }

    /// The last byte is sent.
    fn finish(&mut self) {
        let Some(done) = self.done.take() else { return };
        let sha256 = match &self.hash {
            Hash::Known(hash) => hash.to_string(),
            Hash::Running(hasher, known_as) => {
                let hash = hex::encode(hasher.as_ref().clone().finish());
                if let Some(tag) = known_as {
                    done.app.downloads.hashes.insert(tag.as_bytes().to_vec(), Arc::from(hash.as_str()));
                }
                hash
            }
        };
        let what = Delivered {
            document_id: done.did,
            service_id: done.service,
            file_index: done.file,
            range: done.range,
            downloaded_bytes: self.sent,
            sha256,
            time: done.app.clock.now(),
        };
        let Done { chain, datatoken, order_tx, consumer, signed, .. } = *done;
        done.app.downloads.receipts.write(Delivery { chain, datatoken, order_tx, consumer, what, signed });
    }

    /// Whether so much has come as there is.
    fn is_whole(&self) -> bool {
        self.length.is_none_or(|length| length == self.sent)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.count(bytes);
                }
                if self.body.is_end_stream() || (self.length.is_some() && self.is_whole()) {
                    self.finish();
                }
                Some(Ok(frame))
            }
            None if self.is_whole() => {
                self.finish();
                None
            }
            None => Some(Err(self.cut("it ended too early"))),
            Some(Err(error)) => Some(Err(self.cut(&error.to_string()))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(
            || self.body.size_hint(),
            |length| SizeHint::with_exact(length.saturating_sub(self.sent)),
        )
    }
}

impl Outgoing {
    fn cut(&mut self, reason: &str) -> io::Error {
        tracing::warn!(reason, sent = self.sent, "a download is cut because its source broke off");
        self.done = None;
        io::Error::new(io::ErrorKind::UnexpectedEof, "the source broke off")
    }
}

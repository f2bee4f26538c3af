//! Bytes on their way to a server: files are read while they are sent, from any byte on, so that their size does not matter. What
//! the bytes mean is not known here.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use futures_util::stream;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{import::read_full, progress::Progress};
use crate::blobs::Buffer;

/// One read of a file.
pub(super) const PIECE: usize = 256 << 10;
/// Pieces read ahead of the network.
const AHEAD: usize = 4;

/// A body on its way.
pub(super) struct Sending {
    /// For the request.
    pub body: reqwest::Body,
    /// Ends when all was read or nobody wants more, or with what is wrong with a file.
    pub reading: JoinHandle<anyhow::Result<()>>,
}

/// Why reading ended early.
pub(super) enum Stop {
    /// The request is over.
    Unwanted,
    File(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::File(error)
    }
}

/// Where the bytes go.
pub(super) struct Sink {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    progress: Arc<Progress>,
    /// Bytes that are there already.
    skip: u64,
}

/// Begins to send what `write` writes, but for its first `from` bytes. `progress` is told of every piece that was handed to the
/// network.
pub(super) fn send(
    from: u64,
    progress: Arc<Progress>,
    write: impl FnOnce(&mut Sink) -> Result<(), Stop> + Send + 'static,
) -> Sending {
    let (pieces, receiver) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut sink = Sink { pieces, progress, skip: from };
        match write(&mut sink) {
            Ok(()) | Err(Stop::Unwanted) => Ok(()),
            Err(Stop::File(error)) => {
                // The request must break off: what was sent is not the whole.
                let broken = io::Error::other("a file could not be sent");
                let _ = sink.pieces.blocking_send(Err(broken));
                Err(error)
            }
        }
    });
    let stream = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    Sending { body: reqwest::Body::wrap_stream(stream), reading }
}

impl Sink {
    /// Sends bytes.
    pub(super) fn bytes(&mut self, mut bytes: Bytes) -> Result<(), Stop> {
        let skipped = usize::try_from(self.skip).map_or(bytes.len(), |skip| skip.min(bytes.len()));
        self.skip -= skipped as u64;
        let bytes = bytes.split_off(skipped);
        if bytes.is_empty() {
            return Ok(());
        }
        let len = bytes.len() as u64;
        self.pieces.blocking_send(Ok(bytes)).map_err(|_| Stop::Unwanted)?;
        self.progress.add(len);
        Ok(())
    }

    /// Sends the file at `path`, which must have `size` bytes.
    pub(super) fn file(&mut self, path: &Path, size: u64) -> Result<(), Stop> {
        let skipped = self.skip.min(size);
        self.skip -= skipped;
        if skipped == size && size > 0 {
            return Ok(());
        }
        let about = || format!("cannot send {}", path.display());
        let mut file = File::open(path).with_context(about)?;
        file.seek(SeekFrom::Start(skipped)).with_context(about)?;
        self.rest_of(&mut file, size - skipped).map_err(|stop| match stop {
            Stop::File(error) => Stop::File(error.context(about())),
            Stop::Unwanted => Stop::Unwanted,
        })
    }

    fn rest_of(&mut self, file: &mut impl Read, size: u64) -> Result<(), Stop> {
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let mut buffer = Buffer::new(wanted);
            let read = read_full(file, buffer.as_mut()).map_err(anyhow::Error::from)?;
            if read < wanted {
                return Err(changed("shorter"));
            }
            left -= read as u64;
            self.bytes(buffer.freeze(read))?;
        }
        if read_full(file, &mut [0]).map_err(anyhow::Error::from)? > 0 {
            return Err(changed("longer"));
        }
        Ok(())
    }
}

fn changed(how: &str) -> Stop {
    Stop::File(anyhow!("it is {how} than when it was hashed; leave it alone and pin again"))
}

//! The body of a long answer: blocks read one at a time, each when the connection can take more.
//!
//! What is in memory is read on the spot; what is not, on a thread that may wait for the disk.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tidegate_content::{Cid, DagWalk, FileCursor, ReadError, car::v1};
use tokio::task::JoinHandle;

use super::{Access, BlobError, CarCursor};

type Piece = Result<Option<Bytes>, ReadError<BlobError>>;

/// See the module's documentation.
pub(crate) struct ContentStream {
    state: State,
    /// What is still to come, where it is known.
    left: Option<u64>,
}

enum State {
    Idle(Box<Reader>),
    Waiting(JoinHandle<(Box<Reader>, Piece)>),
    Ended,
}

impl ContentStream {
    /// The bytes that `cursor` reads, `len` of them.
    pub(crate) fn file(cursor: FileCursor, blocks: CarCursor, len: u64) -> Self {
        Self { state: State::Idle(Box::new(Reader { blocks, what: What::File(cursor) })), left: Some(len) }
    }

    /// A CAR with one `root`: first the blocks `trail`, then what `walk` gives.
    pub(crate) fn car(root: Cid, trail: Vec<Cid>, walk: DagWalk, blocks: CarCursor) -> Self {
        let car =
            CarPieces { ready: Some(v1::encode_header(&[root]).into()), trail: trail.into_iter(), walk };
        Self { state: State::Idle(Box::new(Reader { blocks, what: What::Car(car) })), left: None }
    }
}

impl http_body::Body for ContentStream {
    type Data = Bytes;
    type Error = ReadError<BlobError>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let (reader, piece) = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(mut reader) => match reader.next(Access::Memory) {
                    Err(ReadError::Source(BlobError::WouldBlock)) => {
                        self.state = State::Waiting(tokio::task::spawn_blocking(move || {
                            let piece = reader.next(Access::Disk);
                            (reader, piece)
                        }));
                        continue;
                    }
                    piece => (reader, piece),
                },
                State::Waiting(mut reading) => match Pin::new(&mut reading).poll(cx) {
                    Poll::Pending => {
                        self.state = State::Waiting(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(done)) => done,
                    Poll::Ready(Err(_)) => {
                        let error = BlobError::Damaged("reading it failed");
                        return Poll::Ready(Some(Err(ReadError::Source(error))));
                    }
                },
            };
            return Poll::Ready(match piece {
                Ok(None) => None,
                Ok(Some(bytes)) => {
                    self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                    if self.left != Some(0) {
                        self.state = State::Idle(reader);
                    }
                    Some(Ok(Frame::data(bytes)))
                }
                // The connection is cut: better no end than a wrong one.
                Err(error) => {
                    tracing::error!(%error, "an answer is cut because content cannot be read");
                    Some(Err(error))
                }
            });
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

struct Reader {
    blocks: CarCursor,
    what: What,
}

enum What {
    File(FileCursor),
    Car(CarPieces),
}

impl Reader {
    fn next(&mut self, access: Access) -> Piece {
        self.blocks.set_access(access);
        match &mut self.what {
            What::File(cursor) => cursor.next(&mut self.blocks),
            What::Car(car) => car.next(&mut self.blocks),
        }
    }
}

/// The pieces of a CAR: its header, then for each block the section's beginning and the block.
struct CarPieces {
    ready: Option<Bytes>,
    trail: std::vec::IntoIter<Cid>,
    walk: DagWalk,
}

impl CarPieces {
    /// Blocks up to this length are joined with their section's beginning.
    const JOINED: usize = 8 << 10;

    fn next(&mut self, blocks: &mut CarCursor) -> Piece {
        if let Some(piece) = self.ready.take() {
            return Ok(Some(piece));
        }
        let Some((cid, block)) = self.block(blocks)? else {
            return Ok(None);
        };
        let prefix = v1::section_prefix(&cid, block.len());
        if block.len() <= Self::JOINED {
            return Ok(Some([&prefix[..], &block[..]].concat().into()));
        }
        self.ready = Some(block);
        Ok(Some(Bytes::copy_from_slice(&prefix)))
    }

    fn block(&mut self, blocks: &mut CarCursor) -> Result<Option<(Cid, Bytes)>, ReadError<BlobError>> {
        use tidegate_content::BlockSource;
        match self.trail.as_slice().first().copied() {
            Some(cid) => {
                let block = blocks.block(&cid).map_err(ReadError::Source)?;
                self.trail.next();
                Ok(Some((cid, block)))
            }
            None => self.walk.next(blocks),
        }
    }
}

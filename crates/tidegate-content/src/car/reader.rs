//! Taking a CAR apart as it arrives: bytes are pushed in as they come, events are pulled out as they are complete.
//!
//! A CARv2 is accepted too: its payload is read like a CARv1 and what follows it is dropped. Hashes are not checked
//! here, nor is the order of the blocks.

use bytes::{Buf, Bytes};

use super::v1::{MAX_CID_BYTES, read_cid};
use super::{CarError, V2Header, header};
use crate::{Cid, MAX_BLOCK_BYTES, input::Input};

/// How much a CAR may make its reader hold. A length over its limit is refused before anything is buffered for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarLimits {
    /// Longest header in bytes.
    pub header: usize,
    /// Longest block in bytes, its CID not counted.
    pub block: usize,
    /// Longest gap in bytes between a CARv2's header and its payload; the bytes are dropped, but they take time.
    pub padding: u64,
}

impl Default for CarLimits {
    /// 64 KiB of header (1024 roots fit), blocks of at most [`MAX_BLOCK_BYTES`], 1 MiB of padding.
    fn default() -> Self {
        Self { header: 64 << 10, block: MAX_BLOCK_BYTES, padding: 1 << 20 }
    }
}

/// What a CAR says, in the order in which it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarEvent {
    /// The header, always first: the roots (possibly none).
    Header(Vec<Cid>),
    /// One section.
    Block {
        /// What the section claims to hold; nothing has been checked.
        cid: Cid,
        /// The block. A slice of what was fed where a section did not straddle two pieces.
        data: Bytes,
        /// Where the section starts, in bytes from the start of the CARv1 payload: what an index stores.
        offset: u64,
    },
}

/// Decoder of one CAR stream.
///
/// Call [`next`](Self::next) after each [`feed`](Self::feed) until it gives `None`: what was fed is kept until then.
/// Beyond that at most one header or section is held. The cost is linear in the bytes fed, however they are split.
#[derive(Debug)]
pub struct CarReader {
    limits: CarLimits,
    state: State,
    input: Input,
    varint: Varint,
    /// Bytes of the CARv1 payload used so far.
    position: u64,
    /// Length of the payload, where a CARv2 header told it.
    end: Option<u64>,
}

#[derive(Debug, Clone)]
enum State {
    Length(Part),
    Body(Part, usize),
    V2Header,
    Padding(u64),
    /// Past the payload of a CARv2.
    Done,
    Failed(CarError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A CARv1 header or the pragma of a CARv2.
    Opening,
    /// The header of the payload in a CARv2.
    InnerHeader,
    Section,
}

#[derive(Debug, Default)]
struct Varint {
    bytes: [u8; 10],
    len: usize,
}

impl CarReader {
    /// A reader at the start of a stream.
    pub fn new(limits: CarLimits) -> Self {
        Self {
            limits,
            state: State::Length(Part::Opening),
            input: Input::default(),
            varint: Varint::default(),
            position: 0,
            end: None,
        }
    }

    /// Takes the next bytes of the stream, in pieces of any size.
    pub fn feed(&mut self, bytes: Bytes) {
        if !matches!(self.state, State::Done | State::Failed(_)) {
            self.input.push(bytes);
        }
    }

    /// The next event, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the stream cannot be a CAR within the limits. The same error is given again by every later call.
    #[allow(clippy::should_implement_trait)] // `None` is "not yet", not "never"
    pub fn next(&mut self) -> Result<Option<CarEvent>, CarError> {
        let step = self.step();
        if let Err(error) = &step {
            self.state = State::Failed(error.clone());
            self.input.clear();
        }
        step
    }

    /// Whether the payload of a CARv2 has been read to its end: nothing that still comes will be looked at.
    pub fn payload_ended(&self) -> bool {
        matches!(self.state, State::Done) || self.between_sections() && self.end == Some(self.position)
    }

    /// Ends the stream, once [`next`](Self::next) has given `None`.
    ///
    /// # Errors
    /// [`CarError::Truncated`] when the stream was cut in the middle of anything, or an earlier error again.
    pub fn finish(self) -> Result<(), CarError> {
        let complete = self.between_sections() && self.end.is_none() && self.input.is_empty();
        match self.state {
            State::Failed(error) => Err(error),
            _ if complete || self.payload_ended() => Ok(()),
            _ => Err(CarError::Truncated),
        }
    }

    fn between_sections(&self) -> bool {
        matches!(self.state, State::Length(Part::Section)) && self.varint.len == 0
    }

    fn step(&mut self) -> Result<Option<CarEvent>, CarError> {
        loop {
            match self.state.clone() {
                State::Length(_) if self.payload_ended() => {
                    self.state = State::Done;
                    self.input.clear();
                }
                State::Length(part) => {
                    let Some(len) = self.take_varint()? else {
                        return Ok(None);
                    };
                    self.state = State::Body(part, self.checked_len(part, len)?);
                }
                State::Body(part, len) => {
                    let start = self.position - self.varint.len as u64;
                    let Some(body) = self.take(len)? else {
                        return Ok(None);
                    };
                    self.varint.len = 0;
                    if let Some(event) = self.body(part, body, start)? {
                        return Ok(Some(event));
                    }
                }
                State::V2Header => {
                    let Some(bytes) = self.take(V2Header::LEN)? else {
                        return Ok(None);
                    };
                    self.state = State::Padding(self.enter_v2(&bytes)?);
                }
                State::Padding(0) => {
                    self.position = 0;
                    self.state = State::Length(Part::InnerHeader);
                }
                State::Padding(left) => {
                    let Some(skipped) = self.input.skip(left) else {
                        return Ok(None);
                    };
                    self.state = State::Padding(left - skipped);
                }
                State::Done => return Ok(None),
                State::Failed(error) => return Err(error),
            }
        }
    }

    /// A length that was announced, if it may be believed.
    fn checked_len(&self, part: Part, len: u64) -> Result<usize, CarError> {
        if self.end.is_some_and(|end| len > end - self.position) {
            return Err(CarError::PayloadOverrun);
        }
        let limit = match part {
            Part::Section => self.limits.block.saturating_add(MAX_CID_BYTES),
            Part::Opening | Part::InnerHeader => self.limits.header,
        };
        match usize::try_from(len) {
            Ok(len) if len <= limit => Ok(len),
            _ if part == Part::Section => Err(CarError::SectionTooLong { len, limit }),
            _ => Err(CarError::HeaderTooLong { len, limit }),
        }
    }

    fn body(&mut self, part: Part, body: Bytes, offset: u64) -> Result<Option<CarEvent>, CarError> {
        if part == Part::Section {
            let (cid, data) = split_section(body)?;
            if data.len() > self.limits.block {
                return Err(CarError::SectionTooLong { len: data.len() as u64, limit: self.limits.block });
            }
            self.state = State::Length(Part::Section);
            return Ok(Some(CarEvent::Block { cid, data, offset }));
        }
        match (header::parse(&body)?, part) {
            (header::Header { version: 1, roots: Some(roots) }, _) => {
                self.state = State::Length(Part::Section);
                Ok(Some(CarEvent::Header(roots)))
            }
            (header::Header { version: 1, roots: None }, _) => Err(CarError::Header("no roots")),
            (header::Header { version: 2, roots: None }, Part::Opening) => {
                self.state = State::V2Header;
                Ok(None)
            }
            (header::Header { version, .. }, _) => Err(CarError::Version(version)),
        }
    }

    /// Learns the shape of a CARv2; gives the number of bytes before its payload.
    fn enter_v2(&mut self, bytes: &Bytes) -> Result<u64, CarError> {
        let header = bytes.first_chunk().ok_or(CarError::Truncated).and_then(V2Header::parse)?;
        let padding = header.data_offset - V2Header::END;
        if padding > self.limits.padding {
            return Err(CarError::V2Header("payload starts too far into the file"));
        }
        self.position = 0;
        self.end = Some(header.data_size);
        Ok(padding)
    }

    fn take(&mut self, len: usize) -> Result<Option<Bytes>, CarError> {
        let item = self.input.take(len);
        if item.is_some() {
            self.advance(len as u64)?;
        }
        Ok(item)
    }

    fn take_varint(&mut self) -> Result<Option<u64>, CarError> {
        while let Some(byte) = self.input.byte() {
            self.advance(1)?;
            let slot = self.varint.bytes.get_mut(self.varint.len).ok_or(CarError::Varint)?;
            *slot = byte;
            self.varint.len += 1;
            if unsigned_varint::decode::is_last(byte) {
                let bytes = &self.varint.bytes[..self.varint.len];
                return match unsigned_varint::decode::u64(bytes) {
                    Ok((value, _)) => Ok(Some(value)),
                    Err(_) => Err(CarError::Varint),
                };
            }
        }
        Ok(None)
    }

    fn advance(&mut self, by: u64) -> Result<(), CarError> {
        self.position += by;
        match self.end {
            Some(end) if self.position > end => Err(CarError::PayloadOverrun),
            _ => Ok(()),
        }
    }
}

fn split_section(section: Bytes) -> Result<(Cid, Bytes), CarError> {
    let (cid, len) = read_cid(&section)?;
    let mut data = section;
    data.advance(len);
    Ok((cid, data))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

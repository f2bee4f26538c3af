//! Taking an archive apart as it arrives: bytes are pushed in as they come, events are pulled out as they are complete.

use bytes::Bytes;

use super::{BLOCK, TarError, TarKind, header::Header, pax::Extended};
use crate::input::Input;

/// The longest extended header, in bytes. Besides names these hold attributes that nobody here wants.
const EXTENDED_BYTES: u64 = 1 << 20;

/// What an archive holds, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TarEvent {
    /// Something with a path: names joined by `/`, none of them empty, `.` or `..`.
    Entry {
        /// The path.
        path: String,
        /// What it is.
        kind: TarKind,
    },
    /// The next bytes of the file begun last.
    Data(Bytes),
    /// The file begun last is complete. Comes after every file.
    FileEnd,
}

/// Decoder of one archive.
///
/// Call [`next`](Self::next) after each [`feed`](Self::feed) until it gives `None`. What is kept between two calls is at most one
/// extended header; the cost is linear in the bytes fed, however they are split.
#[derive(Debug)]
pub struct TarReader {
    input: Input,
    state: State,
    extended: Extended,
}

#[derive(Debug, Clone)]
enum State {
    Header,
    /// An extended header of this type and length.
    Extended {
        kind: u8,
        len: usize,
    },
    Content {
        left: u64,
        padding: u64,
    },
    Padding(u64),
    End,
    Failed(TarError),
}

impl Default for TarReader {
    fn default() -> Self {
        Self { input: Input::default(), state: State::Header, extended: Extended::default() }
    }
}

impl TarReader {
    /// Takes the next bytes of the archive, in pieces of any size.
    pub fn feed(&mut self, bytes: Bytes) {
        if !matches!(self.state, State::End | State::Failed(_)) {
            self.input.push(bytes);
        }
    }

    /// The next event, or `None` when more bytes are needed. What follows the archive's own end is not looked at.
    ///
    /// # Errors
    /// See [`TarError`]. The same error is given again by every later call.
    #[allow(clippy::should_implement_trait)] // `None` is "not yet", not "never"
    pub fn next(&mut self) -> Result<Option<TarEvent>, TarError> {
        let step = self.step();
        if let Err(error) = &step {
            self.state = State::Failed(error.clone());
            self.input.clear();
        }
        step
    }

    /// Ends the archive, once [`next`](Self::next) has given `None`.
    ///
    /// # Errors
    /// [`TarError::Truncated`] when its own end did not come, or an earlier error again.
    pub fn finish(self) -> Result<(), TarError> {
        match self.state {
            State::End => Ok(()),
            State::Failed(error) => Err(error),
            _ => Err(TarError::Truncated),
        }
    }

    fn step(&mut self) -> Result<Option<TarEvent>, TarError> {
        loop {
            match self.state.clone() {
                State::Header => {
                    let Some(block) = self.input.take(BLOCK) else { return Ok(None) };
                    if block.iter().all(|byte| *byte == 0) {
                        self.state = State::End;
                        self.input.clear();
                    } else if let Some(event) = self.header(Header::parse(&block)?)? {
                        return Ok(Some(event));
                    }
                }
                State::Extended { kind, len } => {
                    let Some(bytes) = self.input.take(len) else { return Ok(None) };
                    self.state = State::Padding(padding(len as u64));
                    self.extend(kind, &bytes)?;
                }
                State::Content { left: 0, padding } => {
                    self.state = State::Padding(padding);
                    return Ok(Some(TarEvent::FileEnd));
                }
                State::Content { left, padding } => {
                    let Some(bytes) = self.input.some(left) else { return Ok(None) };
                    self.state = State::Content { left: left - bytes.len() as u64, padding };
                    return Ok(Some(TarEvent::Data(bytes)));
                }
                State::Padding(0) => self.state = State::Header,
                State::Padding(left) => {
                    let Some(skipped) = self.input.skip(left) else { return Ok(None) };
                    self.state = State::Padding(left - skipped);
                }
                State::End => return Ok(None),
                State::Failed(error) => return Err(error),
            }
        }
    }

    /// Learns what comes next; an entry unless it is about another one, or the root itself.
    fn header(&mut self, header: Header) -> Result<Option<TarEvent>, TarError> {
        if matches!(header.kind, b'x' | b'g' | b'L' | b'K') {
            let len = usize::try_from(header.size).ok().filter(|_| header.size <= EXTENDED_BYTES);
            let len = len.ok_or(TarError::ExtendedTooLong(header.size))?;
            self.state = State::Extended { kind: header.kind, len };
            return Ok(None);
        }
        let extended = std::mem::take(&mut self.extended);
        let raw_path = text(extended.path.unwrap_or(header.path))?;
        let size = extended.size.unwrap_or(header.size);
        let path = path_within(&raw_path)?;
        let kind = match header.kind {
            _ if extended.sparse => return Err(unsupported(path, "a sparse file")),
            // Before there was a type for directories, their names ended in a slash.
            b'0' | 0 if raw_path.ends_with('/') => TarKind::Directory,
            b'0' | b'7' | 0 => TarKind::File { size },
            b'5' => TarKind::Directory,
            b'2' => TarKind::Symlink { target: text(extended.link.unwrap_or(header.link))? },
            other => return Err(unsupported(path, name_of_kind(other))),
        };
        if !matches!(kind, TarKind::File { .. }) && size > 0 {
            return Err(TarError::Content(path));
        }
        self.state = match kind {
            TarKind::File { size } => State::Content { left: size, padding: padding(size) },
            _ => State::Header,
        };
        if !path.is_empty() {
            return Ok(Some(TarEvent::Entry { path, kind }));
        }
        if kind == TarKind::Directory { Ok(None) } else { Err(TarError::Outside(raw_path)) }
    }

    fn extend(&mut self, kind: u8, bytes: &[u8]) -> Result<(), TarError> {
        let name = || bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        match kind {
            b'L' => self.extended.path = Some(name()),
            b'K' => self.extended.link = Some(name()),
            b'x' => self.extended.read(bytes)?,
            _ => {
                // What is said of all entries is of no use here, unless it would rename or cut them.
                let mut global = Extended::default();
                global.read(bytes)?;
                if global != Extended::default() {
                    return Err(TarError::Extended);
                }
            }
        }
        Ok(())
    }
}

/// Bytes up to the next block.
pub(super) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn text(bytes: Vec<u8>) -> Result<String, TarError> {
    String::from_utf8(bytes)
        .map_err(|error| TarError::NotText(String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The path without what leads nowhere (`./`, `//`).
fn path_within(raw: &str) -> Result<String, TarError> {
    let mut names = raw.split('/').filter(|name| !matches!(*name, "" | ".")).peekable();
    if raw.starts_with('/') || names.clone().any(|name| name == "..") {
        return Err(TarError::Outside(raw.to_owned()));
    }
    let mut path = String::with_capacity(raw.len());
    while let Some(name) = names.next() {
        path.push_str(name);
        if names.peek().is_some() {
            path.push('/');
        }
    }
    Ok(path)
}

fn unsupported(path: String, what: &'static str) -> TarError {
    TarError::Unsupported { path, what }
}

fn name_of_kind(kind: u8) -> &'static str {
    match kind {
        b'1' => "a hard link",
        b'3' | b'4' => "a device",
        b'6' => "a named pipe",
        b'S' => "a sparse file",
        _ => "of an unknown type",
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

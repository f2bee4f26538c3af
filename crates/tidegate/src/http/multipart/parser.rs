//! A push parser for `multipart/form-data`: bytes in, parts out.
//!
//! Content is handed on as slices of what came in, without copying. Whatever is kept between two calls is bounded: a part's
//! head by [`HEAD_BYTES`], content by the length of the delimiter.

use std::mem;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::headers::PartHead;

/// The longest head of a part.
pub const HEAD_BYTES: usize = 16 << 10;
/// The longest preamble, which is ignored.
pub const PREAMBLE_BYTES: usize = 8 << 10;

/// What the parser found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(PartHead),
    /// The next bytes of the part.
    Data(Bytes),
    /// The part is complete.
    PartEnd,
    /// The closing delimiter came; what follows is ignored.
    End,
}

/// Why bytes are not a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// `Content-Type` does not name a form with a boundary.
    #[error("the request is not multipart/form-data with a boundary")]
    NotAForm,
    /// The first delimiter did not come.
    #[error("the form does not begin with its boundary")]
    NoBoundary,
    /// A part's head is too long or not a list of header lines.
    #[error("the head of a part is not well formed: {0}")]
    Head(&'static str),
    /// A delimiter is followed by neither a line end nor two hyphens.
    #[error("a boundary of the form is not followed by a line end")]
    Delimiter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Looking for the first delimiter.
    Preamble,
    /// Behind a delimiter: `--`, or white space and a line end.
    Delimiter,
    /// Inside a part's head.
    Head,
    /// Before a part's content: the line end of the empty line is still there.
    Start,
    /// Inside a part's content.
    Content,
    /// Everything is read.
    End,
}

/// See the module's documentation.
pub struct Parser {
    /// Finds `\r\n--boundary`.
    delimiter: Finder<'static>,
    state: State,
    /// What has come and is not yet used.
    input: Bytes,
    /// Up to where `input` holds nothing that ends the head: look-ups do not begin anew at each call.
    searched: usize,
}

impl Parser {
    /// A parser for parts divided by `boundary`.
    pub fn new(boundary: &str) -> Self {
        let delimiter = Finder::new(&format!("\r\n--{boundary}")).into_owned();
        // The first delimiter may stand at the very start, where no line end precedes it.
        Self { delimiter, state: State::Preamble, input: Bytes::from_static(b"\r\n"), searched: 0 }
    }

    /// Gives the parser more bytes. To keep memory bounded, call it only when [`Parser::next`] has returned `None`.
    pub fn feed(&mut self, bytes: Bytes) {
        if self.state == State::End {
            return;
        }
        if self.input.is_empty() {
            self.input = bytes;
        } else {
            let mut joined = BytesMut::with_capacity(self.input.len() + bytes.len());
            joined.extend_from_slice(&self.input);
            joined.extend_from_slice(&bytes);
            self.input = joined.freeze();
        }
    }

    /// The next event, or `None` when more bytes are needed. [`Event::End`] comes again and again.
    ///
    /// # Errors
    /// The bytes are not a form; the parser is of no use afterwards.
    pub fn next(&mut self) -> Result<Option<Event>, FormError> {
        loop {
            match self.state {
                State::Preamble => {
                    let Some(at) = self.delimiter.find(&self.input) else {
                        let kept = self.input.len().min(self.delimiter.needle().len() - 1);
                        self.searched += self.input.len() - kept;
                        if self.searched > PREAMBLE_BYTES {
                            return Err(FormError::NoBoundary);
                        }
                        self.input = self.input.split_off(self.input.len() - kept);
                        return Ok(None);
                    };
                    self.skip_delimiter(at);
                }
                State::Delimiter => {
                    if !self.end_delimiter()? {
                        return Ok(None);
                    }
                }
                State::Head => return self.head(),
                State::Start => return Ok(self.start()),
                State::Content => return Ok(self.content()),
                State::End => return Ok(Some(Event::End)),
            }
        }
    }

    fn skip_delimiter(&mut self, at: usize) {
        self.input = self.input.split_off(at + self.delimiter.needle().len());
        self.state = State::Delimiter;
        self.searched = 0;
    }

    /// Whether the end of the delimiter's line was there.
    fn end_delimiter(&mut self) -> Result<bool, FormError> {
        if self.input.starts_with(b"--") {
            self.state = State::End;
            self.input = Bytes::new();
            return Ok(true);
        }
        let padding = self.input.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match &self.input[padding..] {
            [b'\r', b'\n', ..] => {
                // The line end stays: a head without any line is then also one that ends in an empty line.
                self.input = self.input.split_off(padding);
                self.state = State::Head;
                Ok(true)
            }
            [] | [b'\r'] if padding <= 256 => Ok(false),
            [b'-'] if padding == 0 => Ok(false),
            _ => Err(FormError::Delimiter),
        }
    }

    fn head(&mut self) -> Result<Option<Event>, FormError> {
        let from = self.searched.saturating_sub(3);
        let Some(at) = memchr::memmem::find(&self.input[from..], b"\r\n\r\n").map(|at| from + at) else {
            if self.input.len() > HEAD_BYTES {
                return Err(FormError::Head("it is too long"));
            }
            self.searched = self.input.len();
            return Ok(None);
        };
        if at > HEAD_BYTES {
            return Err(FormError::Head("it is too long"));
        }
        let head = PartHead::parse(&self.input[..at])?;
        // The empty line's own line end may also be the one that begins the next delimiter.
        self.input = self.input.split_off(at + 2);
        self.searched = 0;
        self.state = State::Start;
        Ok(Some(Event::Part(head)))
    }

    fn start(&mut self) -> Option<Event> {
        let needle = self.delimiter.needle();
        if self.input.len() < needle.len() && needle.starts_with(&self.input) {
            return None;
        }
        if self.input.starts_with(needle) {
            self.skip_delimiter(0);
            return Some(Event::PartEnd);
        }
        self.input = self.input.split_off(2);
        self.state = State::Content;
        self.content()
    }

    fn content(&mut self) -> Option<Event> {
        if let Some(at) = self.delimiter.find(&self.input) {
            if at == 0 {
                self.skip_delimiter(0);
                return Some(Event::PartEnd);
            }
            return Some(Event::Data(self.input.split_to(at)));
        }
        let safe = self.input.len() - self.suffix_that_may_be_a_delimiter();
        let data = self.input.split_to(safe);
        let rest = mem::take(&mut self.input);
        // A short rest of its own, so that it does not keep a large buffer alive.
        self.input = if rest.is_empty() { rest } else { Bytes::copy_from_slice(&rest) };
        (!data.is_empty()).then_some(Event::Data(data))
    }

    /// How many of the last bytes are the beginning of a delimiter.
    fn suffix_that_may_be_a_delimiter(&self) -> usize {
        let needle = self.delimiter.needle();
        let longest = self.input.len().min(needle.len() - 1);
        let tail = &self.input[self.input.len() - longest..];
        memchr::memchr_iter(b'\r', tail)
            .map(|at| tail.len() - at)
            .find(|&len| needle.starts_with(&tail[tail.len() - len..]))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parses `form` fed in pieces of the given sizes; content is joined per part.
    fn parse(form: &[u8], cuts: &[usize]) -> Result<Vec<(String, Vec<u8>)>, FormError> {
        let mut parser = Parser::new("XX");
        let (mut parts, mut rest, mut cuts, mut ended) = (Vec::new(), form, cuts.iter().cycle(), true);
        loop {
            match parser.next()? {
                Some(Event::Part(head)) => {
                    assert!(ended, "a part began inside a part");
                    (ended, _) = (false, parts.push((head.name, Vec::new())));
                }
                Some(Event::Data(data)) => parts.last_mut().expect("a part").1.extend_from_slice(&data),
                Some(Event::PartEnd) => ended = true,
                Some(Event::End) => return Ok(parts),
                None if rest.is_empty() => return Ok(vec![("unfinished".into(), vec![])]),
                None => {
                    let (piece, left) = rest.split_at((*cuts.next().unwrap_or(&1)).clamp(1, rest.len()));
                    rest = left;
                    parser.feed(Bytes::copy_from_slice(piece));
                }
            }
        }
    }

    fn form(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, content) in parts {
            out.extend_from_slice(
                format!("--XX\r\nContent-Disposition: form-data; name={name}\r\n\r\n").as_bytes(),
            );
            out.extend_from_slice(content);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"--XX--\r\nepilogue");
        out
    }

    /// Content made of what delimiters are made of.
    fn content() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop_oneof![
            Just(b"\r\n--X".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"--".to_vec()),
            Just(b"\r\n\r\n".to_vec()),
            any::<u8>().prop_filter("X", |b| *b != b'X').prop_map(|b| vec![b]),
        ];
        prop::collection::vec(pieces, 0..20)
            .prop_map(|pieces| pieces.concat())
            .prop_filter("holds the delimiter", |c| memchr::memmem::find(c, b"\r\n--XX").is_none())
    }

    proptest! {
        #[test]
        fn parts_come_out_as_they_went_in_however_the_bytes_are_cut(
            parts in prop::collection::vec(("[a-z]{1,8}", content()), 0..5),
            cuts in prop::collection::vec(1usize..40, 1..6),
        ) {
            prop_assert_eq!(parse(&form(&parts), &cuts), Ok(parts));
        }

        #[test]
        fn a_cut_form_is_never_complete(parts in prop::collection::vec(("[a-z]{1,8}", content()), 1..3), at in 0.0..1.0f64) {
            let form = form(&parts);
            let end = form.len() - "--\r\nepilogue".len();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let at = (at * end as f64) as usize;
            prop_assert_eq!(parse(&form[..at], &[7]), Ok(vec![("unfinished".into(), vec![])]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), cuts in prop::collection::vec(1usize..40, 1..6)) {
            let _ = parse(&bytes, &cuts);
            let _ = parse(&[b"--XX\r\n".as_slice(), &bytes].concat(), &cuts);
        }
    }

    #[test]
    fn endless_preambles_and_heads_are_refused() {
        assert_eq!(parse(&vec![b'x'; PREAMBLE_BYTES * 2], &[100]), Err(FormError::NoBoundary));
        let head = [b"--XX\r\nA: ".as_slice(), &vec![b'x'; HEAD_BYTES * 2]].concat();
        assert_eq!(parse(&head, &[100]), Err(FormError::Head("it is too long")));
    }

    #[test]
    fn a_part_may_be_empty_and_a_delimiter_padded() {
        let text = b"--XX \t\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--XX--";
        assert_eq!(parse(text, &[1]), Ok(vec![("a".into(), vec![])]));
    }
}

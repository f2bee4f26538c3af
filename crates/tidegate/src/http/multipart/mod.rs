//! `multipart/form-data` as a stream (RFC 7578, RFC 2046 section 5.1), for uploads of any size.
//!
//! `parser.rs` turns bytes into parts in linear time and constant memory; `headers.rs` reads a part's head;
//! [`Multipart`] joins the parser to a request's body and its limits.

mod headers;
mod parser;

use axum::body::Body;
use bytes::Bytes;

pub use headers::{PartHead, boundary_of};
pub use parser::FormError;
use parser::{Event, Parser};

use super::paced::{Broken, Pace, PacedBody};

/// Why a form could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not a well-formed form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It did not come to its end.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A field that is not a file is longer than allowed.
    #[error("a field of the form is longer than {0} bytes")]
    FieldTooLong(usize),
    /// A field that is not a file is not UTF-8.
    #[error("a field of the form is not UTF-8 text")]
    FieldNotText,
}

/// A form being received.
pub struct Multipart {
    body: PacedBody,
    parser: Parser,
}

impl Multipart {
    /// Reads `body`, whose parts are divided by `boundary`, at `pace` or faster and up to `limit` bytes in all.
    pub fn new(body: Body, boundary: &str, pace: Pace, limit: u64) -> Self {
        Self { body: PacedBody::new(body, pace).at_most(limit), parser: Parser::new(boundary) }
    }

    /// The head of the next part; `None` at the form's end. The part before must have been read.
    ///
    /// # Errors
    /// See [`ReadError`]; nothing can be read after one.
    pub async fn part(&mut self) -> Result<Option<PartHead>, ReadError> {
        loop {
            match self.event().await? {
                Event::Part(head) => return Ok(Some(head)),
                Event::End => return Ok(None),
                Event::Data(_) | Event::PartEnd => {}
            }
        }
    }

    /// The next bytes of the part begun last; `None` at its end.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn data(&mut self) -> Result<Option<Bytes>, ReadError> {
        match self.event().await? {
            Event::Data(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    /// The rest of the part begun last, as text.
    ///
    /// # Errors
    /// It is longer than `limit` bytes, or not UTF-8; else see [`ReadError`].
    pub async fn text(&mut self, limit: usize) -> Result<String, ReadError> {
        let mut text = Vec::new();
        while let Some(bytes) = self.data().await? {
            if text.len() + bytes.len() > limit {
                return Err(ReadError::FieldTooLong(limit));
            }
            text.extend_from_slice(&bytes);
        }
        String::from_utf8(text).map_err(|_| ReadError::FieldNotText)
    }

    /// Passes over the rest of the part begun last.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn skip(&mut self) -> Result<(), ReadError> {
        while self.data().await?.is_some() {}
        Ok(())
    }

    async fn event(&mut self) -> Result<Event, ReadError> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(event);
            }
            let bytes = self.body.next().await?.ok_or(Broken::Cut)?;
            self.parser.feed(bytes);
        }
    }
}

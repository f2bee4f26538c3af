//! The body of an upload: a form whose files are read while it is sent, so that its length is known and its size does
//! not matter. Nothing here knows what the fields mean.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{import::read_full, progress::Progress};
use crate::blobs::Buffer;

/// One read of a file.
const PIECE: usize = 256 << 10;
/// Pieces read ahead of the network.
const AHEAD: usize = 4;
/// The longest stand-in for a name, for servers that read only ASCII.
const FALLBACK_CHARS: usize = 255;

/// What RFC 8187 leaves as it is.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A form being put together.
pub(super) struct Form {
    boundary: String,
    parts: Vec<Part>,
}

struct Part {
    head: Bytes,
    content: Content,
}

enum Content {
    Text(Bytes),
    File { path: PathBuf, size: u64 },
}

/// The body of a form on its way.
pub(super) struct Sending {
    /// For the request.
    pub body: reqwest::Body,
    /// Ends when all was read or nobody wants more, or with what is wrong with a file.
    pub reading: JoinHandle<anyhow::Result<()>>,
}

/// Why reading ended early.
enum Stop {
    /// The request is over.
    Unwanted,
    File(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::File(error)
    }
}

impl Form {
    pub(super) fn new() -> Self {
        Self {
            // Random, so that no file holds it by chance.
            boundary: format!("tidegate-{}", uuid::Uuid::new_v4().simple()),
            parts: Vec::new(),
        }
    }

    /// The form's `Content-Type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Adds a field.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.add(&format!("name=\"{name}\""), None, Content::Text(value.to_owned().into()));
    }

    /// Adds a file that is read when its turn comes and must then have `size` bytes.
    pub(super) fn file(&mut self, name: &str, file_name: &str, path: PathBuf, size: u64) {
        let disposition = disposition(name, file_name);
        let media_type = Some("application/octet-stream");
        self.add(&disposition, media_type, Content::File { path, size });
    }

    /// Adds something that is not a file in a file's place, told apart by its media type.
    pub(super) fn other(&mut self, name: &str, file_name: &str, media_type: &str, content: &str) {
        let disposition = disposition(name, file_name);
        self.add(&disposition, Some(media_type), Content::Text(content.to_owned().into()));
    }

    fn add(&mut self, disposition: &str, media_type: Option<&str>, content: Content) {
        let line_end = if self.parts.is_empty() { "" } else { "\r\n" };
        let media_type =
            media_type.map_or_else(String::new, |media_type| format!("Content-Type: {media_type}\r\n"));
        let head = format!(
            "{line_end}--{}\r\nContent-Disposition: form-data; {disposition}\r\n{media_type}\r\n",
            self.boundary
        );
        self.parts.push(Part { head: head.into(), content });
    }

    fn end(&self) -> Bytes {
        format!("\r\n--{}--\r\n", self.boundary).into()
    }

    /// Bytes of the whole body.
    pub(super) fn len(&self) -> u64 {
        let parts = self.parts.iter().map(|part| {
            let content = match &part.content {
                Content::Text(text) => text.len() as u64,
                Content::File { size, .. } => *size,
            };
            part.head.len() as u64 + content
        });
        parts.sum::<u64>() + self.end().len() as u64
    }

    /// Begins to read. `progress` is told of every piece that was handed to the network.
    pub(super) fn send(self, progress: Progress) -> Sending {
        let (pieces, receiver) = mpsc::channel(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            let sender = Sender { pieces, progress };
            match self.write(&sender) {
                Ok(()) | Err(Stop::Unwanted) => Ok(()),
                Err(Stop::File(error)) => {
                    // The request must break off: what was sent is not the whole.
                    let broken = io::Error::other("a file could not be sent");
                    let _ = sender.pieces.blocking_send(Err(broken));
                    Err(error)
                }
            }
        });
        let stream = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        Sending { body: reqwest::Body::wrap_stream(stream), reading }
    }

    fn write(&self, sender: &Sender) -> Result<(), Stop> {
        for part in &self.parts {
            sender.send(part.head.clone())?;
            match &part.content {
                Content::Text(text) => sender.send(text.clone())?,
                Content::File { path, size } => {
                    let about = || format!("cannot send {}", path.display());
                    let mut file = File::open(path).with_context(about)?;
                    send_file(&mut file, *size, sender).map_err(|stop| match stop {
                        Stop::File(error) => Stop::File(error.context(about())),
                        Stop::Unwanted => Stop::Unwanted,
                    })?;
                }
            }
        }
        sender.send(self.end())
    }
}

struct Sender {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    progress: Progress,
}

impl Sender {
    fn send(&self, bytes: Bytes) -> Result<(), Stop> {
        if bytes.is_empty() {
            return Ok(());
        }
        let len = bytes.len() as u64;
        self.pieces.blocking_send(Ok(bytes)).map_err(|_| Stop::Unwanted)?;
        self.progress.add(len);
        Ok(())
    }
}

fn send_file(file: &mut impl Read, size: u64, sender: &Sender) -> Result<(), Stop> {
    let mut left = size;
    while left > 0 {
        let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let mut buffer = Buffer::new(wanted);
        let read = read_full(file, buffer.as_mut()).map_err(anyhow::Error::from)?;
        if read < wanted {
            return Err(changed("shorter"));
        }
        left -= read as u64;
        sender.send(buffer.freeze(read))?;
    }
    if read_full(file, &mut [0]).map_err(anyhow::Error::from)? > 0 {
        return Err(changed("longer"));
    }
    Ok(())
}

fn changed(how: &str) -> Stop {
    Stop::File(anyhow!("it is {how} than when it was hashed; leave it alone and pin again"))
}

/// The field's name, and the file's name in full with a stand-in in ASCII (RFC 6266, RFC 8187). What browsers would escape
/// in the plain form (a quote, a line end, the per cent sign) is only in the full one.
fn disposition(name: &str, file_name: &str) -> String {
    let plain: String = file_name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => '_',
        })
        .take(FALLBACK_CHARS)
        .collect();
    let full = if plain == file_name {
        String::new()
    } else {
        format!("; filename*=UTF-8''{}", utf8_percent_encode(file_name, ATTRIBUTE))
    };
    format!("name=\"{name}\"; filename=\"{plain}\"{full}")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(form: Form) -> (Vec<u8>, anyhow::Result<()>) {
        use http_body_util::BodyExt as _;
        let output = super::super::Output { json: true };
        let Sending { body, reading } = form.send(Progress::new(output, "", None));
        let bytes = body.collect().await.map(|body| body.to_bytes().to_vec());
        (bytes.unwrap_or_default(), reading.await.expect("no panic"))
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_it_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        std::fs::write(&path, vec![7; PIECE + 1]).expect("a file");
        let mut form = Form::new();
        form.text("cid", "Qm");
        form.file("file", "a", path, PIECE as u64 + 1);
        form.other("file", "b", "application/x-directory", "");
        let (len, boundary) = (form.len(), form.boundary.clone());
        let (body, result) = sent(form).await;
        result.expect("sent");
        assert_eq!(body.len() as u64, len);
        let text = String::from_utf8_lossy(&body);
        assert!(text.starts_with(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"cid\"\r\n\r\nQm\r\n--"
        )));
        assert!(
            text.ends_with(&format!("Content-Type: application/x-directory\r\n\r\n\r\n--{boundary}--\r\n"))
        );
    }

    #[tokio::test]
    async fn a_file_that_changed_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("changed");
        std::fs::write(&path, "five!").expect("a file");
        for (size, expected) in [(4, "longer"), (6, "shorter")] {
            let mut form = Form::new();
            form.file("file", "a", path.clone(), size);
            let error = sent(form).await.1.expect_err("refused");
            let error = format!("{error:#}");
            assert!(error.contains(expected) && error.contains("changed"), "{error}");
        }
    }

    #[test]
    fn every_name_arrives_as_it_is() {
        for (name, expected) in [
            ("a b.txt", "filename=\"a b.txt\""),
            ("d/a", "filename=\"d/a\""),
            ("50%22", "filename=\"50_22\"; filename*=UTF-8''50%2522"),
            ("a\"\n", "filename=\"a__\"; filename*=UTF-8''a%22%0A"),
            ("ż/x", "filename=\"_/x\"; filename*=UTF-8''%C5%BC%2Fx"),
        ] {
            assert_eq!(disposition("file", name), format!("name=\"file\"; {expected}"));
        }
    }
}

//! The body of an upload: a form whose files are read while it is sent, so that its length is known and its size does
//! not matter. Nothing here knows what the fields mean.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    progress::Progress,
    sending::{self, Sending, Sink, Stop},
};

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

    /// Begins to read and send.
    pub(super) fn send(self, progress: Progress) -> Sending {
        sending::send(0, Arc::new(progress), move |sink| self.write(sink))
    }

    fn write(&self, sink: &mut Sink) -> Result<(), Stop> {
        for part in &self.parts {
            sink.bytes(part.head.clone())?;
            match &part.content {
                Content::Text(text) => sink.bytes(text.clone())?,
                Content::File { path, size } => sink.file(path, *size)?,
            }
        }
        sink.bytes(self.end())
    }
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
    use super::{super::sending::PIECE, *};

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

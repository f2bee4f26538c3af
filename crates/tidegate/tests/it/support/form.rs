//! `multipart/form-data` written by hand: fields in any order, names and heads exactly as a test wants them.

use bytes::Bytes;

use super::content::Item;

/// The boundary of every form made here.
pub const BOUNDARY: &str = "----tide--boundary";

/// A form; parts come in the order in which they are added.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    /// A field that is not a file.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    /// A file as browsers send it.
    pub fn file(self, path: &str, content: &[u8]) -> Self {
        self.part(&file_head(path, "application/octet-stream"), content)
    }

    /// Everything in a folder.
    pub fn items(self, items: &[Item]) -> Self {
        items.iter().fold(self, |form, item| match item {
            Item::File(path, bytes) => form.file(path, bytes),
            Item::Folder(path) => form.part(&file_head(path, "application/x-directory"), b""),
            Item::Link(path, target) => form.part(&file_head(path, "application/symlink"), target.as_bytes()),
        })
    }

    /// A part with this head, lines divided by CR LF.
    pub fn part(mut self, head: &str, content: &[u8]) -> Self {
        self.0.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The bytes so far, without the closing delimiter.
    pub fn open(self) -> Vec<u8> {
        self.0
    }

    /// All bytes.
    pub fn close(mut self) -> Bytes {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0.into()
    }
}

/// The `Content-Type` of a form.
pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// HTML's way of writing names.
fn file_head(path: &str, content_type: &str) -> String {
    let path = path.replace('\n', "%0A").replace('\r', "%0D").replace('"', "%22");
    format!(
        "Content-Disposition: form-data; name=\"file\"; filename=\"{path}\"\r\nContent-Type: {content_type}"
    )
}

//! What `fileinfo` tells of a file.

use serde_json::{Map, Value};

use super::name::harmless;

/// What is known of a file that can be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Bytes, where known.
    pub length: Option<u64>,
    /// The type without its charset; empty if unknown.
    pub content_type: String,
    /// A name, empty where there is none that may be told.
    pub file_name: String,
    /// SHA-256 of the content, if it was asked for and the content is short enough.
    pub checksum: Option<[u8; 32]>,
}

impl Details {
    /// Of a file with this `content_type`, which may have parameters, and perhaps a name.
    pub(super) fn new(length: Option<u64>, content_type: Option<&[u8]>, name: Option<&str>) -> Self {
        let content_type = content_type.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        Self {
            length,
            content_type: content_type.split(';').next().unwrap_or_default().trim().to_owned(),
            file_name: name.and_then(harmless).unwrap_or_default(),
            checksum: None,
        }
    }
}

/// One entry of the answer: file number `index`, of this `kind`; not valid without details. Members in alphabetical order.
#[must_use]
pub fn entry(index: usize, kind: &str, details: Option<&Details>) -> Value {
    let mut entry = Map::new();
    if let Some(details) = details {
        if let Some(checksum) = details.checksum {
            entry.insert("checksum".to_owned(), hex::encode(checksum).into());
            entry.insert("checksumType".to_owned(), "sha256".into());
        }
        // Clients of the reference were given a number for contracts and text for all else.
        let length = match details.length {
            Some(length) if kind == "smartcontract" => length.into(),
            Some(length) => length.to_string().into(),
            None => "".into(),
        };
        entry.insert("contentLength".to_owned(), length);
        entry.insert("contentType".to_owned(), details.content_type.as_str().into());
        if kind != "smartcontract" {
            entry.insert("filename".to_owned(), details.file_name.as_str().into());
        }
    }
    entry.insert("index".to_owned(), index.into());
    entry.insert("type".to_owned(), kind.into());
    entry.insert("valid".to_owned(), details.is_some().into());
    Value::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_look_as_the_reference_writes_them() {
        let mut details = Details::new(Some(1024), Some(b"text/plain; charset=utf-8"), Some("a.bin"));
        assert_eq!(
            entry(0, "url", Some(&details)).to_string(),
            r#"{"contentLength":"1024","contentType":"text/plain","filename":"a.bin","index":0,"type":"url","valid":true}"#
        );
        details.checksum = Some([0xab; 32]);
        let checksum = "ab".repeat(32);
        assert_eq!(
            entry(1, "url", Some(&details)).to_string(),
            format!(
                r#"{{"checksum":"{checksum}","checksumType":"sha256","contentLength":"1024","contentType":"text/plain","filename":"a.bin","index":1,"type":"url","valid":true}}"#
            )
        );
        let unknown = Details::new(None, None, None);
        assert_eq!(
            entry(0, "arweave", Some(&unknown)).to_string(),
            r#"{"contentLength":"","contentType":"","filename":"","index":0,"type":"arweave","valid":true}"#
        );
        let number = Details::new(Some(7), Some(b"application/json"), None);
        assert_eq!(
            entry(0, "smartcontract", Some(&number)).to_string(),
            r#"{"contentLength":7,"contentType":"application/json","index":0,"type":"smartcontract","valid":true}"#
        );
        assert_eq!(entry(2, "url", None).to_string(), r#"{"index":2,"type":"url","valid":false}"#);
    }
}

//! `pinJSONToIPFS`: a JSON document, pinned as it was written but for blanks.

use axum::{Json, body::Body, extract::State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    PinataCaller, PinataError,
    options::{Metadata, Options},
    pin_file::{Pinned, pin_received},
};
use crate::{
    app::App,
    http::{extract::PIN, json_body},
};

/// The longest body, in bytes.
const BODY_BYTES: usize = 16 << 20;

/// A body that says more than the document itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wrapped<'a> {
    #[serde(borrow)]
    pinata_content: &'a RawValue,
    #[serde(default)]
    pinata_metadata: Value,
    #[serde(default)]
    pinata_options: Value,
}

/// Pins `pinataContent`, or the whole body where there is no such field.
pub(in crate::http) async fn pin_json(
    PinataCaller(caller): PinataCaller<PIN>,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Pinned>, PinataError> {
    let body = json_body::bytes(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let not_json =
        |error: serde_json::Error| PinataError::BadRequest(format!("The body is not JSON: {error}"));
    let whole: &RawValue = serde_json::from_slice(&body).map_err(not_json)?;
    let (document, metadata, options) = match serde_json::from_slice::<Wrapped<'_>>(&body) {
        Ok(wrapped) => (
            wrapped.pinata_content,
            Metadata::from_json(wrapped.pinata_metadata)?,
            Options::from_json(wrapped.pinata_options)?,
        ),
        Err(_) => (whole, Metadata::default(), Options::default()),
    };
    let mut upload = app.pins.begin(options.profile())?;
    upload.open_file("").await?;
    upload.write(compact(document.get())).await?;
    upload.close_file().await?;
    pin_received(&app, &caller, upload, &options, metadata).await
}

/// `json` without the blanks between its parts, as programs write it. Numbers and escapes stay as they are.
fn compact(json: &str) -> Bytes {
    let mut out = Vec::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        if in_text {
            (in_text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_text = byte == b'"';
        }
        out.push(byte);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_parts_go() {
        for (written, kept) in [
            (" { \"a b\" : [ 1.0 , \"x \\\" y\\\\\" , 2e3 ] }\n", "{\"a b\":[1.0,\"x \\\" y\\\\\",2e3]}"),
            ("\"\\\\\" ", "\"\\\\\""),
            ("{\"z\":1,\"a\":\"\\u00e9 é\"}", "{\"z\":1,\"a\":\"\\u00e9 é\"}"),
        ] {
            assert_eq!(compact(written), kept, "{written}");
        }
    }
}

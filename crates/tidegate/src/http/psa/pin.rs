//! The body of a request: a `Pin` of the specification, checked once.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_content::parse_cid;

use crate::{
    db::pins::{PinSource, Visibility},
    pins::Request,
};

/// The longest name, in characters, as the specification has it.
pub(super) const NAME_CHARS: usize = 255;
/// The most origins, as the specification has it.
const ORIGINS: usize = 20;
/// The longest origin: more than any multiaddr.
const ORIGIN_BYTES: usize = 1024;
/// The most pairs of metadata, as the specification has it.
const PAIRS: usize = 1000;

#[derive(Deserialize)]
struct Pin {
    cid: String,
    name: Option<String>,
    origins: Option<Vec<String>>,
    meta: Option<BTreeMap<String, String>>,
}

/// Reads the body. Fields that are not known are ignored.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn parse(body: &[u8]) -> Result<Request, String> {
    let pin: Pin = serde_json::from_slice(body).map_err(|error| format!("The body is not a pin: {error}"))?;
    let cid = parse_cid(&pin.cid).map_err(|error| format!("The field cid: {error}"))?;
    let name = pin.name.filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS) {
        return Err(format!("The field name is longer than {NAME_CHARS} characters"));
    }
    let origins = pin.origins.unwrap_or_default();
    if origins.len() > ORIGINS || origins.iter().any(|origin| origin.len() > ORIGIN_BYTES) {
        return Err(format!("The field origins has more than {ORIGINS} entries, or one that is too long"));
    }
    let meta = pin.meta.unwrap_or_default();
    if meta.len() > PAIRS {
        return Err(format!("The field meta has more than {PAIRS} entries"));
    }
    let texts = name.iter().chain(&origins).chain(meta.keys()).chain(meta.values());
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err("A text holds the character U+0000, which cannot be kept".to_owned());
    }
    Ok(Request {
        source: PinSource::Psa,
        cid,
        cid_text: pin.cid,
        name,
        meta,
        origins,
        visibility: Visibility::Public,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

    #[test]
    fn all_fields_but_the_cid_may_be_missing_or_null() {
        for body in [
            format!(r#"{{"cid":"{CID}"}}"#),
            format!(r#"{{"cid":"{CID}","name":null,"origins":null,"meta":null,"other":1}}"#),
            format!(r#"{{"cid":"{CID}","name":"","origins":[],"meta":{{}}}}"#),
        ] {
            let request = parse(body.as_bytes()).expect(&body);
            assert_eq!((request.cid_text.as_str(), request.name), (CID, None));
            assert!(request.origins.is_empty() && request.meta.is_empty());
        }
    }

    #[test]
    fn origins_are_kept_whatever_protocols_they_name() {
        let origin = "/ip4/203.0.113.142/udp/4001/quic-v1/webtransport/p2p/QmSourcePeerId";
        let body = format!(r#"{{"cid":"{CID}","origins":["{origin}"]}}"#);
        assert_eq!(parse(body.as_bytes()).expect("a pin").origins, [origin]);
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        let long = "x".repeat(NAME_CHARS + 1);
        let origins = vec!["/ip4/127.0.0.1"; ORIGINS + 1];
        for body in [
            String::new(),
            "[]".to_owned(),
            "{}".to_owned(),
            r#"{"cid":1}"#.to_owned(),
            r#"{"cid":""}"#.to_owned(),
            r#"{"cid":"hello"}"#.to_owned(),
            format!(r#"{{"cid":"{CID}","name":1}}"#),
            format!(r#"{{"cid":"{CID}","name":"{long}"}}"#),
            format!(r#"{{"cid":"{CID}","name":"a\u0000b"}}"#),
            format!(r#"{{"cid":"{CID}","meta":{{"a":1}}}}"#),
            format!(r#"{{"cid":"{CID}","meta":[]}}"#),
            format!(r#"{{"cid":"{CID}","origins":"x"}}"#),
            serde_json::json!({"cid": CID, "origins": origins}).to_string(),
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}

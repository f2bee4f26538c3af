//! CIDs as text and as bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_content::{cid_text::cid_from_bytes, content_key, parse_cid};

fuzz_target!(|data: &[u8]| {
    if let Ok(cid) = str::from_utf8(data)
        .map_err(drop)
        .and_then(|text| parse_cid(text).map_err(drop))
    {
        assert_eq!(parse_cid(&cid.to_string()), Ok(cid));
        assert_eq!(content_key(&content_key(&cid)), content_key(&cid));
    }
    if let Some(cid) = cid_from_bytes(data) {
        assert_eq!(cid_from_bytes(&cid.to_bytes()), Some(cid));
    }
});

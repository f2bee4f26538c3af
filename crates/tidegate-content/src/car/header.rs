//! The DAG-CBOR header of a CAR: `{"roots": [CID, …], "version": n}` and nothing else.
//!
//! A whole CBOR decoder would be more code to trust than this one shape needs. DAG-CBOR allows only definite lengths
//! and the shortest form of every number, so both are required here.

use super::CarError;
use crate::cid_text::{Cid, cid_from_bytes};

/// More roots than any writer makes; a bound on what a header may make us hold.
pub(super) const MAX_ROOTS: u64 = 1024;

const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
/// CBOR tag of a CID in DAG-CBOR.
const CID_TAG: u64 = 42;

/// What a header says. `roots` is `None` in the pragma of a CARv2, which carries a version only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u64,
    pub(super) roots: Option<Vec<Cid>>,
}

/// Canonical header without its length prefix: keys in DAG-CBOR order (`roots` before `version`).
pub(super) fn encode(roots: &[Cid]) -> Vec<u8> {
    let mut out = Vec::with_capacity(20 + roots.len() * 48);
    head(&mut out, MAP, 2);
    text(&mut out, "roots");
    head(&mut out, ARRAY, roots.len() as u64);
    for root in roots {
        let cid = root.to_bytes();
        head(&mut out, TAG, CID_TAG);
        head(&mut out, BYTES, cid.len() as u64 + 1);
        out.push(0); // the multibase "identity" prefix that DAG-CBOR puts before a CID
        out.extend_from_slice(&cid);
    }
    text(&mut out, "version");
    head(&mut out, UINT, 1);
    out
}

/// Parses a whole header; every byte must be used.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, CarError> {
    let mut cbor = Cbor(bytes);
    let pairs = cbor.expect(MAP)?;
    if pairs > 2 {
        return Err(CarError::Header("unknown keys"));
    }
    let (mut version, mut roots) = (None, None);
    for _ in 0..pairs {
        let len = cbor.expect(TEXT)?;
        match cbor.take(len)? {
            b"version" if version.is_none() => version = Some(cbor.expect(UINT)?),
            b"roots" if roots.is_none() => roots = Some(cbor.roots()?),
            b"version" | b"roots" => return Err(CarError::Header("repeated key")),
            _ => return Err(CarError::Header("unknown key")),
        }
    }
    if !cbor.0.is_empty() {
        return Err(CarError::Header("trailing bytes"));
    }
    let version = version.ok_or(CarError::Header("no version"))?;
    Ok(Header { version, roots })
}

/// The bytes not read yet.
struct Cbor<'a>(&'a [u8]);

impl<'a> Cbor<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], CarError> {
        let (taken, rest) = usize::try_from(len)
            .ok()
            .and_then(|len| self.0.split_at_checked(len))
            .ok_or(CarError::Header("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// The argument of the next item, which must be of major type `major` and in its shortest form.
    fn expect(&mut self, major: u8) -> Result<u64, CarError> {
        let first = self.take(1)?[0];
        if first >> 5 != major {
            return Err(CarError::Header("unexpected CBOR type"));
        }
        let (width, least) = match first & 0x1f {
            small @ 0..=23 => return Ok(u64::from(small)),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(CarError::Header("indefinite or reserved CBOR length")),
        };
        let value = self.take(width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(CarError::Header("CBOR number is not in its shortest form"));
        }
        Ok(value)
    }

    fn roots(&mut self) -> Result<Vec<Cid>, CarError> {
        let count = self.expect(ARRAY)?;
        if count > MAX_ROOTS {
            return Err(CarError::Header("too many roots"));
        }
        (0..count).map(|_| self.root()).collect()
    }

    fn root(&mut self) -> Result<Cid, CarError> {
        if self.expect(TAG)? != CID_TAG {
            return Err(CarError::Header("root is not a CID"));
        }
        let len = self.expect(BYTES)?;
        match self.take(len)?.split_first() {
            Some((0, bytes)) => cid_from_bytes(bytes).ok_or(CarError::Header("root is not a CID")),
            _ => Err(CarError::Header("root is not a CID")),
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a CBOR head in its shortest form.
fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    let bytes = value.to_be_bytes();
    let (marker, width) = match value {
        0..=23 => (bytes[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | marker);
    out.extend_from_slice(&bytes[8 - width..]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cid(text: &str) -> Cid {
        text.parse().unwrap()
    }

    fn roots(count: usize) -> Vec<Cid> {
        vec![cid("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"); count]
    }

    #[test]
    fn a_header_is_the_published_bytes() {
        // The first root of the specification's own carv1-basic.car fixture layout: a2 65 roots 81 d82a 5825 00 …
        let bytes = encode(&roots(1));
        assert_eq!(hex::encode(&bytes[..13]), "a265726f6f747381d82a582500");
        assert_eq!(&bytes[bytes.len() - 9..], b"\x67version\x01");
        assert_eq!(hex::encode(encode(&[])), "a265726f6f7473806776657273696f6e01");
    }

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 1, 2, 23, 24, 255, 256, 1024] {
            let header = parse(&encode(&roots(count))).unwrap();
            assert_eq!(header, Header { version: 1, roots: Some(roots(count)) });
        }
        let v0 = [cid("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")];
        assert_eq!(parse(&encode(&v0)).unwrap().roots.unwrap(), v0);
    }

    #[test]
    fn keys_come_in_any_order() {
        let bytes = b"\xa2\x67version\x01\x65roots\x80";
        assert_eq!(parse(bytes).unwrap(), Header { version: 1, roots: Some(Vec::new()) });
        assert_eq!(parse(b"\xa1\x67version\x02").unwrap(), Header { version: 2, roots: None });
    }

    #[test]
    fn everything_else_is_refused() {
        assert!(parse(&encode(&roots(1025))).is_err(), "too many roots");
        for bad in [
            &b""[..],
            b"\xa0",
            b"\xa1\x65roots\x80",
            b"\xa2\x67version\x01\x67version\x01",
            b"\xa2\x67version\x01\x65rooms\x80",
            b"\xa3\x67version\x01\x65roots\x80\x61x\x01",
            b"\xbf\x67version\x02\xff",
            b"\xa1\x67version\x02\x00",
            b"\xa1\x67version\x18\x02",
            b"\xa1\x67version\x20",
            b"\xa1\x7b\xff\xff\xff\xff\xff\xff\xff\xffversion\x02",
            b"\xa2\x67version\x01\x65roots\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xa2\x67version\x01\x65roots\x81\xd8\x2a\x41\x00",
            b"\xa2\x67version\x01\x65roots\x81\xd8\x2b\x45\x00\x01\x55\x00\x00",
            b"\xa2\x67version\x01\x65roots\x81\xd8\x2a\x46\x00\x01\x55\x00\x00\x00",
        ] {
            assert!(parse(bad).is_err(), "{}", hex::encode(bad));
        }
    }
}

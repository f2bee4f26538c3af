//! CIDs from text, and the one form under which content is kept.
//!
//! A [`Cid`] made here has a hash function we know the name of and a digest of that function's length.
//! Checking bytes against it is [`crate::block`]'s work.

use cid::Version;
use cid::multibase::{self, Base};

/// A CID whose digest may be up to 128 bytes, the longest identity digest that IPFS nodes accept.
pub type Cid = cid::CidGeneric<128>;
/// The multihash inside a [`Cid`].
pub type Multihash = multihash::Multihash<128>;

/// Codec of a block that is nothing but bytes.
pub const RAW: u64 = 0x55;
/// Codec of DAG-PB, the format of UnixFS directories and larger files.
pub const DAG_PB: u64 = 0x70;
/// Codec of DAG-CBOR.
pub const DAG_CBOR: u64 = 0x71;
/// Codec of DAG-JSON.
pub const DAG_JSON: u64 = 0x0129;
/// Codec of plain CBOR.
pub const CBOR: u64 = 0x51;
/// Codec of plain JSON.
pub const JSON: u64 = 0x0200;
/// Codec of a libp2p key, which names an IPNS record and not content.
pub const LIBP2P_KEY: u64 = 0x72;

/// Multihash code whose digest is the content itself.
pub const IDENTITY: u64 = 0x00;
/// Multihash code of SHA-256.
pub const SHA2_256: u64 = 0x12;
/// Multihash code of BLAKE3.
pub const BLAKE3: u64 = 0x1e;
/// Multihash code of BLAKE2b with 256 bits.
pub const BLAKE2B_256: u64 = 0xb220;

/// The longest text that is looked at, in bytes. A base16 CID with a 128-byte digest is 271 bytes long;
/// decoding base36 and base58 costs the square of the length.
pub const MAX_CID_TEXT: usize = 512;

/// The hash functions content is addressed with, and their digest lengths in bytes. SHA-1 names git objects.
const HASHES: [(u64, usize); 15] = [
    (0x11, 20), // sha1
    (SHA2_256, 32),
    (0x13, 64), // sha2-512
    (0x14, 64), // sha3-512
    (0x15, 48), // sha3-384
    (0x16, 32), // sha3-256
    (0x17, 28), // sha3-224
    (0x1a, 28), // keccak-224
    (0x1b, 32), // keccak-256
    (0x1c, 48), // keccak-384
    (0x1d, 64), // keccak-512
    (BLAKE3, 32),
    (0x56, 32), // dbl-sha2-256
    (BLAKE2B_256, 32),
    (0xb240, 64), // blake2b-512
];

/// Why a text is not a CID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CidError {
    /// Nothing there.
    #[error("a CID is missing")]
    Empty,
    /// Longer than [`MAX_CID_TEXT`].
    #[error("a CID is at most {MAX_CID_TEXT} characters long")]
    TooLong,
    /// Neither `Qm…` nor a multibase prefix we read.
    #[error("not a CID: it should begin with Qm, b, k, z or f")]
    UnknownBase,
    /// A character outside the alphabet, or padding that is not zero.
    #[error("not a CID: a character does not belong there")]
    BadCharacter,
    /// The decoded bytes are not version, codec and multihash, exactly, with a digest of up to 128 bytes.
    #[error("not a CID: the text decodes to something else")]
    Malformed,
    /// A hash function nobody addresses content with.
    #[error("the hash function 0x{0:x} of this CID is not known")]
    UnknownHash(u64),
    /// A digest cut short, or longer than the function makes.
    #[error("the digest of this CID has the wrong length")]
    DigestLength,
}

/// Reads a CID: version 0 in base58, version 1 in base32, base36, base58btc or base16, the
/// single-case ones in either case.
///
/// Forms: <https://github.com/multiformats/cid#decoding-algorithm>.
///
/// # Errors
/// Says which part of the text is wrong; see [`CidError`].
pub fn parse_cid(text: &str) -> Result<Cid, CidError> {
    if text.len() > MAX_CID_TEXT {
        return Err(CidError::TooLong);
    }
    let first = *text.as_bytes().first().ok_or(CidError::Empty)?;
    let (base, digits) = match first {
        b'Q' if text.len() == 46 && text.starts_with("Qm") => (Base::Base58Btc, text),
        b'b' => (Base::Base32Lower, &text[1..]),
        b'B' => (Base::Base32Upper, &text[1..]),
        b'k' => (Base::Base36Lower, &text[1..]),
        b'K' => (Base::Base36Upper, &text[1..]),
        b'z' => (Base::Base58Btc, &text[1..]),
        b'f' => (Base::Base16Lower, &text[1..]),
        b'F' => (Base::Base16Upper, &text[1..]),
        _ => return Err(CidError::UnknownBase),
    };
    let bytes = base.decode(digits).map_err(|error| match error {
        multibase::Error::UnknownBase(_) => CidError::UnknownBase,
        multibase::Error::InvalidBaseString => CidError::BadCharacter,
    })?;
    let cid = cid_from_bytes(&bytes).ok_or(CidError::Malformed)?;
    let version_0 = first == b'Q';
    if version_0 != (cid.version() == Version::V0) {
        return Err(CidError::Malformed); // version 0 has no multibase form
    }
    check_hash(&cid)?;
    Ok(cid)
}

/// The CID that `bytes` are, all of them, or `None`. Any hash function is accepted: this is what links
/// and CAR sections hold, and their blocks are checked when they are read.
pub fn cid_from_bytes(mut bytes: &[u8]) -> Option<Cid> {
    let cid = Cid::read_bytes(&mut bytes).ok()?;
    bytes.is_empty().then_some(cid)
}

/// The one name of the DAG below `cid`: version 0 becomes version 1 with DAG-PB, the rest stays as it is.
/// Two CIDs with the same key name the same bytes read the same way.
#[must_use]
pub fn content_key(cid: &Cid) -> Cid {
    Cid::new_v1(cid.codec(), *cid.hash())
}

fn check_hash(cid: &Cid) -> Result<(), CidError> {
    let code = cid.hash().code();
    if code == IDENTITY {
        return Ok(()); // of any length that fits a `Cid`
    }
    let (_, expected) = HASHES.iter().find(|(known, _)| *known == code).ok_or(CidError::UnknownHash(code))?;
    if cid.hash().digest().len() == *expected { Ok(()) } else { Err(CidError::DigestLength) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V0: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
    const V1: &str = "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y";

    #[test]
    fn both_versions_of_a_dag_share_one_key() {
        let old = parse_cid(V0).unwrap();
        let new = parse_cid(V1).unwrap();
        assert_ne!(old, new);
        assert_eq!(content_key(&old), new);
        assert_eq!(content_key(&new), new);
    }

    #[test]
    fn upper_case_is_read() {
        let cid = parse_cid(V1).unwrap();
        for base in [Base::Base32Lower, Base::Base36Lower, Base::Base16Lower] {
            let text = cid.to_string_of_base(base).unwrap().to_uppercase();
            assert_eq!(parse_cid(&text), Ok(cid), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_cid_is_refused_with_a_reason() {
        let v0_in_multibase = format!("z{V0}");
        let v1_without_multibase = multibase::encode(Base::Base58Btc, parse_cid(V1).unwrap().to_bytes());
        let with_a_byte_more =
            multibase::encode(Base::Base32Lower, [&parse_cid(V1).unwrap().to_bytes()[..], &[0]].concat());
        let short_digest =
            multibase::encode(Base::Base16Lower, [&[1, 0x70, 0x12, 20][..], &[7; 20]].concat());
        let strange_hash = multibase::encode(Base::Base16Lower, [1, 0x70, 0x22, 4, 1, 2, 3, 4]);
        let identity_of_129_bytes =
            multibase::encode(Base::Base16Lower, [&[1, 0x55, 0, 0x81, 1][..], &[7; 129]].concat());
        for (text, error) in [
            ("", CidError::Empty),
            ("hello", CidError::UnknownBase),
            ("Qm", CidError::UnknownBase),
            (&V0.replace('F', "0"), CidError::BadCharacter),
            (&V1[..V1.len() - 1], CidError::BadCharacter),
            (&v0_in_multibase, CidError::Malformed),
            (&v1_without_multibase[1..], CidError::UnknownBase),
            (&with_a_byte_more, CidError::Malformed),
            (&short_digest, CidError::DigestLength),
            (&strange_hash, CidError::UnknownHash(0x22)),
            (&identity_of_129_bytes, CidError::Malformed),
            (&"b".repeat(513), CidError::TooLong),
            ("/ipfs/bafkqaaa", CidError::UnknownBase),
        ] {
            assert_eq!(parse_cid(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn identity_cids_come_back_in_every_base(digest in prop::collection::vec(any::<u8>(), 0..=128)) {
            let cid = Cid::new_v1(RAW, Multihash::wrap(IDENTITY, &digest).unwrap());
            for base in [Base::Base32Lower, Base::Base36Lower, Base::Base58Btc, Base::Base16Lower] {
                prop_assert_eq!(parse_cid(&cid.to_string_of_base(base).unwrap()), Ok(cid));
            }
        }

        #[test]
        fn any_text_gives_an_answer(text in "[bkzfBKF]?.{0,80}") {
            if let Ok(cid) = parse_cid(&text) {
                prop_assert!(parse_cid(&cid.to_string()).is_ok());
            }
        }
    }
}

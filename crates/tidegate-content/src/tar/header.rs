//! One header: 512 bytes of fields at fixed places (POSIX.1-2017, pax, "ustar Interchange Format").

use std::ops::Range;

use super::{BLOCK, TarError};

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const OWNER: Range<usize> = 108..116;
const GROUP: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const TIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const KIND: usize = 156;
const LINK: Range<usize> = 157..257;
/// Magic and version. GNU tar writes blanks here, and other things than a prefix where the prefix is.
const MAGIC: Range<usize> = 257..265;
const USTAR: &[u8] = b"ustar\x0000";
const PREFIX: Range<usize> = 345..500;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) kind: u8,
}

impl Header {
    /// Reads a block that is not all zero.
    pub(super) fn parse(block: &[u8]) -> Result<Self, TarError> {
        if number(&block[CHECKSUM]).ok() != Some(checksum(block)) {
            return Err(TarError::Header);
        }
        let mut path = text(&block[NAME]).to_vec();
        let prefix = text(&block[PREFIX]);
        if block[MAGIC].starts_with(&USTAR[..6]) && !prefix.is_empty() {
            path = [prefix, b"/", &path].concat();
        }
        let link = text(&block[LINK]).to_vec();
        Ok(Self { path, link, size: number(&block[SIZE])?, kind: block[KIND] })
    }

    /// The header as bytes, the same each time: nobody's, of the epoch. Names that are too long are cut.
    pub(super) fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut put = |field: Range<usize>, bytes: &[u8]| {
            let len = bytes.len().min(field.len());
            block[field][..len].copy_from_slice(&bytes[..len]);
        };
        put(NAME, &self.path);
        put(MODE, if self.kind == b'5' { b"0000755" } else { b"0000644" });
        put(OWNER, b"0000000");
        put(GROUP, b"0000000");
        put(TIME, b"00000000000");
        put(CHECKSUM, b"        ");
        put(KIND..KIND + 1, &[self.kind]);
        put(LINK, &self.link);
        put(MAGIC, USTAR);
        let octal = format!("{:011o}", self.size);
        if octal.len() < SIZE.len() {
            put(SIZE, octal.as_bytes());
        } else {
            // The way of GNU tar, which all read.
            put(SIZE, &[0x80]);
            put(SIZE.end - 8..SIZE.end, &self.size.to_be_bytes());
        }
        let sum = format!("{:06o}\0 ", checksum(&block));
        block[CHECKSUM].copy_from_slice(sum.as_bytes());
        block
    }

    /// Whether the fields have room for its names.
    pub(super) fn fits(&self) -> bool {
        self.path.len() <= NAME.len() && self.link.len() <= LINK.len()
    }
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits with blanks or zero bytes around them, or as GNU tar writes what is larger: a bit, and a binary number.
fn number(field: &[u8]) -> Result<u64, TarError> {
    if let [0x80, rest @ ..] = field {
        let (high, low) = rest.split_at(rest.len().saturating_sub(8));
        let low = low.try_into().map_err(|_| TarError::Number)?;
        return if high.iter().all(|byte| *byte == 0) {
            Ok(u64::from_be_bytes(low))
        } else {
            Err(TarError::Number)
        };
    }
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let digits = field.iter().skip_while(|byte| blank(byte)).take_while(|byte| !blank(byte));
    digits.map(|byte| byte.wrapping_sub(b'0')).try_fold(0_u64, |number, digit| {
        let shifted = number.checked_mul(8).filter(|_| digit < 8);
        shifted.map(|number| number | u64::from(digit)).ok_or(TarError::Number)
    })
}

/// The sum of all bytes, the checksum's own counted as blanks.
fn checksum(block: &[u8]) -> u64 {
    let byte = |(at, byte): (usize, &u8)| u64::from(if CHECKSUM.contains(&at) { b' ' } else { *byte });
    block.iter().enumerate().map(byte).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(size: u64) -> Header {
        Header { path: b"a/b".to_vec(), link: b"to".to_vec(), size, kind: b'0' }
    }

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, 0o77_777_777_777, 0o77_777_777_777 + 1, u64::MAX] {
            assert_eq!(Header::parse(&header(size).encode()), Ok(header(size)));
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let block = header(5).encode();
        for at in 0..BLOCK {
            let mut changed = block;
            changed[at] ^= 1;
            // What follows the digits of the checksum is padding.
            if at != CHECKSUM.end - 1 {
                assert_eq!(Header::parse(&changed), Err(TarError::Header), "{at}");
            }
        }
    }

    #[test]
    fn numbers_come_in_every_spelling() {
        assert_eq!(number(b"0000017\0"), Ok(15));
        assert_eq!(number(b"  17   \0"), Ok(15));
        assert_eq!(number(b"17\0junk"), Ok(15));
        assert_eq!(number(b"\0\0\0\0"), Ok(0));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), Ok(256));
        for bad in [
            &b"18"[..],
            b"-1",
            b"7777777777777777777777777",
            &[0xff; 12],
            &[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x80],
        ] {
            assert_eq!(number(bad), Err(TarError::Number), "{bad:?}");
        }
    }
}

//! The protobuf wire format, as much of it as DAG-PB and UnixFS use. Not a general protobuf library.
//!
//! Reading borrows from the message and never allocates, so a hostile length costs nothing.

/// What can be wrong with a protobuf message below the level of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A field or a varint goes on after the message's end.
    #[error("the message ends inside a field")]
    Truncated,
    /// A varint does not fit 64 bits.
    #[error("a number does not fit 64 bits")]
    NumberTooLong,
    /// Field number 0, a group, or a wire type that does not exist.
    #[error("wire type {0} is not supported")]
    WireType(u8),
}

/// Wire type of integers.
pub(crate) const VARINT: u8 = 0;
/// Wire type of eight fixed bytes.
const FIXED64: u8 = 1;
/// Wire type of strings, bytes, messages and packed lists.
pub(crate) const BYTES: u8 = 2;
/// Wire type of four fixed bytes.
pub(crate) const FIXED32: u8 = 5;

/// Walks over the fields of one message.
pub(crate) struct WireReader<'a> {
    rest: &'a [u8],
}

impl<'a> WireReader<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's number and wire type.
    pub(crate) fn key(&mut self) -> Result<(u64, u8), WireError> {
        let key = self.varint()?;
        let wire_type = (key & 7) as u8;
        Ok((key >> 3, wire_type))
    }

    /// A base-128 number. Padding with zero groups is accepted, as Go's decoders do.
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            let group = u64::from(byte & 0x7f);
            if index == 9 && group > 1 {
                return Err(WireError::NumberTooLong);
            }
            value |= group << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { WireError::Truncated } else { WireError::NumberTooLong })
    }

    /// A length and that many bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.varint()?;
        let len = usize::try_from(len).map_err(|_| WireError::Truncated)?;
        self.take(len)
    }

    /// Four bytes, little-endian.
    pub(crate) fn fixed32(&mut self) -> Result<u32, WireError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*head))
    }

    /// Passes over the value of a field nobody here knows.
    pub(crate) fn skip(&mut self, wire_type: u8) -> Result<(), WireError> {
        match wire_type {
            VARINT => self.varint().map(drop),
            FIXED64 => self.take(8).map(drop),
            BYTES => self.bytes().map(drop),
            FIXED32 => self.take(4).map(drop),
            other => Err(WireError::WireType(other)),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

/// How many bytes `value` takes as a varint: 1 to 10.
pub(crate) fn varint_len(value: u64) -> usize {
    let bits = (u64::BITS - (value | 1).leading_zeros()) as usize;
    bits.div_ceil(7)
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends the key and value of an integer field. All fields here have numbers below 16, so a key is one byte.
pub(crate) fn put_number(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3 | VARINT);
    put_varint(out, value);
}

/// Appends the key and length of a bytes field whose `len` bytes follow.
pub(crate) fn put_bytes_head(out: &mut Vec<u8>, field: u8, len: usize) {
    out.push(field << 3 | BYTES);
    put_varint(out, len as u64);
}

/// Appends a whole bytes field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_bytes_head(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// Length of a whole integer field.
pub(crate) fn number_field_len(value: u64) -> usize {
    1 + varint_len(value)
}

/// Length of a whole bytes field holding `len` bytes.
pub(crate) fn bytes_field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let all_ones = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(WireReader::new(&all_ones).varint(), Ok(u64::MAX));
        let mut too_big = all_ones;
        too_big[9] = 2;
        assert_eq!(WireReader::new(&too_big).varint(), Err(WireError::NumberTooLong));
        assert_eq!(WireReader::new(&[0x80; 11]).varint(), Err(WireError::NumberTooLong));
        assert_eq!(WireReader::new(&[0x80; 9]).varint(), Err(WireError::Truncated));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(WireReader::new(&[3, 1, 2]).bytes(), Err(WireError::Truncated));
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(WireReader::new(&huge).bytes(), Err(WireError::Truncated));
    }

    proptest! {
        #[test]
        fn a_number_comes_back(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_len(value));
            let mut reader = WireReader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert!(reader.is_empty());
        }
    }
}

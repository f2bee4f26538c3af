//! The fixed frame of a CARv2: an 11-byte pragma, then a 40-byte header that says where the payload and the index are.
//!
//! ```text
//! | pragma 11 | header 40 | padding | CARv1 payload | padding | index |
//! ```
//! <https://ipld.io/specs/transport/car/carv2/>

use super::CarError;

/// The first bytes of every CARv2: a CARv1-style header that holds only `version: 2`.
pub const PRAGMA: [u8; 11] = *b"\x0a\xa1\x67version\x02";

/// Set in [`V2Header::characteristics`] when the index lists every section of the payload.
pub const FULLY_INDEXED: u128 = 0x80;

/// Where the parts of a CARv2 are. Offsets and sizes are in bytes from the start of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V2Header {
    /// Bit field; [`FULLY_INDEXED`] is the only bit the specification gives a meaning.
    pub characteristics: u128,
    /// Start of the CARv1 payload.
    pub data_offset: u64,
    /// Length of the CARv1 payload.
    pub data_size: u64,
    /// Start of the index, 0 when there is none.
    pub index_offset: u64,
}

impl V2Header {
    /// Length of the encoded header.
    pub const LEN: usize = 40;
    /// Where the header ends, and so the first place a payload can start.
    pub const END: u64 = (PRAGMA.len() + Self::LEN) as u64;

    /// The header of a file written without padding, its index (of every section) right behind a payload of
    /// `data_size` bytes.
    pub const fn unpadded(data_size: u64) -> Self {
        Self {
            characteristics: FULLY_INDEXED,
            data_offset: Self::END,
            data_size,
            index_offset: Self::END + data_size,
        }
    }

    /// The 40 bytes that follow the pragma.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..16].copy_from_slice(&self.characteristics.to_le_bytes());
        out[16..24].copy_from_slice(&self.data_offset.to_le_bytes());
        out[24..32].copy_from_slice(&self.data_size.to_le_bytes());
        out[32..].copy_from_slice(&self.index_offset.to_le_bytes());
        out
    }

    /// Reads the 40 bytes that follow the pragma.
    ///
    /// # Errors
    /// [`CarError::V2Header`] when parts overlap each other or the header, or an end overflows. Whether the file is
    /// long enough is for the caller to check.
    pub fn parse(bytes: &[u8; Self::LEN]) -> Result<Self, CarError> {
        let word =
            |at: usize| bytes[at..at + 8].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let header = Self {
            characteristics: u128::from(word(8)) << 64 | u128::from(word(0)),
            data_offset: word(16),
            data_size: word(24),
            index_offset: word(32),
        };
        if header.data_offset < Self::END {
            return Err(CarError::V2Header("payload overlaps the header"));
        }
        let Some(data_end) = header.data_offset.checked_add(header.data_size) else {
            return Err(CarError::V2Header("payload end overflows"));
        };
        if header.index_offset != 0 && header.index_offset < data_end {
            return Err(CarError::V2Header("index overlaps the payload"));
        }
        Ok(header)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_pragma_is_the_published_one() {
        assert_eq!(hex::encode(PRAGMA), "0aa16776657273696f6e02");
    }

    #[test]
    fn what_is_written_is_read() {
        let header = V2Header::unpadded(448);
        let bytes = header.encode();
        assert_eq!(bytes[0], 0x80, "the leftmost bit of the first byte says that the index is complete");
        assert_eq!(hex::encode(&bytes[16..]), "3300000000000000c001000000000000f301000000000000");
        assert_eq!(V2Header::parse(&bytes).unwrap(), header);
        let odd =
            V2Header { characteristics: u128::MAX << 3, data_offset: 4096, data_size: 0, index_offset: 0 };
        assert_eq!(V2Header::parse(&odd.encode()).unwrap(), odd);
    }

    #[test]
    fn overlaps_and_overflows_are_refused() {
        let good = V2Header::unpadded(100);
        for bad in [
            V2Header { data_offset: 0, ..good },
            V2Header { data_offset: 50, ..good },
            V2Header { data_size: u64::MAX, ..good },
            V2Header { index_offset: 150, ..good },
            V2Header { index_offset: 1, ..good },
        ] {
            assert!(V2Header::parse(&bad.encode()).is_err(), "{bad:?}");
        }
    }
}

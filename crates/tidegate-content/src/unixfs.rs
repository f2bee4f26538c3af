//! The UnixFS message: what a DAG-PB node's data says about the file or directory it is part of.
//!
//! Spec: <https://specs.ipfs.tech/unixfs/#dag-pb-node>. The links beside the message are [`crate::dag_pb`]'s.

use bytes::Bytes;

use crate::dag_pb::MAX_LINKS;
use crate::wire::{
    BYTES, FIXED32, VARINT, WireError, WireReader, bytes_field_len, number_field_len, put_bytes,
    put_bytes_head, put_number,
};

/// Multihash code of the hash that HAMT directories use: the first 64 bits of murmur3-x64-128.
pub const MURMUR3_X64_64: u64 = 0x22;

const TYPE: u8 = 1;
const DATA: u8 = 2;
const FILE_SIZE: u8 = 3;
const BLOCK_SIZES: u8 = 4;
const HASH_TYPE: u8 = 5;
const FANOUT: u8 = 6;
const MODE: u8 = 7;
const MTIME: u8 = 8;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A piece of a file, as old importers made them.
    Raw,
    /// A directory with all its entries in one node.
    Directory,
    /// A file or a piece of one.
    File,
    /// Something about another node; nobody makes these.
    Metadata,
    /// A symbolic link; its target is the data.
    Symlink,
    /// A part of a directory spread over many nodes.
    HamtShard,
}

/// The message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixFs {
    /// What the node is.
    pub kind: Kind,
    /// A leaf's content, a symbolic link's target, a shard's bit field.
    pub data: Option<Bytes>,
    /// Bytes of content in this node and all below.
    pub file_size: Option<u64>,
    /// Bytes of content below each link, in the order of the links. Hold them against the links with
    /// [`UnixFs::content_size`] before use.
    pub block_sizes: Vec<u64>,
    /// A shard's hash function, as a multihash code.
    pub hash_type: Option<u64>,
    /// How many slots a shard has.
    pub fanout: Option<u64>,
    /// POSIX mode bits.
    pub mode: Option<u32>,
    /// Time of the last change.
    pub mtime: Option<Mtime>,
}

/// A time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mtime {
    /// Seconds since 1970-01-01, which may lie before it.
    pub seconds: i64,
    /// Nanoseconds on top, below 10⁹ in honest messages.
    pub nanoseconds: Option<u32>,
}

/// Why bytes are not a UnixFS message, or not one that fits its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnixFsError {
    /// Not a protobuf message.
    #[error("not UnixFS: {0}")]
    Wire(#[from] WireError),
    /// A field with the wrong type, or a number out of its range.
    #[error("not UnixFS: field {0} is malformed")]
    BadField(u64),
    /// No type, which every message must have.
    #[error("not UnixFS: the type is missing")]
    NoKind,
    /// A type from the future.
    #[error("this type of UnixFS node ({0}) is not known")]
    UnknownKind(u64),
    /// The sizes in a file node contradict each other or the links.
    #[error("the sizes in this UnixFS file node do not agree")]
    Sizes,
}

impl UnixFs {
    /// A message of this kind and nothing else.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            data: None,
            file_size: None,
            block_sizes: Vec::new(),
            hash_type: None,
            fanout: None,
            mode: None,
            mtime: None,
        }
    }

    /// Reads a message. `data` shares its memory; fields that are not known are passed over; of a repeated single
    /// field the last counts, as everywhere in protobuf.
    ///
    /// # Errors
    /// See [`UnixFsError`].
    pub fn decode(message: &Bytes) -> Result<Self, UnixFsError> {
        let mut kind = None;
        let mut found = Self::new(Kind::Raw);
        let mut reader = WireReader::new(message);
        while !reader.is_empty() {
            match reader.key()? {
                (1, VARINT) => kind = Some(Kind::from_number(reader.varint()?)?),
                (2, BYTES) => found.data = Some(message.slice_ref(reader.bytes()?)),
                (3, VARINT) => found.file_size = Some(reader.varint()?),
                (4, VARINT) => found.push_block_size(reader.varint()?)?,
                (4, BYTES) => {
                    let mut packed = WireReader::new(reader.bytes()?);
                    while !packed.is_empty() {
                        found.push_block_size(packed.varint()?)?;
                    }
                }
                (5, VARINT) => found.hash_type = Some(reader.varint()?),
                (6, VARINT) => found.fanout = Some(reader.varint()?),
                (7, VARINT) => {
                    let mode = u32::try_from(reader.varint()?).map_err(|_| UnixFsError::BadField(7))?;
                    found.mode = Some(mode);
                }
                (8, BYTES) => found.mtime = Some(Mtime::decode(reader.bytes()?)?),
                (field @ 1..=8, _) => return Err(UnixFsError::BadField(field)),
                (_, wire_type) => reader.skip(wire_type)?,
            }
        }
        found.kind = kind.ok_or(UnixFsError::NoKind)?;
        Ok(found)
    }

    /// The message's bytes, with fields in order and block sizes one by one, as Kubo writes them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, TYPE, self.kind.number());
        if let Some(data) = &self.data {
            put_bytes(&mut out, DATA, data);
        }
        let numbers = |field, value: Option<u64>| value.map(|value| (field, value));
        let sizes = self.block_sizes.iter().map(|&size| (BLOCK_SIZES, size));
        let fields = numbers(FILE_SIZE, self.file_size)
            .into_iter()
            .chain(sizes)
            .chain(numbers(HASH_TYPE, self.hash_type))
            .chain(numbers(FANOUT, self.fanout))
            .chain(numbers(MODE, self.mode.map(u64::from)));
        for (field, value) in fields {
            put_number(&mut out, field, value);
        }
        if let Some(mtime) = self.mtime {
            mtime.encode(&mut out);
        }
        out
    }

    fn push_block_size(&mut self, size: u64) -> Result<(), UnixFsError> {
        if self.block_sizes.len() == MAX_LINKS {
            return Err(UnixFsError::Sizes); // no node has as many links
        }
        self.block_sizes.push(size);
        Ok(())
    }

    /// Bytes of content in a file node that has `links` links, if all that the node says about sizes agrees: one
    /// block size per link, and a file size, if there is one, that is their sum and the node's own data.
    ///
    /// # Errors
    /// [`UnixFsError::Sizes`] if something does not agree, or the node is not a file.
    pub fn content_size(&self, links: usize) -> Result<u64, UnixFsError> {
        if !matches!(self.kind, Kind::File | Kind::Raw) || self.block_sizes.len() != links {
            return Err(UnixFsError::Sizes);
        }
        let own = self.data.as_ref().map_or(0, |data| data.len() as u64);
        let sum = self.block_sizes.iter().try_fold(own, |sum, size| sum.checked_add(*size));
        match sum {
            Some(sum) if self.file_size.is_none_or(|claimed| claimed == sum) => Ok(sum),
            _ => Err(UnixFsError::Sizes),
        }
    }
}

/// The bytes around a leaf's content when it is a DAG-PB node with a UnixFS file in it, so that the
/// content itself need not be copied. Returns the bytes before and after.
pub(crate) fn leaf_framing(content: usize) -> (Vec<u8>, Vec<u8>) {
    let mut suffix = Vec::with_capacity(8);
    put_number(&mut suffix, FILE_SIZE, content as u64);
    // No data field at all in an empty file: that is the block every other importer makes.
    let data_len = if content == 0 { 0 } else { bytes_field_len(content) };
    let message_len = number_field_len(Kind::File.number()) + data_len + suffix.len();
    let mut prefix = Vec::with_capacity(24);
    put_bytes_head(&mut prefix, 1, message_len);
    put_number(&mut prefix, TYPE, Kind::File.number());
    if content > 0 {
        put_bytes_head(&mut prefix, DATA, content);
    }
    (prefix, suffix)
}

impl Kind {
    fn number(self) -> u64 {
        match self {
            Self::Raw => 0,
            Self::Directory => 1,
            Self::File => 2,
            Self::Metadata => 3,
            Self::Symlink => 4,
            Self::HamtShard => 5,
        }
    }

    fn from_number(number: u64) -> Result<Self, UnixFsError> {
        Ok(match number {
            0 => Self::Raw,
            1 => Self::Directory,
            2 => Self::File,
            3 => Self::Metadata,
            4 => Self::Symlink,
            5 => Self::HamtShard,
            other => return Err(UnixFsError::UnknownKind(other)),
        })
    }
}

impl Mtime {
    fn decode(message: &[u8]) -> Result<Self, UnixFsError> {
        let mut seconds = None;
        let mut nanoseconds = None;
        let mut reader = WireReader::new(message);
        while !reader.is_empty() {
            match reader.key()? {
                (1, VARINT) => seconds = Some(reader.varint()?.cast_signed()),
                (2, FIXED32) => nanoseconds = Some(reader.fixed32()?),
                (1 | 2, _) => return Err(UnixFsError::BadField(8)),
                (_, wire_type) => reader.skip(wire_type)?,
            }
        }
        Ok(Self { seconds: seconds.ok_or(UnixFsError::BadField(8))?, nanoseconds })
    }

    fn encode(self, out: &mut Vec<u8>) {
        let seconds = self.seconds.cast_unsigned();
        let len = number_field_len(seconds) + if self.nanoseconds.is_some() { 5 } else { 0 };
        put_bytes_head(out, MTIME, len);
        put_number(out, 1, seconds);
        if let Some(nanoseconds) = self.nanoseconds {
            out.push(2 << 3 | FIXED32);
            out.extend_from_slice(&nanoseconds.to_le_bytes());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dag_pb::PbNode;

    fn decode(bytes: &[u8]) -> Result<UnixFs, UnixFsError> {
        UnixFs::decode(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn block_sizes_are_read_packed_and_unpacked() {
        let unpacked = decode(&[8, 2, 24, 6, 32, 1, 32, 2, 32, 3]).unwrap();
        assert_eq!(unpacked.block_sizes, [1, 2, 3]);
        assert_eq!(decode(&[8, 2, 24, 6, 0x22, 3, 1, 2, 3]), Ok(unpacked));
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        let known = decode(&[8, 1]).unwrap();
        assert_eq!(decode(&[0x4a, 2, 7, 7, 8, 1, 0x50, 9, 0x5d, 1, 2, 3, 4]), Ok(known));
    }

    #[test]
    fn malformed_messages_are_refused() {
        for (bytes, error) in [
            (&[][..], UnixFsError::NoKind),
            (&[8, 6], UnixFsError::UnknownKind(6)),
            (&[8, 2, 0x10, 1], UnixFsError::BadField(2)),
            (&[8, 2, 0x38, 0xff, 0xff, 0xff, 0xff, 0x1f], UnixFsError::BadField(7)),
            (&[8, 2, 0x42, 0], UnixFsError::BadField(8)),
            (&[8, 2, 0x4b], UnixFsError::Wire(WireError::WireType(3))),
            (&[8, 2, 0x12, 5, 1], UnixFsError::Wire(WireError::Truncated)),
        ] {
            assert_eq!(decode(bytes), Err(error), "{}", hex::encode(bytes));
        }
    }

    #[test]
    fn sizes_that_do_not_agree_are_noticed() {
        let honest = UnixFs { file_size: Some(5), block_sizes: vec![2, 3], ..UnixFs::new(Kind::File) };
        assert_eq!(honest.content_size(2), Ok(5));
        assert_eq!(honest.content_size(3), Err(UnixFsError::Sizes));
        let lying = UnixFs { file_size: Some(6), ..honest.clone() };
        assert_eq!(lying.content_size(2), Err(UnixFsError::Sizes));
        let overflowing = UnixFs { block_sizes: vec![u64::MAX, 6], ..honest.clone() };
        assert_eq!(overflowing.content_size(2), Err(UnixFsError::Sizes));
        let directory = UnixFs { kind: Kind::Directory, ..honest };
        assert_eq!(directory.content_size(2), Err(UnixFsError::Sizes));
    }

    #[test]
    fn more_block_sizes_than_any_links_are_refused() {
        let one_too_many = [&[8, 2, 0x22, 0x81, 0x80, 4][..], &vec![0; MAX_LINKS + 1]].concat();
        assert_eq!(decode(&one_too_many), Err(UnixFsError::Sizes));
    }

    #[test]
    fn an_empty_file_is_the_known_six_bytes() {
        let (prefix, suffix) = leaf_framing(0);
        assert_eq!([prefix, suffix].concat(), [0x0a, 4, 8, 2, 0x18, 0]);
    }

    prop_compose! {
        fn any_message()(
            kind in 0_u64..=5,
            data in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
            file_size: Option<u64>,
            block_sizes: Vec<u64>,
            hash_type: Option<u64>,
            fanout: Option<u64>,
            mode: Option<u32>,
            mtime: Option<(i64, Option<u32>)>,
        ) -> UnixFs {
            UnixFs {
                kind: Kind::from_number(kind).unwrap(),
                data: data.map(Bytes::from),
                file_size,
                block_sizes,
                hash_type,
                fanout,
                mode,
                mtime: mtime.map(|(seconds, nanoseconds)| Mtime { seconds, nanoseconds }),
            }
        }
    }

    proptest! {
        #[test]
        fn a_message_comes_back(message in any_message()) {
            prop_assert_eq!(decode(&message.encode()), Ok(message));
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = decode(&bytes) {
                prop_assert_eq!(decode(&message.encode()), Ok(message));
            }
        }

        #[test]
        fn framing_makes_the_node_of_the_leaf(content in prop::collection::vec(any::<u8>(), 0..20_000)) {
            let file = UnixFs {
                data: (!content.is_empty()).then(|| Bytes::from(content.clone())),
                file_size: Some(content.len() as u64),
                ..UnixFs::new(Kind::File)
            };
            let node = PbNode { links: Vec::new(), data: Some(file.encode().into()) };
            let (prefix, suffix) = leaf_framing(content.len());
            prop_assert_eq!([prefix, content, suffix].concat(), node.encode());
        }
    }
}

//! DAG-PB nodes: a list of links and some data. What the data means is [`crate::unixfs`]'s business.
//!
//! Spec: <https://ipld.io/specs/codecs/dag-pb/spec/>.

use bytes::Bytes;

use crate::cid_text::{Cid, cid_from_bytes};
use crate::wire::{
    BYTES, VARINT, WireError, WireReader, bytes_field_len, number_field_len, put_bytes, put_bytes_head,
    put_number,
};

const NODE_DATA: u8 = 1;
const NODE_LINKS: u8 = 2;
const LINK_HASH: u8 = 1;
const LINK_NAME: u8 = 2;
const LINK_TSIZE: u8 = 3;

/// The most links a node may have. With digests of 28 bytes and more a block of 2 MiB has no room for as many; what
/// this stops is a block of tiny identity links that would take 25 times its size in memory.
pub const MAX_LINKS: usize = 65_536;

/// One node: what a DAG-PB block holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PbNode {
    /// The children, in the block's order.
    pub links: Vec<PbLink>,
    /// The node's own bytes. Absent and empty are two different blocks.
    pub data: Option<Bytes>,
}

/// A link to a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbLink {
    /// The child. Its hash function may be one we cannot check.
    pub cid: Cid,
    /// The child's name: a file name in a directory, empty in a file. Absent and empty are two different blocks.
    pub name: Option<String>,
    /// The size of the whole DAG below in bytes, as its maker claims. Never trust it.
    pub tsize: Option<u64>,
}

/// Why a block is not a DAG-PB node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DagPbError {
    /// Not a protobuf message.
    #[error("not a DAG-PB node: {0}")]
    Wire(#[from] WireError),
    /// A field the format does not have, or one of the wrong type.
    #[error("not a DAG-PB node: it has a field {0} that does not belong there")]
    UnexpectedField(u64),
    /// A field twice, or after one that it should come before.
    #[error("not a DAG-PB node: field {0} is out of place")]
    FieldOrder(u64),
    /// More links than [`MAX_LINKS`].
    #[error("this DAG-PB node has more than {MAX_LINKS} links")]
    TooManyLinks,
    /// A link without a CID, or with something else in its place.
    #[error("a link of this DAG-PB node has no valid CID")]
    BadCid,
    /// A name that is not UTF-8.
    #[error("a link of this DAG-PB node has a name that is not UTF-8")]
    BadName,
}

impl PbNode {
    /// Reads a block. `data` shares the block's memory. As Kubo does, it takes the data before the links as well as
    /// after them, and nothing else that the format does not allow.
    /// # Errors
    /// See [`DagPbError`].
    pub fn decode(block: &Bytes) -> Result<Self, DagPbError> {
        let mut node = Self::default();
        let mut links_are_over = false;
        let mut reader = WireReader::new(block);
        while !reader.is_empty() {
            match reader.key()? {
                (1, BYTES) => {
                    if node.data.is_some() {
                        return Err(DagPbError::FieldOrder(1));
                    }
                    links_are_over = !node.links.is_empty();
                    node.data = Some(block.slice_ref(reader.bytes()?));
                }
                (2, BYTES) => {
                    if links_are_over {
                        return Err(DagPbError::FieldOrder(2));
                    }
                    if node.links.len() == MAX_LINKS {
                        return Err(DagPbError::TooManyLinks);
                    }
                    node.links.push(PbLink::decode(reader.bytes()?)?);
                }
                (field, _) => return Err(DagPbError::UnexpectedField(field)),
            }
        }
        Ok(node)
    }

    /// The block: links in the order they have here, then the data. A directory's links must already be sorted by
    /// the bytes of their names.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        for link in &self.links {
            put_bytes_head(&mut out, NODE_LINKS, link.encoded_len());
            link.encode(&mut out);
        }
        if let Some(data) = &self.data {
            put_bytes(&mut out, NODE_DATA, data);
        }
        debug_assert_eq!(out.len(), self.encoded_len());
        out
    }

    /// Length of the block in bytes, without building it.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let links: usize = self.links.iter().map(PbLink::len_in_node).sum();
        links + self.data.as_ref().map_or(0, |data| bytes_field_len(data.len()))
    }
}

impl PbLink {
    /// How many bytes this link adds to its node.
    pub(crate) fn len_in_node(&self) -> usize {
        bytes_field_len(self.encoded_len())
    }

    fn encoded_len(&self) -> usize {
        bytes_field_len(self.cid.encoded_len())
            + self.name.as_ref().map_or(0, |name| bytes_field_len(name.len()))
            + self.tsize.map_or(0, number_field_len)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes_head(out, LINK_HASH, self.cid.encoded_len());
        self.cid.write_bytes(&mut *out).expect("writing to memory does not fail");
        if let Some(name) = &self.name {
            put_bytes(out, LINK_NAME, name.as_bytes());
        }
        if let Some(tsize) = self.tsize {
            put_number(out, LINK_TSIZE, tsize);
        }
    }

    fn decode(message: &[u8]) -> Result<Self, DagPbError> {
        let mut cid = None;
        let mut name = None;
        let mut tsize = None;
        let mut last = 0;
        let mut reader = WireReader::new(message);
        while !reader.is_empty() {
            let (field, wire_type) = reader.key()?;
            if field <= last {
                return Err(DagPbError::FieldOrder(field)); // each at most once: hash, name, size
            }
            last = field;
            match (field, wire_type) {
                (1, BYTES) => cid = cid_from_bytes(reader.bytes()?),
                (2, BYTES) => {
                    let text = std::str::from_utf8(reader.bytes()?).map_err(|_| DagPbError::BadName)?;
                    name = Some(text.to_owned());
                }
                (3, VARINT) => tsize = Some(reader.varint()?),
                _ => return Err(DagPbError::UnexpectedField(field)),
            }
        }
        Ok(Self { cid: cid.ok_or(DagPbError::BadCid)?, name, tsize })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cid_text::{Multihash, parse_cid};

    const CHILD: [u8; 6] = [1, 0x55, 0, 2, b'h', b'i']; // an identity CID

    fn decode(bytes: &[u8]) -> Result<PbNode, DagPbError> {
        PbNode::decode(&Bytes::copy_from_slice(bytes))
    }

    fn link(fields: &[&[u8]]) -> Vec<u8> {
        let fields = fields.concat();
        [&[0x12, u8::try_from(fields.len()).unwrap()][..], &fields].concat()
    }

    fn hash() -> Vec<u8> {
        [&[0x0a, 6][..], &CHILD].concat()
    }

    #[test]
    fn a_directory_of_one_file_is_the_known_block() {
        let file = parse_cid("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH").unwrap();
        let node = PbNode {
            links: vec![PbLink { cid: file, name: Some("empty".into()), tsize: Some(6) }],
            data: Some(Bytes::from_static(&[8, 1])),
        };
        let expected = format!("122d0a22{}1205656d70747918060a020801", hex::encode(file.to_bytes()));
        assert_eq!(hex::encode(node.encode()), expected);
    }

    #[test]
    fn data_may_come_first_but_not_between_links() {
        let child = link(&[&hash()]);
        let data = [0x0a, 1, b'd'];
        let usual = decode(&[&child[..], &child, &data].concat()).unwrap();
        assert_eq!(decode(&[&data[..], &child, &child].concat()), Ok(usual));
        assert_eq!(decode(&[&child[..], &data, &child].concat()), Err(DagPbError::FieldOrder(2)));
        assert_eq!(decode(&[data, data].concat()), Err(DagPbError::FieldOrder(1)));
    }

    #[test]
    fn nodes_that_are_not_dag_pb_are_refused() {
        let name = [0x12, 1, b'n'];
        let size = [0x18, 5];
        for (bytes, error) in [
            (vec![0x1a, 0], DagPbError::UnexpectedField(3)),
            (vec![0x08, 1], DagPbError::UnexpectedField(1)),
            (vec![0x0a, 2, 1], DagPbError::Wire(WireError::Truncated)),
            (link(&[&name]), DagPbError::BadCid),
            (link(&[&[0x0a, 0]]), DagPbError::BadCid),
            (link(&[&[0x0a, 7], &CHILD, &[0]]), DagPbError::BadCid),
            (link(&[&name, &hash()]), DagPbError::FieldOrder(1)),
            (link(&[&hash(), &size, &name]), DagPbError::FieldOrder(2)),
            (link(&[&hash(), &size, &size]), DagPbError::FieldOrder(3)),
            (link(&[&hash(), &[0x12, 1, 0xff]]), DagPbError::BadName),
            (link(&[&hash(), &[0x20, 1]]), DagPbError::UnexpectedField(4)),
        ] {
            assert_eq!(decode(&bytes), Err(error), "{}", hex::encode(&bytes));
        }
    }

    #[test]
    fn a_block_of_tiny_links_is_refused() {
        let tiny = link(&[&[0x0a, 4, 1, 0x55, 0, 0]]);
        assert_eq!(decode(&tiny.repeat(MAX_LINKS)).unwrap().links.len(), MAX_LINKS);
        assert_eq!(decode(&tiny.repeat(MAX_LINKS + 1)), Err(DagPbError::TooManyLinks));
    }

    #[test]
    fn data_is_not_copied() {
        let block = Bytes::from(vec![0x0a, 3, 1, 2, 3]);
        let node = PbNode::decode(&block).unwrap();
        assert_eq!(node.data.unwrap().as_ptr(), block[2..].as_ptr());
    }

    prop_compose! {
        fn any_link()(
            digest in prop::collection::vec(any::<u8>(), 0..64),
            name in prop::option::of(".{0,20}"),
            tsize: Option<u64>,
        ) -> PbLink {
            PbLink { cid: Cid::new_v1(0x55, Multihash::wrap(0, &digest).unwrap()), name, tsize }
        }
    }

    proptest! {
        #[test]
        fn a_node_comes_back(
            links in prop::collection::vec(any_link(), 0..8),
            data in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        ) {
            let node = PbNode { links, data: data.map(Bytes::from) };
            let block = node.encode();
            prop_assert_eq!(block.len(), node.encoded_len());
            prop_assert_eq!(decode(&block), Ok(node));
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(node) = decode(&bytes) {
                prop_assert_eq!(decode(&node.encode()), Ok(node));
            }
        }

        #[test]
        fn a_damaged_node_gives_an_answer(links in prop::collection::vec(any_link(), 1..4), at: prop::sample::Index, byte: u8) {
            let mut block = PbNode { links, data: Some(Bytes::from_static(b"data")) }.encode();
            let at = at.index(block.len());
            block[at] = byte;
            if let Ok(node) = decode(&block) {
                prop_assert_eq!(decode(&node.encode()), Ok(node));
            }
        }
    }
}

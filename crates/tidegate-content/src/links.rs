//! What a block links to, for whoever needs the whole DAG and not what it means: DAG-PB and DAG-CBOR. Other codecs have no
//! links, or none that are known here.

use bytes::Bytes;

use crate::cid_text::{CBOR, Cid, DAG_CBOR, DAG_PB, JSON, RAW, cid_from_bytes};
use crate::dag_pb::{MAX_LINKS, PbNode};
use crate::node::NodeError;

/// The tag that marks a link in DAG-CBOR: <https://ipld.io/specs/codecs/dag-cbor/spec/#links>.
const LINK_TAG: u64 = 42;

/// The children of the block of `cid`, in the order in which it names them.
pub(crate) fn links(cid: &Cid, block: &Bytes) -> Result<Vec<Cid>, NodeError> {
    match cid.codec() {
        DAG_PB => Ok(PbNode::decode(block)?.links.into_iter().map(|link| link.cid).collect()),
        DAG_CBOR => cbor_links(block),
        _ => Ok(Vec::new()),
    }
}

/// Whether all links of a block of this codec are known.
pub(crate) fn is_followed(codec: u64) -> bool {
    matches!(codec, DAG_PB | DAG_CBOR | RAW | CBOR | JSON)
}

/// Goes through the heads of one item without building it: an item is followed by the items in it, so all that has to be
/// remembered is how many are still to come.
fn cbor_links(block: &[u8]) -> Result<Vec<Cid>, NodeError> {
    let mut links = Vec::new();
    let mut rest = block;
    let mut to_come: u64 = 1;
    while to_come > 0 {
        to_come -= 1;
        let (major, value) = head(&mut rest)?;
        let inside = match major {
            0 | 1 | 7 => 0,
            2 | 3 => {
                take(&mut rest, value)?;
                0
            }
            4 => value,
            5 => value.checked_mul(2).ok_or(TRUNCATED)?,
            _ if value == LINK_TAG => {
                if links.len() == MAX_LINKS {
                    return Err(NodeError::TooDeep);
                }
                links.push(link(&mut rest)?);
                0
            }
            _ => 1,
        };
        // Each item takes a byte at least.
        if inside > rest.len() as u64 {
            return Err(TRUNCATED);
        }
        to_come += inside;
    }
    if rest.is_empty() { Ok(links) } else { Err(NodeError::DagCbor("something follows the one item")) }
}

const TRUNCATED: NodeError = NodeError::DagCbor("it ends too early");

/// The major type of the next item, and its number: a value, a length or a count.
fn head(rest: &mut &[u8]) -> Result<(u8, u64), NodeError> {
    let first = take(rest, 1)?[0];
    let value = match first & 31 {
        small @ 0..24 => u64::from(small),
        extra @ 24..28 => {
            let bytes = take(rest, 1 << (extra - 24))?;
            bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
        }
        _ => return Err(NodeError::DagCbor("a length is not definite")),
    };
    Ok((first >> 5, value))
}

/// The bytes behind a link's tag: a multibase prefix of zero, and a CID.
fn link(rest: &mut &[u8]) -> Result<Cid, NodeError> {
    let (major, len) = head(rest)?;
    let bytes = if major == 2 { take(rest, len)? } else { &[] };
    match bytes.split_first() {
        Some((0, cid)) => cid_from_bytes(cid).ok_or(NodeError::DagCbor("a link has no valid CID")),
        _ => Err(NodeError::DagCbor("a link has no valid CID")),
    }
}

fn take<'a>(rest: &mut &'a [u8], len: u64) -> Result<&'a [u8], NodeError> {
    let len = usize::try_from(len).map_err(|_| TRUNCATED)?;
    let (taken, left) = rest.split_at_checked(len).ok_or(TRUNCATED)?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cid_text::{Multihash, parse_cid};

    fn read(hex: &str) -> Result<Vec<Cid>, NodeError> {
        cbor_links(&hex::decode(hex).unwrap())
    }

    #[test]
    fn links_are_found_wherever_they_are() {
        let cid = parse_cid("bafyreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe").unwrap();
        let link = format!("d82a582500{}", hex::encode(cid.to_bytes()));
        assert_eq!(read(&link), Ok(vec![cid]));
        // {"a": [link, 1, -2, h'00', "x", {"b": link}], "c": null, "d": 1.5}
        let nested =
            format!("a3616186{link}01214100617 8a16162{link}6163f66164fb3ff8000000000000").replace(' ', "");
        assert_eq!(read(&nested), Ok(vec![cid, cid]));
        assert_eq!(read("a0"), Ok(vec![]));
    }

    #[test]
    fn what_is_not_one_whole_item_is_refused() {
        for bad in [
            "",
            "82",
            "8201",
            "0101",
            "9fff",
            "5b7fffffffffffffff",
            "bb8000000000000000",
            "9b00000000ffffffff",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in ["d82a00", "d82a40", "d82a4100", "d82a420155", "d82a8100"] {
            assert_eq!(read(bad), Err(NodeError::DagCbor("a link has no valid CID")), "{bad}");
        }
    }

    #[test]
    fn a_block_of_nothing_but_links_is_bounded() {
        let tiny = Cid::new_v1(RAW, Multihash::wrap(0, &[]).unwrap());
        let link = [&[0xd8, 42, 0x45, 0][..], &tiny.to_bytes()].concat();
        let many = |count: usize| {
            [&[0x9a][..], &u32::try_from(count).unwrap().to_be_bytes(), &link.repeat(count)].concat()
        };
        assert_eq!(cbor_links(&many(MAX_LINKS)).unwrap().len(), MAX_LINKS);
        assert_eq!(cbor_links(&many(MAX_LINKS + 1)), Err(NodeError::TooDeep));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = cbor_links(&bytes);
        }
    }
}

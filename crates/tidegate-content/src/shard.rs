//! HAMT directories: one directory spread over a tree of nodes, each name at the place its hash gives.
//!
//! <https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory>. A node has `fanout` slots; its bit field says which are taken, and each
//! link's name is the slot in hexadecimal, followed by the entry's name or, in a link to a further node, by nothing.
//! Bit field, link names and the hashes of entry names must agree here, so that a name cannot stand in two places.

use crate::cid_text::Cid;
use crate::dag_pb::PbLink;
use crate::hamt::name_hash;
use crate::node::NodeError;
use crate::unixfs::{MURMUR3_X64_64, UnixFs};

/// Kubo's bound. Below 8 the bit field would not fill a byte.
const FANOUTS: std::ops::RangeInclusive<u64> = 8..=1024;

/// One node of a HAMT directory, its links in the order of their slots.
#[derive(Debug)]
pub(crate) struct Shard {
    /// How many bits of a name's hash choose the slot.
    bits: u32,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    /// `None` leads to a further shard.
    name: Option<String>,
    link: Target,
}

#[derive(Debug, Clone, Copy)]
struct Target {
    cid: Cid,
    tsize: Option<u64>,
}

/// What a directory, or a part of one, leads to.
#[derive(Debug)]
pub(crate) enum DirectoryLink {
    /// An entry.
    Entry { name: String, cid: Cid, tsize: Option<u64> },
    /// A further part of a HAMT directory.
    Shard { cid: Cid, place: Place },
}

/// Where in a HAMT a node or an entry stands: the first bits of the hashes of all names below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    prefix: u64,
    bits: u32,
}

impl Place {
    /// The place one level down, or an error where the hash has no bits left for it.
    fn below(self, slot: u64, bits: u32) -> Result<Self, NodeError> {
        let total = self.bits + bits;
        if total > u64::BITS {
            return Err(NodeError::Shard("deeper than the hash is long"));
        }
        Ok(Self { prefix: self.prefix << bits | slot, bits: total })
    }

    fn holds(self, name: &str) -> bool {
        let shift = u64::BITS - self.bits;
        name_hash(name).checked_shr(shift).unwrap_or(0) == self.prefix
    }
}

/// What a shard has for a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Entry(Cid),
    /// Look on in this shard, at this place.
    Shard(Cid, Place),
    Nothing,
}

impl Shard {
    pub(crate) fn new(message: &UnixFs, links: Vec<PbLink>) -> Result<Self, NodeError> {
        let fanout = message.fanout.unwrap_or_default();
        if !fanout.is_power_of_two() || !FANOUTS.contains(&fanout) {
            return Err(NodeError::Shard("fanout is not a power of two from 8 to 1024"));
        }
        if message.hash_type != Some(MURMUR3_X64_64) {
            return Err(NodeError::Shard("unknown hash function"));
        }
        let field = message.data.as_deref().unwrap_or_default();
        if field.len() as u64 > fanout / 8 {
            return Err(NodeError::Shard("bit field is longer than the fanout"));
        }
        let mut taken = taken_slots(field);
        let digits = hex_digits(fanout);
        let slots = links.into_iter().map(|link| {
            let number = taken.next().ok_or(NodeError::Shard("more links than its bit field says"))?;
            Slot::new(link, number, digits)
        });
        let slots = slots.collect::<Result<_, _>>()?;
        if taken.next().is_some() {
            return Err(NodeError::Shard("fewer links than its bit field says"));
        }
        Ok(Self { bits: fanout.trailing_zeros(), slots })
    }

    /// Looks for `name` in this shard, which stands at `place`.
    pub(crate) fn find(&self, name: &str, place: Place) -> Result<Found, NodeError> {
        if place.bits + self.bits > u64::BITS {
            return Err(NodeError::Shard("deeper than the hash is long"));
        }
        let wanted = name_hash(name) << place.bits >> (u64::BITS - self.bits);
        let Ok(index) = self.slots.binary_search_by_key(&wanted, |slot| slot.number) else {
            return Ok(Found::Nothing);
        };
        let slot = &self.slots[index];
        Ok(match &slot.name {
            None => Found::Shard(slot.link.cid, place.below(slot.number, self.bits)?),
            Some(found) if found == name => Found::Entry(slot.link.cid),
            Some(_) => Found::Nothing,
        })
    }

    /// All links of this shard, which stands at `place`, each entry checked against the place it has.
    pub(crate) fn into_links(self, place: Place) -> Result<Vec<DirectoryLink>, NodeError> {
        let bits = self.bits;
        let links = self.slots.into_iter().map(|slot| {
            let place = place.below(slot.number, bits)?;
            let Target { cid, tsize } = slot.link;
            match slot.name {
                None => Ok(DirectoryLink::Shard { cid, place }),
                Some(name) if place.holds(&name) => Ok(DirectoryLink::Entry { name, cid, tsize }),
                Some(_) => Err(NodeError::Shard("a name is not where its hash belongs")),
            }
        });
        links.collect()
    }
}

impl Slot {
    fn new(link: PbLink, number: u64, digits: usize) -> Result<Self, NodeError> {
        let full = link.name.ok_or(NodeError::NoName)?;
        let (prefix, name) =
            full.split_at_checked(digits).ok_or(NodeError::Shard("link name is too short"))?;
        let upper_hex = prefix.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
        if !upper_hex || u64::from_str_radix(prefix, 16) != Ok(number) {
            return Err(NodeError::Shard("link name does not say its slot"));
        }
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Self { number, name, link: Target { cid: link.cid, tsize: link.tsize } })
    }
}

/// The entries of a directory that is one node.
pub(crate) fn directory_links(links: Vec<PbLink>) -> Result<Vec<DirectoryLink>, NodeError> {
    let links = links.into_iter().map(|PbLink { cid, name, tsize }| {
        let name = name.ok_or(NodeError::NoName)?;
        Ok(DirectoryLink::Entry { name, cid, tsize })
    });
    links.collect()
}

/// Numbers of the bits set in a big-endian bit field, ascending.
fn taken_slots(field: &[u8]) -> impl Iterator<Item = u64> {
    let bytes = (0_u64..).step_by(8).zip(field.iter().rev().copied());
    bytes.flat_map(|(first, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| first + bit))
}

/// Length of the largest slot's number in hexadecimal.
fn hex_digits(fanout: u64) -> usize {
    match fanout - 1 {
        0..=0xf => 1,
        0x10..=0xff => 2,
        _ => 3,
    }
}

//! Stories of [`CarReader`](super::CarReader).
#![allow(clippy::unwrap_used)]

use multihash_codetable::{Code, MultihashDigest};
use proptest::prelude::*;

use super::super::{v1, v2};
use super::*;

fn cid(data: &[u8]) -> Cid {
    let digest = Code::Sha2_256.digest(data);
    Cid::new_v1(0x55, multihash::Multihash::wrap(0x12, digest.digest()).unwrap())
}

/// A CARv1 of raw blocks, and the events it should give.
fn car(blocks: &[Vec<u8>]) -> (Vec<u8>, Vec<CarEvent>) {
    let roots = vec![cid(b"root")];
    let mut bytes = v1::encode_header(&roots);
    let mut events = vec![CarEvent::Header(roots)];
    for block in blocks {
        let (cid, offset) = (cid(block), bytes.len() as u64);
        bytes.extend_from_slice(&v1::section_prefix(&cid, block.len()));
        bytes.extend_from_slice(block);
        events.push(CarEvent::Block { cid, data: Bytes::from(block.clone()), offset });
    }
    (bytes, events)
}

/// The same as a CARv2 with padding on both sides and something behind it.
fn wrap(payload: &[u8], padding: usize) -> Vec<u8> {
    let data_offset = V2Header::END + padding as u64;
    let header = V2Header {
        data_offset,
        index_offset: data_offset + payload.len() as u64 + 3,
        ..V2Header::unpadded(payload.len() as u64)
    };
    [&v2::PRAGMA[..], &header.encode(), &vec![0xff; padding], payload, b"...an index"].concat()
}

/// Reads `bytes` cut at the given places, which may repeat.
fn read(bytes: &[u8], cuts: &[usize]) -> Result<Vec<CarEvent>, CarError> {
    let mut reader = CarReader::new(CarLimits::default());
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let mut events = Vec::new();
    for window in cuts.windows(2) {
        reader.feed(Bytes::copy_from_slice(&bytes[window[0]..window[1]]));
        while let Some(event) = reader.next()? {
            events.push(event);
        }
    }
    reader.finish()?;
    Ok(events)
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        padding in 0_usize..100,
    ) {
        let (bytes, events) = car(&blocks);
        prop_assert_eq!(read(&bytes, &cuts).unwrap(), events.clone());
        prop_assert_eq!(read(&wrap(&bytes, padding), &cuts).unwrap(), events);
    }

    #[test]
    fn a_cut_stream_never_ends_well(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 1..4)) {
        let (bytes, events) = car(&blocks);
        let borders: Vec<_> = events.iter().filter_map(|event| match event {
            CarEvent::Block { offset, .. } => usize::try_from(*offset).ok(),
            CarEvent::Header(_) => None,
        }).collect();
        for len in (0..bytes.len()).filter(|len| !borders.contains(len)) {
            prop_assert_eq!(read(&bytes[..len], &[]), Err(CarError::Truncated), "cut at {}", len);
        }
        let v2 = wrap(&bytes, 5);
        for len in 0..v2.len() - b"...an index".len() {
            prop_assert_eq!(read(&v2[..len], &[]), Err(CarError::Truncated), "v2 cut at {}", len);
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<usize>()) {
        let _ = read(&bytes, &[cut]);
        let _ = read(&[&v1::encode_header(&[])[..], &bytes].concat(), &[cut]);
        let _ = read(&[&v2::PRAGMA[..], &bytes].concat(), &[cut]);
    }
}

#[test]
fn a_long_block_fed_byte_by_byte_is_read() {
    let (bytes, events) = car(&[vec![3; 1 << 20]]);
    let every: Vec<_> = (0..bytes.len()).collect();
    assert_eq!(read(&bytes, &every).unwrap(), events);
}

#[test]
fn a_block_within_one_piece_is_not_copied() {
    let (bytes, _) = car(&[vec![5; 1000]]);
    let bytes = Bytes::from(bytes);
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(bytes.clone());
    assert!(matches!(reader.next().unwrap(), Some(CarEvent::Header(_))));
    let Some(CarEvent::Block { data, .. }) = reader.next().unwrap() else { panic!("no block") };
    assert!(bytes.as_ptr_range().contains(&data.as_ptr()));
}

#[test]
fn a_length_over_the_limit_is_refused_before_its_bytes_come() {
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(Bytes::from_static(b"\x81\x80\x04"));
    assert_eq!(reader.next(), Err(CarError::HeaderTooLong { len: 65_537, limit: 65_536 }));

    let mut reader = CarReader::new(CarLimits { block: 1000, ..CarLimits::default() });
    reader.feed(Bytes::from(v1::encode_header(&[])));
    reader.next().unwrap();
    reader.feed(Bytes::from_static(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    let error = CarError::SectionTooLong { len: u64::MAX, limit: 1000 + MAX_CID_BYTES };
    assert_eq!(reader.next(), Err(error.clone()));
    reader.feed(Bytes::from_static(b"more"));
    assert_eq!(reader.next(), Err(error.clone()), "an error stays");
    assert_eq!(reader.finish(), Err(error));
}

#[test]
fn a_block_over_the_limit_is_refused_even_with_a_short_cid() {
    let limits = CarLimits { block: 1000, ..CarLimits::default() };
    for (len, fits) in [(1000, true), (1001, false)] {
        let mut reader = CarReader::new(limits);
        reader.feed(Bytes::from(car(&[vec![0; len]]).0));
        reader.next().unwrap();
        assert_eq!(reader.next().is_ok(), fits);
    }
}

#[test]
fn malformed_streams_are_refused() {
    let header = v1::encode_header(&[]);
    let section = |bytes: &[u8]| [&header[..], bytes].concat();
    assert_eq!(read(&section(b"\x00"), &[]), Err(CarError::SectionCid));
    assert_eq!(read(&section(b"\x02\x01\x55"), &[]), Err(CarError::SectionCid));
    assert_eq!(read(&section(b"\x81\x00"), &[]), Err(CarError::Varint));
    assert_eq!(read(&section(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &[]), Err(CarError::Varint));
    assert_eq!(read(b"\x00", &[]), Err(CarError::Header("ends too early")));
    assert_eq!(read(b"\x11\xa2\x67version\x03\x65roots\x80", &[]), Err(CarError::Version(3)));
}

#[test]
fn a_carv2_may_not_hold_another_or_lie_about_its_payload() {
    let (payload, _) = car(&[vec![1; 50]]);
    assert_eq!(read(&wrap(&wrap(&payload, 0), 0), &[]), Err(CarError::Version(2)));

    let mut short = wrap(&payload, 0);
    short[35..43].copy_from_slice(&(payload.len() as u64 - 1).to_le_bytes());
    assert_eq!(read(&short, &[]), Err(CarError::PayloadOverrun));

    let mut far = wrap(&payload, 0);
    far[27..35].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    far[43..51].copy_from_slice(&0_u64.to_le_bytes());
    assert!(matches!(read(&far, &[]), Err(CarError::V2Header(_))));
}

#[test]
fn a_carv2_says_when_nothing_more_is_needed() {
    let (payload, events) = car(&[vec![1; 50]]);
    let mut reader = CarReader::new(CarLimits::default());
    reader.feed(Bytes::from(wrap(&payload, 0)));
    for event in events {
        assert!(!reader.payload_ended());
        assert_eq!(reader.next().unwrap(), Some(event));
    }
    assert!(reader.payload_ended());
    assert_eq!(reader.next().unwrap(), None);
    reader.finish().unwrap();
}

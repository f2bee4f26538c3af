//! CAR streams: any split must say the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidegate_content::car::{CarError, CarEvent, CarLimits, CarReader};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, stream)) = data.split_first() else {
        return;
    };
    let (whole, whole_end) = read(stream, stream.len());
    let (pieces, pieces_end) = read(stream, usize::from(piece));
    assert_eq!(whole, pieces);
    assert_eq!(whole_end, pieces_end);
});

fn read(stream: &[u8], piece: usize) -> (Vec<CarEvent>, Result<(), CarError>) {
    let mut reader = CarReader::new(CarLimits::default());
    let mut events = Vec::new();
    for piece in stream.chunks(piece.max(1)) {
        reader.feed(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Err(error)),
            }
        }
    }
    (events, reader.finish())
}

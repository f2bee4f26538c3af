//! Tar streams: any split must say the same, and no path may lead out.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidegate_content::tar::{TarError, TarEvent, TarReader};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, stream)) = data.split_first() else {
        return;
    };
    let (whole, whole_end) = read(stream, stream.len());
    let (pieces, pieces_end) = read(stream, usize::from(piece));
    assert_eq!(whole, pieces);
    assert_eq!(whole_end, pieces_end);
});

/// What the archive holds; content is joined.
fn read(stream: &[u8], piece: usize) -> (Vec<TarEvent>, Result<(), TarError>) {
    let mut reader = TarReader::default();
    let mut events: Vec<TarEvent> = Vec::new();
    for piece in stream.chunks(piece.max(1)) {
        reader.feed(Bytes::copy_from_slice(piece));
        loop {
            match (reader.next(), events.last_mut()) {
                (Ok(Some(TarEvent::Data(bytes))), Some(TarEvent::Data(before))) => {
                    *before = [&before[..], &bytes].concat().into();
                }
                (Ok(Some(event)), _) => {
                    if let TarEvent::Entry { path, .. } = &event {
                        assert!(path.split('/').all(|name| !matches!(name, "" | "." | "..")));
                    }
                    events.push(event);
                }
                (Ok(None), _) => break,
                (Err(error), _) => return (events, Err(error)),
            }
        }
    }
    (events, reader.finish())
}

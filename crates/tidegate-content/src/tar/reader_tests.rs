//! Archives as programs make them, and as nobody should.

use proptest::prelude::*;

use super::*;
use crate::tar::write;

type Read = Result<Vec<(String, TarKind, Vec<u8>)>, TarError>;

/// All entries of an archive that is fed in pieces of this size.
fn read(archive: &[u8], piece: usize) -> Read {
    let (mut reader, mut entries, mut open): (_, Vec<(String, TarKind, Vec<u8>)>, _) =
        (TarReader::default(), Vec::new(), false);
    for piece in archive.chunks(piece) {
        reader.feed(Bytes::copy_from_slice(piece));
        while let Some(event) = reader.next()? {
            match event {
                TarEvent::Entry { path, kind } => {
                    assert!(!open, "an entry inside a file");
                    open = matches!(kind, TarKind::File { .. });
                    entries.push((path, kind, Vec::new()));
                }
                TarEvent::Data(bytes) => {
                    assert!(open && !bytes.is_empty());
                    entries.last_mut().expect("an entry").2.extend_from_slice(&bytes);
                }
                TarEvent::FileEnd => assert!(std::mem::take(&mut open)),
            }
        }
    }
    reader.finish().map(|()| entries)
}

fn entry(path: &str, kind: &TarKind, content: &[u8]) -> Vec<u8> {
    [&write::head(path, kind)[..], content, &vec![0; write::padding(content.len() as u64)]].concat()
}

fn file(path: &str, content: &[u8]) -> Vec<u8> {
    entry(path, &TarKind::File { size: content.len() as u64 }, content)
}

/// An entry with any header.
fn raw(path: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let header = Header { path: path.into(), link: link.into(), size: content.len() as u64, kind };
    [&header.encode()[..], content, &vec![0; write::padding(content.len() as u64)]].concat()
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    [&entries.concat()[..], &write::END].concat()
}

fn paths(archive: &[u8]) -> Result<Vec<String>, TarError> {
    Ok(read(archive, 7)?.into_iter().map(|(path, ..)| path).collect())
}

fn kind() -> impl Strategy<Value = (TarKind, Vec<u8>)> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..1500)
            .prop_map(|content| (TarKind::File { size: content.len() as u64 }, content)),
        Just((TarKind::Directory, Vec::new())),
        ".{0,200}"
            .prop_filter("zero", |target| !target.contains('\0'))
            .prop_map(|target| (TarKind::Symlink { target }, Vec::new())),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let name = "[^/\0]{1,70}".prop_filter("leads elsewhere", |name| !matches!(name.as_str(), "." | ".."));
    prop::collection::vec(name, 1..5).prop_map(|names| names.join("/"))
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        entries in prop::collection::vec((path(), kind()), 0..6),
        piece in 1usize..2000,
    ) {
        let parts: Vec<_> = entries.iter().map(|(path, (kind, content))| entry(path, kind, content)).collect();
        let expected: Vec<_> =
            entries.into_iter().map(|(path, (kind, content))| (path, kind, content)).collect();
        prop_assert_eq!(read(&archive(&parts), piece), Ok(expected));
    }

    #[test]
    fn a_cut_archive_is_never_complete(content in prop::collection::vec(any::<u8>(), 0..1500), at in 0.0..1.0f64) {
        let whole = [file("a", &content), file("b", b"b")].concat();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (at * whole.len() as f64) as usize;
        prop_assert_eq!(read(&whole[..at], 100), Err(TarError::Truncated));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), kind in any::<u8>(), size in any::<u64>(), piece in 1usize..700) {
        let _ = read(&bytes, piece);
        let header = Header { path: b"a".to_vec(), link: Vec::new(), size, kind };
        let _ = read(&[&header.encode()[..], &bytes].concat(), piece);
        let _ = read(&archive(&[raw("x", b'x', "", &bytes), file("a", b"a")]), piece);
    }
}

#[test]
fn paths_are_taken_as_far_as_they_lead_down() {
    let good = archive(&[raw("./", b'5', "", b""), raw("./a//./b", b'0', "", b"x"), raw("c/", 0, "", b"")]);
    assert_eq!(paths(&good), Ok(vec!["a/b".to_owned(), "c".to_owned()]));
    for bad in ["/etc/passwd", "..", "a/../../b", "a/..", "./../x"] {
        assert_eq!(paths(&archive(&[file(bad, b"x")])), Err(TarError::Outside(bad.to_owned())));
    }
    assert_eq!(paths(&archive(&[file(".", b"x")])), Err(TarError::Outside(".".to_owned())));
}

#[test]
fn what_content_cannot_hold_is_named() {
    for (kind, what) in [
        (b'1', "a hard link"),
        (b'3', "a device"),
        (b'6', "a named pipe"),
        (b'S', "a sparse file"),
        (b'?', "of an unknown type"),
    ] {
        let error = paths(&archive(&[file("a", b"x"), raw("dir/odd", kind, "a", b"")]));
        assert_eq!(error, Err(TarError::Unsupported { path: "dir/odd".to_owned(), what }));
    }
    let sparse =
        [raw("x", b'x', "", &crate::tar::pax::encode("GNU.sparse.major", b"1")), file("holes", b"x")];
    assert_eq!(paths(&archive(&sparse)), Err(unsupported("holes".to_owned(), "a sparse file")));
    assert_eq!(paths(&archive(&[raw("d", b'5', "", b"content")])), Err(TarError::Content("d".to_owned())));
    assert_eq!(paths(&archive(&[raw("l", b'2', "a", b"content")])), Err(TarError::Content("l".to_owned())));
}

#[test]
fn long_names_come_in_the_ways_of_both_families() {
    let long = format!("{}/{}", "d".repeat(150), "f".repeat(150));
    let target = "t".repeat(150);
    let pax = crate::tar::pax::encode("path", long.as_bytes());
    let global = crate::tar::pax::encode("comment", b"made by a test");
    let members = [
        raw("pax_global_header", b'g', "", &global),
        raw("x", b'x', "", &pax),
        raw("short", b'0', "", b"1"),
        raw("././@LongLink", b'L', "", format!("{long}2\0").as_bytes()),
        raw("././@LongLink", b'K', "", target.as_bytes()),
        raw("cut", b'2', "cut", b""),
        file("after", b"2"),
    ];
    let expected = vec![
        (long.clone(), TarKind::File { size: 1 }, b"1".to_vec()),
        (format!("{long}2"), TarKind::Symlink { target }, Vec::new()),
        ("after".to_owned(), TarKind::File { size: 1 }, b"2".to_vec()),
    ];
    assert_eq!(read(&archive(&members), 1000), Ok(expected));
}

#[test]
fn the_size_of_an_extended_header_counts_for_content_and_what_is_skipped() {
    // Readers that disagree on it see different archives in the same bytes.
    let hidden = file("hidden", b"h");
    let size = crate::tar::pax::encode("size", hidden.len().to_string().as_bytes());
    let mut outer =
        Header { path: b"outer".to_vec(), link: Vec::new(), size: 0, kind: b'0' }.encode().to_vec();
    outer.extend_from_slice(&hidden);
    let entries = read(&archive(&[raw("x", b'x', "", &size), outer]), 512);
    assert_eq!(entries, Ok(vec![("outer".to_owned(), TarKind::File { size: hidden.len() as u64 }, hidden)]));
}

#[test]
fn nothing_is_held_because_a_header_says_so() {
    let header = |kind| Header { path: b"x".to_vec(), link: Vec::new(), size: 1 << 40, kind }.encode();
    for kind in *b"xgLK" {
        assert_eq!(read(&header(kind), 512), Err(TarError::ExtendedTooLong(1 << 40)));
    }
    // A file of that size is given on as it comes.
    let mut reader = TarReader::default();
    reader.feed(Bytes::copy_from_slice(&header(b'0')));
    assert!(matches!(reader.next(), Ok(Some(TarEvent::Entry { .. }))));
    reader.feed(Bytes::from_static(b"abc"));
    assert_eq!(reader.next(), Ok(Some(TarEvent::Data(Bytes::from_static(b"abc")))));
    assert_eq!(reader.next(), Ok(None));
}

#[test]
fn names_are_text_and_global_names_are_refused() {
    let mut bytes = raw("a", b'0', "", b"");
    bytes[..3].copy_from_slice(b"a\xff\0");
    let header = Header { path: b"a\xff".to_vec(), link: Vec::new(), size: 0, kind: b'0' }.encode();
    assert_eq!(read(&header, 512), Err(TarError::NotText("a\u{fffd}".to_owned())));
    assert_eq!(read(&bytes, 512), Err(TarError::Header), "the checksum is of the name before");
    let global = raw("g", b'g', "", &crate::tar::pax::encode("path", b"everything"));
    assert_eq!(read(&global, 512), Err(TarError::Extended));
}

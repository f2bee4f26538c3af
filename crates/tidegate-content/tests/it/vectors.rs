//! Every entry of the reference vectors.

use std::num::NonZeroUsize;

use bytes::Bytes;
use cid::multibase::Base;
use tidegate_content::unixfs::Kind;
use tidegate_content::{
    DirectoryImport, FileImport, Hasher, Imported, PbNode, Profile, UnixFs, cid_text, content_key, parse_cid,
    sha256,
};

use crate::support::{
    Counter, Expected, FileVector, Memory, PublishedDirectory, Sizes, TreeEntry, chacha, content, import,
    import_tree, profile, vectors,
};

fn two_threads() -> Hasher {
    Hasher::threads(NonZeroUsize::new(2).unwrap())
}

#[test]
fn the_content_is_what_the_vectors_mean() {
    for check in vectors().generator_check {
        let bytes: Vec<Bytes> = content(check.seed.value(), check.size).collect();
        assert_eq!(hex::encode(bytes.concat()), check.hex);
    }
}

#[test]
fn profiles_have_the_sizes_of_the_vectors() {
    let vectors = vectors();
    assert_eq!(vectors.profiles.len(), Profile::ALL.len());
    for (name, sizes) in vectors.profiles.iter().chain(&vectors.tiny_profiles) {
        check_profile(profile(name), sizes);
    }
}

fn check_profile(profile: Profile, sizes: &Sizes) {
    assert_eq!(profile.chunk_bytes(), sizes.chunk);
    assert_eq!(profile.max_links(), sizes.width);
    assert_eq!(profile.raw_leaves(), sizes.raw_leaves);
    if let Some(estimate) = &sizes.hamt_estimate {
        let name = format!("{:?}", profile.shard_estimate());
        assert_eq!(name.to_lowercase(), estimate.replace('-', ""));
    }
    let directory = DirectoryImport::new(profile).finish(&mut Counter::default()).unwrap();
    assert_eq!(u64::from(directory.cid.version()), sizes.cid_version);
}

#[test]
fn cids_are_read_in_every_form() {
    for forms in vectors().cid_forms {
        let cid = parse_cid(&forms.given).unwrap();
        assert_eq!(u64::from(cid.version()), forms.version);
        assert_eq!(cid.codec(), forms.codec);
        assert_eq!(hex::encode(cid.hash().to_bytes()), forms.multihash_hex);
        let key = content_key(&cid);
        for (text, base) in [
            (&forms.v1base32, Base::Base32Lower),
            (&forms.v1base36, Base::Base36Lower),
            (&forms.v1base58btc, Base::Base58Btc),
            (&forms.v1base16, Base::Base16Lower),
        ] {
            assert_eq!(parse_cid(text), Ok(key));
            assert_eq!(&key.to_string_of_base(base).unwrap(), text);
        }
        assert_eq!(parse_cid(&forms.v1base32.to_uppercase()), Ok(key));
    }
}

#[test]
fn files_get_the_cids_of_the_vectors() {
    let mut vectors = vectors().files;
    vectors.sort_by_key(|file| (file.seed, file.size));
    for group in vectors.chunk_by(|a, b| a.seed == b.seed) {
        files_of_one_seed(group[0].seed, group);
    }
}

/// All sizes and profiles of one seed at once, so that its bytes are made once: the longest is over 1 GiB.
fn files_of_one_seed(seed: u64, files: &[FileVector]) {
    struct Running<'a> {
        size: u64,
        import: FileImport,
        sink: Counter,
        expected: &'a Expected,
    }

    let hasher = two_threads();
    let mut running: Vec<Running<'_>> = files
        .iter()
        .flat_map(|file| file.cids.iter().map(|(name, expected)| (file.size, profile(name), expected)))
        .map(|(size, profile, expected)| {
            let import = FileImport::new(profile, &hasher);
            Running { size, import, sink: Counter::default(), expected }
        })
        .collect();
    let longest = files.iter().map(|file| file.size).max().unwrap();
    let mut at = 0;
    for piece in content(seed, longest) {
        for file in &mut running {
            let left = usize::try_from(file.size.saturating_sub(at)).unwrap();
            let part = piece.slice(..left.min(piece.len()));
            file.import.push(part, &mut file.sink).unwrap();
        }
        at += piece.len() as u64;
    }
    for mut file in running {
        let root = file.import.finish(&mut file.sink).unwrap();
        assert_eq!(root.cid.to_string(), file.expected.cid, "{} bytes", file.size);
        assert_eq!(root.dag_size, file.expected.dag_size);
        assert_eq!(root.dag_size, file.sink.bytes);
        assert_eq!(root.size, file.size);
        assert_eq!(Some(file.sink.blocks), file.expected.blocks);
    }
    for file in files.iter().filter(|file| file.size < 1 << 20) {
        let bytes: Vec<Bytes> = content(seed, file.size).collect();
        assert_eq!(hex::encode(sha256(&[&bytes.concat()])), file.sha256);
    }
}

#[test]
fn narrow_trees_get_the_cids_of_the_vectors() {
    for file in vectors().tiny {
        let mut sink = Counter::default();
        let root =
            import(profile(&file.profile), &Hasher::inline(), content(file.seed, file.size), &mut sink);
        assert_eq!(root.cid.to_string(), file.expected.cid, "{} bytes as {}", file.size, file.profile);
        assert_eq!(root.dag_size, file.expected.dag_size);
        assert_eq!(sink.blocks, file.expected.blocks);
    }
}

#[test]
fn trees_get_the_cids_of_the_vectors() {
    for tree in vectors().trees {
        for (name, expected) in &tree.cids {
            check_tree(&tree.name, profile(name), &tree.entries, expected);
        }
    }
}

#[test]
fn large_directories_get_the_cids_of_the_vectors() {
    for directory in vectors().numbered {
        let entries: Vec<TreeEntry> = (0..directory.count)
            .map(|number| TreeEntry {
                path: format!("{}{number:05}.txt", directory.prefix),
                seed: Some(directory.seed_base + number),
                size: Some(directory.size),
            })
            .collect();
        for (name, expected) in &directory.cids {
            check_tree(&directory.name, profile(name), &entries, expected);
        }
    }
}

fn check_tree(tree: &str, profile: Profile, entries: &[TreeEntry], expected: &Expected) {
    let mut sink = Memory::default();
    let root = import_tree(profile, entries, &mut sink);
    assert_eq!(root.cid.to_string(), expected.cid, "{tree} as {}", profile.name());
    assert_eq!(root.dag_size, expected.dag_size, "{tree} as {}", profile.name());
    assert_eq!(root.size, entries.iter().filter_map(|entry| entry.size).sum::<u64>());
    assert_eq!(root.cid.codec(), cid_text::DAG_PB);
    let node = PbNode::decode(&sink.blocks[&root.cid]).unwrap();
    let message = UnixFs::decode(&node.data.unwrap()).unwrap();
    let kind = match message.kind {
        Kind::Directory => "directory",
        Kind::HamtShard => "hamt-sharded-directory",
        other => panic!("{other:?} at the root of a tree"),
    };
    assert_eq!(Some(kind), expected.kind.as_deref());
}

#[test]
fn published_files_get_their_published_cids() {
    let hasher = two_threads();
    for file in vectors().published.files {
        let pieces: Box<dyn Iterator<Item = Bytes>> = match (&file.text, &file.chacha) {
            (Some(text), _) => Box::new(std::iter::once(Bytes::from(text.clone()))),
            (_, Some(seed)) => Box::new(chacha(seed, file.size.unwrap())),
            _ => panic!("a published file is text or random"),
        };
        let root = import(profile(&file.profile), &hasher, pieces, &mut Counter::default());
        assert_eq!(root.cid.to_string(), file.cid);
    }
}

/// The vectors' directories are exactly at the threshold, where they must stay plain; one byte above it, the CIDs are
/// those of Kubo's own test (`test/cli/cid_profiles_test.go`).
#[test]
fn directories_around_the_threshold_get_their_published_cids() {
    let published = vectors().published;
    for directory in published.directories {
        let root = directory_of_x(&published.alphabet, &directory);
        assert_eq!(root.cid.to_string(), directory.cid);
    }
    for (profile, count, name_len, last_name_len, cid) in [
        ("unixfs-v0-2015", 4033, 31, 31, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP"),
        ("unixfs-v1-2025", 4766, 11, 22, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"),
    ] {
        let directory = PublishedDirectory {
            profile: profile.to_owned(),
            chacha: format!("hamt-{profile}"),
            count,
            name_len,
            last_name_len,
            cid: cid.to_owned(),
        };
        let root = directory_of_x(&published.alphabet, &directory);
        assert_eq!(root.cid.to_string(), directory.cid);
    }
}

/// Files that hold an "x", with names drawn from the alphabet by random bytes.
fn directory_of_x(alphabet: &str, directory: &PublishedDirectory) -> Imported {
    let profile = profile(&directory.profile);
    let sink = &mut Counter::default();
    let x = import(profile, &Hasher::inline(), [Bytes::from_static(b"x")], sink);
    let mut letters = chacha(&directory.chacha, 1 << 20)
        .flatten()
        .map(|byte| char::from(alphabet.as_bytes()[usize::from(byte) % alphabet.len()]));
    let mut tree = DirectoryImport::new(profile);
    for number in 1..=directory.count {
        let len = if number == directory.count { directory.last_name_len } else { directory.name_len };
        let name: String = letters.by_ref().take(len).collect();
        tree.add_file(&[name], x).unwrap();
    }
    tree.finish(sink).unwrap()
}

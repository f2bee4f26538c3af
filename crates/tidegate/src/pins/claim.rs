//! Which content ids may stand for the bytes of an upload, and so how the bytes are imported.
//!
//! The client names one CID; several imports of the same bytes are right answers (reference A4): Kubo's old default,
//! and for version 1 also raw leaves in either size. Pure.

use cid::Version;
use tidegate_content::{
    Cid, Profile,
    cid_text::{DAG_PB, RAW, SHA2_256},
};

/// The profiles whose import could give `cid`, the likeliest first; none if no import does.
pub fn profiles_for(cid: &Cid) -> Vec<Profile> {
    if cid.hash().code() != SHA2_256 {
        return Vec::new();
    }
    match (cid.version(), cid.codec()) {
        (Version::V0, _) => vec![Profile::UNIXFS_V0_2015],
        (Version::V1, DAG_PB) => {
            vec![Profile::V1_RAW_256K_174, Profile::UNIXFS_V1_2025, Profile::UNIXFS_V0_2015]
        }
        // A file of one chunk is its leaf: for up to 1 MiB the larger chunk decides.
        (Version::V1, RAW) => vec![Profile::UNIXFS_V1_2025, Profile::V1_RAW_256K_174],
        (Version::V1, _) => Vec::new(),
    }
}

/// The profile to import with while bytes stream in, given what is known before them. Right in all common cases; else
/// the bytes are imported once more from the disk.
pub fn first_profile(hint: Option<Profile>, cid: Option<&Cid>) -> Profile {
    hint.or_else(|| cid.and_then(|cid| profiles_for(cid).first().copied())).unwrap_or(Profile::UNIXFS_V0_2015)
}

#[cfg(test)]
mod tests {
    use tidegate_content::parse_cid;

    use super::*;

    #[test]
    fn only_imports_that_can_match_are_tried() {
        let names = |cid: &str| -> Vec<_> {
            profiles_for(&parse_cid(cid).expect("a CID")).iter().map(Profile::name).collect()
        };
        assert_eq!(names("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"), ["unixfs-v0-2015"]);
        assert_eq!(names("bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y").len(), 3);
        assert_eq!(names("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku").len(), 2);
        // DAG-CBOR, and an identity hash: nothing an upload becomes.
        assert!(names("bafyreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe").is_empty());
        assert!(names("bafkqaaa").is_empty());
    }
}

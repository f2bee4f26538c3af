//! Notes about uploads that are not complete, so that the same command goes on with them: one file each beside the client's
//! profile, which only its owner can read.

use std::{
    fs::{self, File},
    io::Read as _,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use tidegate_content::sha256;

use super::profile;

/// More than any note has.
const MAX_BYTES: u64 = 16 << 10;

/// What is written down of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Its address.
    pub upload: String,
    /// Which content it is, for people who find the file.
    pub cid: String,
}

/// Where the note of one upload is; nowhere if there is no home folder.
pub(super) struct Place(Option<PathBuf>);

impl Place {
    /// For an upload of which `facts` are true: the server, the content, and all that was said about it.
    pub(super) fn of(facts: &[&str]) -> Self {
        let facts: Vec<&[u8]> = facts.iter().flat_map(|fact| [fact.as_bytes(), &[0]]).collect();
        let name = hex::encode(&sha256(&facts)[..16]);
        let profile = profile::path().ok();
        Self(profile.map(|profile| profile.with_file_name("uploads").join(format!("{name}.json"))))
    }

    /// The note, if there is one that can be read.
    pub(super) fn read(&self) -> Option<Note> {
        let mut text = String::new();
        File::open(self.0.as_ref()?).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the note. Without one the upload goes on all the same, only not after a crash.
    pub(super) fn write(&self, note: &Note) {
        if let (Some(path), Ok(text)) = (&self.0, serde_json::to_vec(note)) {
            let _ = profile::write_private(path, &text);
        }
    }

    /// Removes the note: the upload has ended.
    pub(super) fn remove(&self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

//! What is to become of an upload, as its client says: at the beginning, at the end, or some of it here and there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_content::{Cid, Profile, parse_cid};

use crate::{
    db::pins::Visibility,
    pins::{Format, Label, profiles_for},
};

/// The longest name, in characters.
const NAME_CHARS: usize = 1024;

/// See the module's documentation. Nothing in it is known to be good before it is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// The content's CID.
    pub cid: Option<String>,
    /// The account's signature of that text.
    pub secret: Option<String>,
    /// How the content becomes blocks.
    pub profile: Option<String>,
    /// What the pin is called.
    pub name: Option<String>,
    /// `public` or `private`.
    pub visibility: Option<String>,
    /// `file`, `tar` or `car`.
    pub format: Option<String>,
    /// What the file is called.
    pub filename: Option<String>,
}

/// Which content an upload is said to be.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) cid: Cid,
    pub(super) text: String,
    pub(super) secret: String,
}

impl Wish {
    /// What metadata says. Keys that mean nothing here are the client's own.
    #[must_use]
    pub fn from_metadata(mut metadata: BTreeMap<String, String>) -> Self {
        let mut take = |key| metadata.remove(key).filter(|value| !value.is_empty());
        Self {
            cid: take("cid"),
            secret: take("secret"),
            profile: take("profile"),
            name: take("name"),
            visibility: take("visibility"),
            format: take("format"),
            filename: take("filename"),
        }
    }

    /// This wish, and what `later` says of it. What the bytes are was said before they came.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            cid: later.cid.or(self.cid),
            secret: later.secret.or(self.secret),
            profile: later.profile.or(self.profile),
            name: later.name.or(self.name),
            visibility: later.visibility.or(self.visibility),
            ..self
        }
    }

    /// Whether all that is said makes sense.
    pub(super) fn check(&self) -> Result<(), String> {
        let one_of = |key: &str, names: &[&str]| Err(format!("{key} is one of {}", names.join(", ")));
        if self.profile.is_some() && self.profile().is_none() {
            return one_of("profile", &Profile::ALL.each_ref().map(Profile::name));
        }
        if self.visibility.is_some() && self.visibility().is_none() {
            return one_of("visibility", &["public", "private"]);
        }
        if self.format.as_deref().is_some_and(|format| Format::by_name(format).is_none()) {
            return one_of("format", &Format::ALL.map(Format::as_str));
        }
        for (key, text) in [("name", &self.name), ("filename", &self.filename)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > NAME_CHARS) {
                return Err(format!("{key} is longer than {NAME_CHARS} characters"));
            }
        }
        let Some(text) = &self.cid else { return Ok(()) };
        let cid = parse_cid(text).map_err(|error| format!("cid: {error}"))?;
        if self.format() != Format::Car && profiles_for(&cid).is_empty() {
            return Err("cid: an uploaded file has a CID of DAG-PB or raw bytes with SHA-256".to_owned());
        }
        Ok(())
    }

    /// Which content it is said to be, where that is known and signed.
    pub(super) fn claim(&self) -> Option<Claim> {
        let (text, secret) = (self.cid.clone()?, self.secret.clone()?);
        Some(Claim { cid: parse_cid(&text).ok()?, text, secret })
    }

    pub(super) fn profile(&self) -> Option<Profile> {
        self.profile.as_deref().and_then(Profile::by_name)
    }

    pub(super) fn format(&self) -> Format {
        self.format.as_deref().and_then(Format::by_name).unwrap_or_default()
    }

    /// What the pin is called, and who may read it.
    pub(super) fn label(&self) -> Label {
        Label { name: self.name.clone().or(self.filename.clone()), visibility: self.visibility() }
    }

    fn visibility(&self) -> Option<Visibility> {
        self.visibility.as_deref().and_then(Visibility::by_name)
    }

    pub(super) fn to_json(&self) -> String {
        // Texts always can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn wish(pairs: &[(&str, &str)]) -> Wish {
        Wish::from_metadata(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn metadata_that_makes_no_sense_is_refused_with_what_would() {
        let cbor = "bafyreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe";
        for (key, value, words) in [
            ("cid", "nothing", "cid: "),
            ("cid", cbor, "DAG-PB or raw"),
            ("profile", "fast", "unixfs-v0-2015"),
            ("visibility", "hidden", "public, private"),
            ("format", "zip", "file, tar, car"),
            ("name", &"é".repeat(NAME_CHARS + 1), "1024"),
        ] {
            let problem = wish(&[(key, value)]).check().unwrap_err();
            assert!(problem.contains(words), "{key}: {problem}");
        }
        assert_eq!(wish(&[("cid", cbor), ("format", "car"), ("other", "x")]).check(), Ok(()));
        assert_eq!(wish(&[("cid", ""), ("filename", "a.txt")]).label().name.as_deref(), Some("a.txt"));
    }

    #[test]
    fn what_is_said_later_counts_but_not_of_what_the_bytes_are() {
        let first = wish(&[("format", "tar"), ("name", "first"), ("visibility", "private")]);
        let both = first.and(wish(&[("format", "car"), ("name", "second"), ("cid", "x")]));
        assert_eq!((both.format(), both.name.as_deref()), (Format::Tar, Some("second")));
        assert_eq!(both.visibility.as_deref(), Some("private"));
        assert_eq!(Wish::from_json(&both.to_json()), both);
    }
}

//! `pinataMetadata` and `pinataOptions`: JSON that comes inside JSON, or as a form's field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tidegate_content::Profile;

use super::PinataError;

/// The longest name, in characters.
const NAME_CHARS: usize = 1024;
/// Keys of one pin.
const MAX_KEYS: usize = 100;
/// The longest key or value, in bytes.
const MAX_TEXT: usize = 4096;

/// What a client says about what it pins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub name: Option<String>,
    pub keyvalues: BTreeMap<String, String>,
}

/// How something is to be pinned.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    #[serde(deserialize_with = "version")]
    cid_version: CidVersion,
    /// Whether a folder is put around the files.
    pub wrap_with_directory: bool,
    /// Where the content may be found.
    pub host_nodes: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum CidVersion {
    #[default]
    V0,
    V1,
}

impl Options {
    /// Reads a form's field.
    pub(super) fn parse(text: &str) -> Result<Self, PinataError> {
        Self::from_json(json("pinataOptions", text)?)
    }

    /// Reads a part of a JSON body.
    pub(super) fn from_json(value: Value) -> Result<Self, PinataError> {
        if value.is_null() {
            return Ok(Self::default());
        }
        serde_json::from_value(value).map_err(|error| wrong("pinataOptions", &error.to_string()))
    }

    /// The import that gives the CID that is wanted: Kubo's defaults for either version.
    pub(super) fn profile(&self) -> Profile {
        match self.cid_version {
            CidVersion::V0 => Profile::UNIXFS_V0_2015,
            CidVersion::V1 => Profile::V1_RAW_256K_174,
        }
    }
}

impl Metadata {
    /// Reads a form's field.
    pub(super) fn parse(text: &str) -> Result<Self, PinataError> {
        Self::from_json(json("pinataMetadata", text)?)
    }

    /// Reads a part of a JSON body. Values that are numbers or truth values become text.
    pub(super) fn from_json(value: Value) -> Result<Self, PinataError> {
        const FIELD: &str = "pinataMetadata";
        let mut fields = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(fields) => fields,
            _ => return Err(wrong(FIELD, "it is no object")),
        };
        let name = match fields.remove("name") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) if name.chars().count() <= NAME_CHARS => {
                Some(name).filter(|name| !name.is_empty())
            }
            Some(Value::String(_)) => return Err(wrong(FIELD, "the name is too long")),
            Some(_) => return Err(wrong(FIELD, "the name is not text")),
        };
        let pairs = match fields.remove("keyvalues") {
            None | Some(Value::Null) => serde_json::Map::new(),
            Some(Value::Object(pairs)) if pairs.len() <= MAX_KEYS => pairs,
            Some(Value::Object(_)) => return Err(wrong(FIELD, "there are too many keyvalues")),
            Some(_) => return Err(wrong(FIELD, "keyvalues is no object")),
        };
        let mut keyvalues = BTreeMap::new();
        for (key, value) in pairs {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                _ => return Err(wrong(FIELD, "a value of keyvalues is neither text nor number")),
            };
            if key.len() > MAX_TEXT || text.len() > MAX_TEXT {
                return Err(wrong(FIELD, "a key or value is too long"));
            }
            keyvalues.insert(key, text);
        }
        Ok(Self { name, keyvalues })
    }

    /// The metadata as it is stored.
    pub(super) fn meta(&self) -> String {
        // Maps of text always can be written.
        serde_json::to_string(&self.keyvalues).unwrap_or_default()
    }
}

fn json(field: &str, text: &str) -> Result<Value, PinataError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|_| wrong(field, "it is not JSON"))
}

fn wrong(field: &str, problem: &str) -> PinataError {
    PinataError::BadRequest(format!("{field}: {problem}"))
}

/// 0 or 1, which some clients send as text.
fn version<'de, D: serde::Deserializer<'de>>(d: D) -> Result<CidVersion, D::Error> {
    match Value::deserialize(d)? {
        Value::Null => Ok(CidVersion::V0),
        value if value == 0 || value == "0" => Ok(CidVersion::V0),
        value if value == 1 || value == "1" => Ok(CidVersion::V1),
        _ => Err(serde::de::Error::custom("cidVersion is 0 or 1")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_clients_send_it() {
        let read =
            Metadata::parse(r#"{"name":"Tide","keyvalues":{"a":"b","n":1.5,"t":true,"gone":null}}"#).unwrap();
        assert_eq!(read.name.as_deref(), Some("Tide"));
        assert_eq!(read.meta(), r#"{"a":"b","n":"1.5","t":"true"}"#);
        for nothing in ["", "null", "{}", r#"{"name":"","keyvalues":null}"#] {
            assert_eq!(Metadata::parse(nothing), Ok(Metadata::default()), "{nothing}");
        }
        for bad in ["x", "[]", r#"{"name":7}"#, r#"{"keyvalues":[]}"#, r#"{"keyvalues":{"a":{}}}"#] {
            assert!(Metadata::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn options_choose_the_import() {
        let profile = |text| Options::parse(text).map(|options| options.profile().name());
        for text in
            ["", "{}", r#"{"cidVersion":0,"customPinPolicy":{"regions":[]}}"#, r#"{"cidVersion":null}"#]
        {
            assert_eq!(profile(text), Ok("unixfs-v0-2015"), "{text}");
        }
        for text in [r#"{"cidVersion":1}"#, r#"{"cidVersion":"1"}"#] {
            assert_eq!(profile(text), Ok(Profile::V1_RAW_256K_174.name()), "{text}");
        }
        assert!(Options::parse(r#"{"wrapWithDirectory":true}"#).unwrap().wrap_with_directory);
        for bad in [r#"{"cidVersion":2}"#, r#"{"wrapWithDirectory":"yes"}"#, "7", "{"] {
            assert!(Options::parse(bad).is_err(), "{bad}");
        }
    }
}

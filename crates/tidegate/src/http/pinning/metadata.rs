//! `decooMetadata`: JSON with a name, in the spellings that clients really send (reference A5).

use serde_json::Value;

/// The longest name, in characters.
pub(super) const NAME_CHARS: usize = 1024;

/// Why metadata was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum MetadataError {
    #[error(
        "decooMetadata is not JSON like {{\"name\": \"My File\"}}; note that curl -F cuts a value at a semicolon \
         unless the whole value is in double quotes"
    )]
    NotJson,
    #[error("the name in decooMetadata is not text")]
    NameNotText,
    #[error("the name in decooMetadata is longer than {NAME_CHARS} characters")]
    NameTooLong,
}

/// The name in `text`, if there is one.
///
/// A JSON string that itself holds JSON is read once more; empty text, `null` and a missing name count as absent.
pub(super) fn name_in(text: &str) -> Result<Option<String>, MetadataError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    name_of(parse(text)?)
}

/// The name in metadata that came as JSON in JSON, by the same rules.
pub(super) fn name_of(value: Value) -> Result<Option<String>, MetadataError> {
    let value = match value {
        Value::String(inner) if inner.trim().is_empty() => Value::Null,
        Value::String(inner) => parse(&inner)?,
        value => value,
    };
    match value {
        Value::Null => Ok(None),
        Value::Object(mut fields) => match fields.remove("name") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(name)) if name.chars().count() > NAME_CHARS => Err(MetadataError::NameTooLong),
            Some(Value::String(name)) => Ok((!name.is_empty()).then_some(name)),
            Some(_) => Err(MetadataError::NameNotText),
        },
        _ => Err(MetadataError::NotJson),
    }
}

fn parse(text: &str) -> Result<Value, MetadataError> {
    serde_json::from_str(text).map_err(|_| MetadataError::NotJson)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_same_name_is_read() {
        for text in
            [r#"{"name": "My File"}"#, r#""{\"name\": \"My File\"}""#, r#" {"name":"My File","x":[1]} "#]
        {
            assert_eq!(name_in(text), Ok(Some("My File".into())), "{text}");
        }
        for text in ["", "  ", "null", "{}", r#"{"name":null}"#, r#"{"name":""}"#, r#""""#, r#""null""#] {
            assert_eq!(name_in(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn half_a_value_is_refused_rather_than_half_a_name_kept() {
        for text in [r#"{"name": "A"#, "My File", "[1]", "7", r#""{\"name""#, r#""\"twice\"""#] {
            assert_eq!(name_in(text), Err(MetadataError::NotJson), "{text}");
        }
        assert_eq!(name_in(r#"{"name": 7}"#), Err(MetadataError::NameNotText));
        let longest = "é".repeat(NAME_CHARS);
        assert_eq!(name_in(&format!(r#"{{"name": "{longest}"}}"#)), Ok(Some(longest.clone())));
        assert_eq!(name_in(&format!(r#"{{"name": "{longest}x"}}"#)), Err(MetadataError::NameTooLong));
    }
}

//! What error texts must not tell: addresses of sources, and what authorises requests.

use serde_json::{Map, Value};

/// What stands where an address stood.
const STRIPPED: &str = "<URL stripped for security reasons>";

/// Parameters that must not come back to anybody.
const SECRET: [&str; 5] = ["signature", "token", "ticket", "authorization", "authtoken"];

/// The longest piece of a request that is quoted.
const QUOTED: usize = 200;

/// `text` with each word that holds an address replaced, and runs of white space made one blank.
pub(super) fn without_urls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(if is_url(word) { STRIPPED } else { word });
    }
    clean
}

/// A piece of the request for a message: not too long.
pub(super) fn quoted(text: &str) -> &str {
    let mut end = text.len().min(QUOTED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The parameters of a request as an error may repeat them.
pub(super) fn shown<'a>(pairs: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let shown = pairs.filter(|(name, _)| !is_secret(name)).map(|(name, value)| {
        let value = match value {
            Value::String(text) => Value::from(without_urls(quoted(text))),
            Value::Number(_) | Value::Bool(_) | Value::Null => value.clone(),
            Value::Array(_) | Value::Object(_) => Value::from("..."),
        };
        (quoted(name).to_owned(), value)
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    Value::Object(shown.into_iter().collect::<Map<_, _>>())
}

/// Wherever in a word it stands: a bracket before an address does not make it another word.
fn is_url(word: &str) -> bool {
    word.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !rest.is_empty()
    })
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_stripped_and_blanks_run_together() {
        for (text, clean) in [
            ("no address", "no address"),
            ("two:  wss://a.example/v3/key\n https://b", &format!("two: {STRIPPED} {STRIPPED}")),
            ("(http://a)", STRIPPED),
            ("http:// alone", "http:// alone"),
        ] {
            assert_eq!(without_urls(text), clean);
        }
    }

    #[test]
    fn what_authorises_is_not_repeated() {
        let sent = json!({"signature": "0x1", "AuthToken": "t", "did": "did:op:1", "file": {"url": "http://x"},
                          "url": "http://origin/secret", "n": 1});
        let sent = sent.as_object().expect("an object");
        let shown = shown(sent.iter().map(|(name, value)| (name.as_str(), value)));
        assert_eq!(shown, json!({"did": "did:op:1", "file": "...", "n": 1, "url": STRIPPED}));
    }
}

//! Query strings with few, known parameters; others are ignored.

use std::collections::BTreeMap;

use http::Uri;

/// The parameters of a request, decoded. A parameter that comes several times counts as a list divided by commas.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the query of `uri`, whose length the server bounds.
    pub(super) fn of(uri: &Uri) -> Self {
        let mut parameters: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            parameters
                .entry(name.into_owned())
                .and_modify(|list| {
                    list.push(',');
                    list.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
        Self(parameters)
    }

    /// The parameter, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The parameter as a text to look for: U+0000, which nothing of ours has and no database takes, has become U+FFFD.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.replace('\0', "\u{fffd}"))
    }

    /// The parameter as a number between `least` and `most`, else `default`.
    ///
    /// # Errors
    /// It is not; the words say what it must be.
    pub(super) fn number(&self, name: &str, default: u64, least: u64, most: u64) -> Result<u64, String> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ if most == u64::MAX => Err(format!("The parameter {name} is a number from {least} on")),
            _ => Err(format!("The parameter {name} is a number from {least} to {most}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/x?{text}").parse().expect("a URI"))
    }

    #[test]
    fn parameters_are_decoded_and_repeated_ones_are_a_list() {
        let query = query("a=1%2B1+2&status=queued&status=failed,pinned&empty=&a%20b");
        assert_eq!(query.get("a"), Some("1+1 2"));
        assert_eq!(query.get("status"), Some("queued,failed,pinned"));
        assert_eq!((query.get("empty"), query.get("a b"), query.get("c")), (None, None, None));
    }

    #[test]
    fn texts_to_look_for_have_nothing_that_no_database_takes() {
        assert_eq!(query("a=%00b%00").text("a").as_deref(), Some("\u{fffd}b\u{fffd}"));
        assert_eq!((query("a=").text("a"), query("").text("a")), (None, None));
    }

    #[test]
    fn numbers_have_bounds() {
        let number = |text: &str| query(text).number("limit", 5, 1, 1000);
        assert_eq!((number(""), number("limit="), number("limit=1000")), (Ok(5), Ok(5), Ok(1000)));
        for wrong in
            ["limit=0", "limit=1001", "limit=-1", "limit=a", "limit=1.0", "limit=99999999999999999999999"]
        {
            assert_eq!(
                number(wrong),
                Err("The parameter limit is a number from 1 to 1000".to_owned()),
                "{wrong}"
            );
        }
    }
}

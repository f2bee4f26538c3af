//! The ways from one page of a list, whose newest entries come first, to its others.

/// What `panel/pager.html` shows. Templates have it as `pager`.
pub(super) struct Pager {
    /// Where the list begins, unless this is there.
    pub newest: Option<String>,
    /// Where it goes on, if it does.
    pub older: Option<String>,
}

impl Pager {
    /// Of a list that begins at `newest`, on its first page or a later one.
    pub(super) fn new(newest: impl Into<String>, is_first: bool, older: Option<String>) -> Self {
        Self { newest: (!is_first).then(|| newest.into()), older }
    }
}

/// The address of a page, with those of its parameters that are there.
pub(super) fn link<const N: usize>(path: &str, parameters: [(&str, Option<String>); N]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(name, &value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_are_not_there_leave_nothing() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(link("/a", [("q", None), ("sort", some(""))]), "/a");
        assert_eq!(link("/a", [("q", some("b c&d")), ("after", some("1"))]), "/a?q=b+c%26d&after=1");
    }
}

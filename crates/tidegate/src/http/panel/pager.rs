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

//! What is around every page: who is here, the way to other pages, what was just done and what went wrong.

use super::{Member, assets};

/// See the module's documentation. Templates have it as `shell`.
pub(super) struct Shell {
    /// The e-mail address of whoever is signed in.
    pub email: Option<String>,
    /// What was just done.
    pub said: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
    here: Option<Here>,
    is_admin: bool,
}

impl Shell {
    /// For somebody who is signed in.
    pub(super) fn of(member: &Member, here: Here) -> Self {
        Self {
            email: Some(member.email.clone()),
            said: member.said.clone(),
            problem: None,
            here: Some(here),
            is_admin: member.is_admin,
        }
    }

    /// For somebody who is not, or of whom that is not known.
    pub(super) fn outside() -> Self {
        Self { email: None, said: None, problem: None, here: None, is_admin: false }
    }

    /// With what was just done.
    pub(super) fn with_said(mut self, words: Option<String>) -> Self {
        self.said = words;
        self
    }

    /// With what went wrong, if anything did.
    pub(super) fn with_problem(mut self, words: impl Into<Option<String>>) -> Self {
        self.problem = words.into();
        self
    }

    /// Where an asset is.
    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The way to other pages, in groups with a name each.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&'static str, Vec<Entry>)> {
        let shown = NAVIGATION
            .iter()
            .filter(|(group, pages)| !pages.is_empty() && (*group != ADMINISTRATION || self.is_admin));
        shown.map(|(group, pages)| (*group, pages.iter().map(|page| self.entry(*page)).collect()))
    }

    fn entry(&self, page: Here) -> Entry {
        let (label, path) = page.label_and_path();
        Entry { label, path, is_here: self.here == Some(page) }
    }
}

/// One way to another page.
pub(super) struct Entry {
    pub label: &'static str,
    pub path: &'static str,
    /// Whether it leads to the page it is on.
    pub is_here: bool,
}

/// The group that only administrators see.
const ADMINISTRATION: &str = "Administration";

/// The groups of pages, with nothing over the first one.
const NAVIGATION: [(&str, &[Here]); 5] = [
    ("", &[Here::Overview, Here::Upload, Here::Pins, Here::Jobs, Here::Usage, Here::Endpoints]),
    ("API", &[Here::ApiJwt, Here::VerificationKey, Here::Webhooks]),
    ("Selling", &[Here::Provider, Here::Assets, Here::Orders, Here::Receipts, Here::ProviderTokens]),
    ("You", &[Here::Account]),
    (ADMINISTRATION, &[Here::Accounts, Here::Invites, Here::Storage, Here::Logs, Here::Settings]),
];

/// A page that has an entry among the ways to other pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Upload,
    Pins,
    Jobs,
    Webhooks,
    ApiJwt,
    VerificationKey,
    Account,
    Provider,
    Assets,
    Orders,
    Receipts,
    ProviderTokens,
    Usage,
    Endpoints,
    Accounts,
    Invites,
    Storage,
    Logs,
    Settings,
}

impl Here {
    fn label_and_path(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("Overview", "/panel"),
            Self::Upload => ("Upload", "/panel/upload"),
            Self::Pins => ("Pins", "/panel/pins"),
            Self::Jobs => ("Jobs", "/panel/jobs"),
            Self::Webhooks => ("Webhooks", "/panel/webhooks"),
            Self::ApiJwt => ("API JWT", "/panel/api/jwt"),
            Self::VerificationKey => ("Verification Key", "/panel/api/verification-key"),
            Self::Account => ("Account", "/panel/account"),
            Self::Provider => ("Provider", "/panel/provider"),
            Self::Assets => ("Assets", "/panel/provider/assets"),
            Self::Orders => ("Orders", "/panel/provider/orders"),
            Self::Receipts => ("Receipts", "/panel/provider/receipts"),
            Self::ProviderTokens => ("Auth tokens", "/panel/provider/tokens"),
            Self::Usage => ("Usage", "/panel/usage"),
            Self::Endpoints => ("Endpoints", "/panel/endpoints"),
            Self::Accounts => ("Accounts", "/panel/admin/accounts"),
            Self::Invites => ("Invites", "/panel/admin/invites"),
            Self::Storage => ("Storage", "/panel/admin/storage"),
            Self::Logs => ("Logs", "/panel/admin/logs"),
            Self::Settings => ("Settings", "/panel/admin/settings"),
        }
    }
}

//! What an API key may be used for, as a set of words.

use std::fmt;

use super::value::{FromValue, Value};

/// One kind of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Seeing lists, jobs and endpoints.
    Read = 1,
    /// Pinning: access tokens, uploads, requests by CID, upload links.
    Pin = 2,
    /// Removing pins and requests.
    Unpin = 4,
    /// Managing keys, the upload links of other keys, and the account's settings.
    Admin = 8,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Pin, Self::Unpin, Self::Admin];

    /// The set of this one alone, as bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// As it is stored, and written by every surface.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Admin => "admin",
        }
    }

    /// The scope that is written like this.
    #[must_use]
    pub fn by_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some scopes, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is.
    pub const ALL: Self = Self::of_bits(u8::MAX);

    /// The scopes whose [bits](Scope::bits) are set; other bits mean nothing.
    #[must_use]
    pub const fn of_bits(bits: u8) -> Self {
        let all = Scope::Read.bits() | Scope::Pin.bits() | Scope::Unpin.bits() | Scope::Admin.bits();
        Self(bits & all)
    }

    /// Words with blanks between them; nothing when one is no scope, or there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let scopes: Option<Self> = text.split_ascii_whitespace().map(Scope::by_name).collect();
        scopes.filter(|scopes| scopes.iter().next().is_some())
    }

    /// Each of them, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bits() != 0)
    }

    /// The first of `wanted` that is not among these.
    #[must_use]
    pub fn lacks(self, wanted: Self) -> Option<Scope> {
        Self(wanted.0 & !self.0).iter().next()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bits()))
    }
}

/// As they are stored: words with blanks between them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromValue for Scopes {
    fn from_value(value: &Value) -> Option<Self> {
        Self::parse(&String::from_value(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_sets_are_the_same() {
        assert_eq!(Scopes::ALL.to_string(), "read pin unpin admin");
        assert_eq!(Scopes::parse("read pin unpin admin"), Some(Scopes::ALL));
        assert_eq!(
            Scopes::parse(" unpin  read read").map(|scopes| scopes.to_string()),
            Some("read unpin".into())
        );
        for bad in ["", " ", "write", "read,pin", "Read"] {
            assert_eq!(Scopes::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let held = Scopes::of_bits(Scope::Read.bits() | Scope::Pin.bits());
        assert_eq!(held.lacks(Scopes::of_bits(Scope::Pin.bits())), None);
        assert_eq!(held.lacks(Scopes::of_bits(0)), None);
        assert_eq!(held.lacks(Scopes::ALL), Some(Scope::Unpin));
    }
}

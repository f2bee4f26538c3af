//! E-mail addresses as the names of accounts. No mail is sent, so little is asked of them.

use super::AccountError;

/// What SMTP can carry (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_BYTES: usize = 254;

/// A trimmed, lower-cased address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Email(String);

impl Email {
    pub(super) fn parse(text: &str) -> Result<Self, AccountError> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(AccountError::BadEmail);
        }
        let email = text.to_lowercase();
        let sound = email.len() <= MAX_BYTES
            && !email.contains(|c: char| c.is_control() || c.is_whitespace())
            && email
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
        if sound { Ok(Self(email)) } else { Err(AccountError::BadEmail) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        assert_eq!(Email::parse("  Ann@Example.ORG\n").unwrap().as_str(), "ann@example.org");
        assert_eq!(Email::parse("jürgen+x@localhost").unwrap().as_str(), "jürgen+x@localhost");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@x", "a".repeat(253));
        // Lower-casing makes this one longer.
        let grows = format!("{}@x", "İ".repeat(126));
        for bad in ["", "@", "a@", "@b", "ab", "a@b@c", "a b@c", "a\0@c", "a\u{a0}@c", &long, &grows] {
            assert_eq!(Email::parse(bad), Err(AccountError::BadEmail), "{bad}");
        }
        assert!(Email::parse(&long[1..]).is_ok());
    }
}

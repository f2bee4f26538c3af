//! Lists of who may and who may not have an asset.
//!
//! Only credentials of type `address` are known; others neither allow nor deny.

use std::collections::HashSet;

use alloy_primitives::Address;
use serde_json::Value;

use super::DdoError;

const MAX_ADDRESSES: usize = 100_000;

/// An asset's credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    allow: AddressList,
    deny: AddressList,
}

/// Which list keeps somebody away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// There is an allow list, and they are not on it.
    NotAllowed,
    /// There is no allow list, and they are on the deny list.
    Denied,
}

/// Addresses, or everybody (`*`, which the Ocean Node knows).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AddressList {
    everybody: bool,
    addresses: HashSet<Address>,
    /// Entries that are no address: they match nobody, but a list of them alone is not an empty list.
    has_others: bool,
}

impl Credentials {
    /// Reads a document's `credentials`. A list that cannot be read is an error: a guess could let in anyone.
    pub(super) fn parse(value: Option<&Value>) -> Result<Self, DdoError> {
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        let lists = value.as_object().ok_or(DdoError("credentials"))?;
        Ok(Self {
            allow: AddressList::parse(lists.get("allow"))?,
            deny: AddressList::parse(lists.get("deny"))?,
        })
    }

    /// Whether anyone at all may have it.
    #[must_use]
    pub fn are_open(&self) -> bool {
        (self.allow.is_empty() || self.allow.everybody) && self.deny.is_empty()
    }

    /// Whether `consumer` may have it: an allow list, if not empty, decides alone, else the deny list.
    pub fn admit(&self, consumer: Option<Address>) -> Result<(), Listing> {
        match (self.allow.is_empty(), consumer) {
            (false, _) if !self.allow.names(consumer) => Err(Listing::NotAllowed),
            (true, _) if self.deny.names(consumer) => Err(Listing::Denied),
            _ => Ok(()),
        }
    }
}

impl AddressList {
    /// A list of `{"type": "address", "values": [...]}`. A value is an address, or an object with one.
    fn parse(value: Option<&Value>) -> Result<Self, DdoError> {
        let mut list = Self::default();
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(list) };
        for entry in value.as_array().ok_or(DdoError("credentials"))? {
            if entry.get("type").and_then(Value::as_str) != Some("address") {
                continue;
            }
            for value in entry.get("values").and_then(Value::as_array).ok_or(DdoError("credentials"))? {
                let text = value.as_str().or_else(|| value.get("address")?.as_str());
                list.add(text.ok_or(DdoError("credentials"))?)?;
            }
        }
        Ok(list)
    }

    fn add(&mut self, text: &str) -> Result<(), DdoError> {
        if self.addresses.len() == MAX_ADDRESSES {
            return Err(DdoError("number of credentials"));
        }
        match text.parse() {
            Ok(address) => _ = self.addresses.insert(address),
            Err(_) if text == "*" => self.everybody = true,
            Err(_) => self.has_others = true,
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        !self.everybody && !self.has_others && self.addresses.is_empty()
    }

    fn names(&self, who: Option<Address>) -> bool {
        self.everybody || who.is_some_and(|who| self.addresses.contains(&who))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;
    use serde_json::json;

    use super::*;

    const ANN: Address = address!("0x5FbDB2315678afecb367f032d93F642f64180aa3");
    const BOB: Address = address!("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512");

    fn credentials(allow: &[&str], deny: &[&str]) -> Credentials {
        let list = |values: &[&str]| json!([{"type": "address", "values": values}]);
        Credentials::parse(Some(&json!({"allow": list(allow), "deny": list(deny)}))).expect("credentials")
    }

    #[test]
    fn without_lists_everybody_is_welcome() {
        for open in
            [json!(null), json!({}), json!({"allow": [], "deny": []}), json!({"allow": [{"type": "age"}]})]
        {
            let open = Credentials::parse(Some(&open)).expect("credentials");
            assert!(open.are_open());
            assert_eq!((open.admit(Some(ANN)), open.admit(None)), (Ok(()), Ok(())));
        }
    }

    #[test]
    fn an_allow_list_decides_alone() {
        let ann = ANN.to_string().to_lowercase();
        let only_ann = credentials(&[&ann], &[&ann]);
        assert_eq!(only_ann.admit(Some(ANN)), Ok(()));
        assert_eq!(only_ann.admit(Some(BOB)), Err(Listing::NotAllowed));
        assert_eq!(only_ann.admit(None), Err(Listing::NotAllowed));
    }

    #[test]
    fn a_deny_list_keeps_out_whom_it_names() {
        let not_bob = credentials(&[], &[&BOB.to_string()]);
        assert_eq!(not_bob.admit(Some(BOB)), Err(Listing::Denied));
        assert_eq!(not_bob.admit(Some(ANN)), Ok(()));
        assert!(!not_bob.are_open());
    }

    #[test]
    fn the_nodes_spellings_are_known() {
        let everybody = credentials(&["*"], &[]);
        assert_eq!(everybody.admit(Some(BOB)), Ok(()));
        let objects = json!({"allow": [{"type": "address", "values": [{"address": ANN.to_string()}]}]});
        let objects = Credentials::parse(Some(&objects)).expect("credentials");
        assert_eq!((objects.admit(Some(ANN)), objects.admit(Some(BOB))), (Ok(()), Err(Listing::NotAllowed)));
    }

    #[test]
    fn a_list_that_cannot_be_read_lets_nobody_in() {
        for broken in [
            json!([]),
            json!({"allow": 1}),
            json!({"allow": [{"type": "address"}]}),
            json!({"deny": [{"type": "address", "values": [1]}]}),
        ] {
            assert_eq!(Credentials::parse(Some(&broken)), Err(DdoError("credentials")), "{broken}");
        }
        assert_eq!(credentials(&["nobody.eth"], &[]).admit(Some(ANN)), Err(Listing::NotAllowed));
    }
}

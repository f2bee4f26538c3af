//! Whether an asset is open to a consumer at all, before any order is looked at.

use alloy_primitives::Address;
use thiserror::Error;

use super::{Ddo, Listing};
use crate::did::Did;

/// Active and unlisted: the metadata states in which an asset is served (Ocean docs, "Asset states").
const SERVED: [u64; 2] = [0, 5];

/// Why an asset may not be had, in the reference's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotConsumable {
    /// Its document names no NFT.
    #[error("Asset malformed or disabled.")]
    Malformed,
    /// The NFT's state on the chain.
    #[error("Asset is not consumable.")]
    State,
    /// The NFT's state as the document has it.
    #[error("Error: Access to asset {0} was denied with code: ConsumableCodes.ASSET_DISABLED.")]
    Disabled(Did),
    /// There is an allow list, and the consumer is not on it.
    #[error("Error: Access to asset {0} was denied with code: ConsumableCodes.CREDENTIAL_NOT_IN_ALLOW_LIST.")]
    NotAllowed(Did),
    /// The consumer is on the deny list.
    #[error("Error: Access to asset {0} was denied with code: ConsumableCodes.CREDENTIAL_IN_DENY_LIST.")]
    Denied(Did),
}

/// May `consumer` have this asset, as far as its states and lists say?
///
/// `nft_state` is the metadata state on the chain; `None` if it could not be asked, when the document's counts alone.
pub fn consumable(ddo: &Ddo, nft_state: Option<u8>, consumer: Option<Address>) -> Result<(), NotConsumable> {
    let nft = ddo.nft.ok_or(NotConsumable::Malformed)?;
    let is_served = |state: u64| SERVED.contains(&state);
    if !nft_state.is_none_or(|state| is_served(state.into())) {
        return Err(NotConsumable::State);
    }
    if !nft.state.is_none_or(is_served) {
        return Err(NotConsumable::Disabled(ddo.id.clone()));
    }
    ddo.credentials.admit(consumer).map_err(|listing| match listing {
        Listing::NotAllowed => NotConsumable::NotAllowed(ddo.id.clone()),
        Listing::Denied => NotConsumable::Denied(ddo.id.clone()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::document;
    use super::*;

    fn verdict(change: impl Fn(&mut Value), nft_state: Option<u8>) -> Result<(), String> {
        let mut document = document();
        change(&mut document);
        let ddo = Ddo::parse(&document).expect("a document");
        consumable(&ddo, nft_state, Some(Address::ZERO)).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn an_active_or_unlisted_asset_is_served() {
        for state in [Some(0), Some(5), None] {
            assert_eq!(verdict(|_| (), state), Ok(()));
        }
        assert_eq!(verdict(|ddo| ddo["nft"]["state"] = json!(5), Some(0)), Ok(()));
    }

    #[test]
    fn every_other_state_is_refused_in_the_references_words() {
        for state in 1..=4 {
            assert_eq!(verdict(|_| (), Some(state)), Err("Asset is not consumable.".to_owned()));
            let refusal = verdict(|ddo| ddo["nft"]["state"] = json!(state), Some(0)).expect_err("refused");
            assert!(refusal.ends_with(" was denied with code: ConsumableCodes.ASSET_DISABLED."));
        }
        let without_nft = |ddo: &mut Value| (ddo["nft"], ddo["nftAddress"]) = (Value::Null, Value::Null);
        assert_eq!(verdict(without_nft, Some(0)), Err("Asset malformed or disabled.".to_owned()));
    }

    #[test]
    fn lists_refuse_in_the_references_words() {
        let zero = || json!([{"type": "address", "values": [Address::ZERO]}]);
        let denied = verdict(|ddo| ddo["credentials"]["deny"] = zero(), Some(0)).expect_err("refused");
        assert!(denied.ends_with("ConsumableCodes.CREDENTIAL_IN_DENY_LIST."), "{denied}");
        let other = json!([{"type": "address", "values": ["0x0000000000000000000000000000000000000001"]}]);
        let refusal =
            verdict(|ddo| ddo["credentials"]["allow"] = other.clone(), Some(0)).expect_err("refused");
        assert!(refusal.ends_with("ConsumableCodes.CREDENTIAL_NOT_IN_ALLOW_LIST."), "{refusal}");
        assert_eq!(verdict(|ddo| ddo["credentials"]["allow"] = zero(), Some(0)), Ok(()));
    }
}

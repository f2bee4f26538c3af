//! The Provider's fee: quoted and signed by the Provider, paid in the order, checked again in its event.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, Keccak256, U256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::key::ProviderKey;
use crate::receipt::ProviderFeeEvent;
use crate::signature::{Signature, personal};

/// What the Provider asks for in an order, signed. Ocean's contracts check the signature and pass the fee on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFee {
    /// Who gets it, and signed this.
    pub provider: Address,
    /// The token it is paid in.
    pub token: Address,
    /// How much, in the token's smallest unit.
    pub amount: U256,
    /// What it is for: the JSON text of [`FeeData`].
    pub data: Bytes,
    /// Until when it is good, in seconds since 1970; 0 is for ever.
    pub valid_until: U256,
    /// `r`, `s` and `v` (27 or 28).
    signature: [u8; 65],
}

/// What a fee is quoted for.
#[derive(Clone, Copy, Debug)]
pub struct FeeQuote<'a> {
    /// The token of the fee.
    pub token: Address,
    /// How much, in its smallest unit.
    pub amount: U256,
    /// Until when it is good, in seconds since 1970; 0 is for ever.
    pub valid_until: u64,
    /// The service's datatoken.
    pub datatoken: Address,
    /// The service.
    pub service_id: &'a str,
    /// The compute environment, for clients that name one.
    pub environment: Option<&'a str>,
    /// The time of the quote, since 1970.
    pub now: Duration,
}

/// The text inside a fee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeeData {
    /// The compute environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// The time of the quote, in seconds since 1970.
    #[serde(default)]
    pub timestamp: f64,
    /// The service's datatoken, in any case.
    pub dt: String,
    /// The service.
    pub id: String,
}

impl ProviderFee {
    /// Quotes a fee and signs it as Ocean's contracts check it.
    #[must_use]
    pub fn quote(key: &ProviderKey, quote: &FeeQuote<'_>) -> Self {
        // Written out, for the order of the members and the looks of the time in the reference.
        let micros = quote.now - Duration::from_nanos(u64::from(quote.now.subsec_nanos() % 1000));
        let data = format!(
            r#"{{"environment":{},"timestamp":{:?},"dt":"{}","id":{}}}"#,
            Value::from(quote.environment),
            micros.as_secs_f64(),
            quote.datatoken,
            Value::from(quote.service_id),
        );
        let mut fee = Self {
            provider: key.address(),
            token: quote.token,
            amount: quote.amount,
            data: data.into_bytes().into(),
            valid_until: U256::from(quote.valid_until),
            signature: [0; 65],
        };
        fee.signature = *key.sign_personal(&fee.hash()).as_bytes();
        fee
    }

    /// The fee that an event says was paid. Who emitted the event is the caller's to check.
    pub(crate) fn from_event(event: ProviderFeeEvent) -> Self {
        let mut signature = [event.v; 65];
        signature[..32].copy_from_slice(event.r.as_slice());
        signature[32..64].copy_from_slice(event.s.as_slice());
        Self {
            provider: event.providerFeeAddress,
            token: event.providerFeeToken,
            amount: event.providerFeeAmount,
            data: event.providerData,
            valid_until: event.validUntil,
            signature,
        }
    }

    /// Whether the provider it names signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let signature = Signature::from_bytes(self.signature).ok();
        signature.and_then(|signature| signature.signer(&personal(self.hash().as_slice())))
            == Some(self.provider)
    }

    /// What it is for; nothing, if its data is no such text.
    #[must_use]
    pub fn purpose(&self) -> Option<FeeData> {
        serde_json::from_slice(&self.data).ok()
    }

    /// The fee as `initialize` answers it: amounts as text, the rest as ocean.js passes it to the contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (r, s) = self.signature[..64].split_at(32);
        json!({
            "providerData": self.data,
            "providerFeeAddress": self.provider.to_checksum(None),
            "providerFeeAmount": self.amount.to_string(),
            "providerFeeToken": self.token.to_checksum(None),
            "r": format!("0x{}", hex::encode(r)),
            "s": format!("0x{}", hex::encode(s)),
            "v": self.signature[64],
            "validUntil": u64::try_from(self.valid_until).unwrap_or(u64::MAX),
        })
    }

    /// The hash of the packed members (`ERC20Template._checkProviderFee`).
    fn hash(&self) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(&self.data);
        hasher.update(self.provider);
        hasher.update(self.token);
        hasher.update(self.amount.to_be_bytes::<32>());
        hasher.update(self.valid_until.to_be_bytes::<32>());
        hasher.finalize()
    }
}

impl FeeData {
    /// Whether the fee is for this service: addresses compare as such, ids without regard to case.
    #[must_use]
    pub fn is_for(&self, datatoken: Address, service_id: &str) -> bool {
        self.dt.parse() == Ok(datatoken) && self.id.to_lowercase() == service_id.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::Log;

    /// A fee as ethers signs it and a contract of Ocean's logs it.
    #[derive(Deserialize)]
    struct Vector {
        key: String,
        token: Address,
        amount: String,
        valid_until: String,
        data: Bytes,
        v: u8,
        r: String,
        s: String,
        topics: Vec<B256>,
        log_data: Bytes,
    }

    #[derive(Deserialize)]
    struct Vectors {
        fees: Vec<Vector>,
    }

    fn vectors() -> Vec<Vector> {
        let text = include_str!("../testdata/ocean.json");
        serde_json::from_str::<Vectors>(text).expect("vectors").fees
    }

    fn quoted(vector: &Vector) -> ProviderFee {
        let quote = FeeQuote {
            token: vector.token,
            amount: vector.amount.parse().expect("a number"),
            valid_until: vector.valid_until.parse().expect("a number"),
            datatoken: "0x5fbdb2315678afecb367f032d93f642f64180aa3".parse().expect("an address"),
            service_id: "b4d208d6",
            environment: None,
            now: Duration::new(1_732_143_600, 250_000_999),
        };
        ProviderFee::quote(&ProviderKey::parse(&vector.key).expect("a key"), &quote)
    }

    #[test]
    fn a_quote_is_signed_as_clients_would_and_contracts_check() {
        for vector in vectors() {
            let fee = quoted(&vector);
            let json = fee.to_json();
            assert_eq!(fee.data, vector.data);
            assert_eq!((&json["r"], &json["s"]), (&json!(vector.r), &json!(vector.s)));
            assert_eq!((&json["v"], &json["providerFeeAmount"]), (&json!(vector.v), &json!(vector.amount)));
            assert_eq!(json["validUntil"].to_string(), vector.valid_until);
            assert!(json.as_object().is_some_and(|json| json.keys().is_sorted()));
        }
    }

    #[test]
    fn a_fee_is_the_same_when_its_event_comes_back() {
        for vector in vectors() {
            let contract = Address::repeat_byte(1);
            let (topics, data) = (vector.topics.clone(), vector.log_data.clone());
            let event = Log { address: contract, topics, data }.event_of(contract).expect("the event");
            let fee = ProviderFee::from_event(event);
            assert_eq!(fee, quoted(&vector));
            assert!(fee.is_signed());
            let changed = ProviderFee { amount: fee.amount + U256::from(1), ..fee };
            assert!(!changed.is_signed());
        }
    }

    #[test]
    fn a_service_with_odd_characters_stays_inside_its_text() {
        let key = ProviderKey::parse(&"11".repeat(32)).expect("a key");
        let id = "\"},{\u{7}ä";
        let datatoken = Address::repeat_byte(2);
        let quote = FeeQuote {
            token: Address::ZERO,
            amount: U256::ZERO,
            valid_until: 0,
            datatoken,
            service_id: id,
            environment: Some("env"),
            now: Duration::from_secs(5),
        };
        let purpose = ProviderFee::quote(&key, &quote).purpose().expect("a purpose");
        assert!(purpose.is_for(datatoken, id));
        assert!(!purpose.is_for(Address::ZERO, id));
        assert_eq!((purpose.environment.as_deref(), purpose.timestamp), (Some("env"), 5.0));
    }
}

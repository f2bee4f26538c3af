//! Tickets: what an accepted download request gets, so that a broken transfer goes on without another signature.
//!
//! A signed request is good once, but a download that breaks is asked for again with the same URL. The ticket stands for
//! the accepted request: it is bound to the order, the file and who asked, and it ends soon.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use tidegate_ocean::{Address, B256};

use crate::clock::Timestamp;

/// A longer ticket is none of ours.
const MAX_CHARS: usize = 6 << 10;

/// Parameters of the buyer that are longer are not carried, and there is no ticket then.
const MAX_USERDATA: usize = 2 << 10;

/// What a ticket stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The asset.
    #[serde(rename = "d")]
    pub did: String,
    /// The service.
    #[serde(rename = "s")]
    pub service: String,
    /// The file.
    #[serde(rename = "f")]
    pub file: usize,
    /// The transaction that the buyer named.
    #[serde(rename = "t")]
    pub transaction: B256,
    /// Who asked.
    #[serde(rename = "c")]
    pub consumer: Address,
    /// The buyer's parameters, as they were sent.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub userdata: Option<String>,
    /// Until when it is good: milliseconds since the epoch.
    #[serde(rename = "e")]
    pub until: i64,
}

/// Makes and reads tickets.
pub struct Tickets(hmac::Key);

impl Tickets {
    /// The tickets of whoever has `key`.
    #[must_use]
    pub fn new(key: &SecretBox<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret()))
    }

    /// The ticket as text that fits into a URL; none where it would become too long.
    #[must_use]
    pub fn issue(&self, ticket: &Ticket) -> Option<String> {
        if ticket.userdata.as_ref().is_some_and(|userdata| userdata.len() > MAX_USERDATA) {
            return None;
        }
        let claims = serde_json::to_vec(ticket).ok()?;
        let tag = hmac::sign(&self.0, &claims);
        Some(format!("{}.{}", BASE64.encode(&claims), BASE64.encode(tag)))
    }

    /// What the ticket `text` stands for, if it is one of ours and still good.
    #[must_use]
    pub fn open(&self, text: &str, now: Timestamp) -> Option<Ticket> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let (claims, tag) = text.split_once('.')?;
        let (claims, tag) = (BASE64.decode(claims).ok()?, BASE64.decode(tag).ok()?);
        hmac::verify(&self.0, &claims, &tag).ok()?;
        let ticket: Ticket = serde_json::from_slice(&claims).ok()?;
        (now.as_millis() < ticket.until).then_some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(key: u8) -> Tickets {
        Tickets::new(&SecretBox::new(Box::new([key; 32])))
    }

    fn ticket() -> Ticket {
        Ticket {
            did: "did:op:1".to_owned(),
            service: "a \"service\"".to_owned(),
            file: 3,
            transaction: B256::repeat_byte(7),
            consumer: Address::repeat_byte(8),
            userdata: Some("{}".to_owned()),
            until: 10_000,
        }
    }

    #[test]
    fn a_ticket_is_good_until_its_end() {
        let text = tickets(1).issue(&ticket()).expect("a ticket");
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c)), "{text}");
        assert_eq!(tickets(1).open(&text, Timestamp::from_millis(9_999)), Some(ticket()));
        assert_eq!(tickets(1).open(&text, Timestamp::from_millis(10_000)), None);
    }

    #[test]
    fn nothing_else_is_a_ticket() {
        let now = Timestamp::from_millis(0);
        let text = tickets(1).issue(&ticket()).expect("a ticket");
        let (claims, tag) = text.split_once('.').expect("two parts");
        let other = BASE64.encode(serde_json::to_vec(&Ticket { file: 4, ..ticket() }).expect("JSON"));
        for forged in [format!("{other}.{tag}"), format!("{claims}."), claims.to_owned(), String::new()] {
            assert_eq!(tickets(1).open(&forged, now), None, "{forged}");
        }
        assert_eq!(tickets(2).open(&text, now), None, "another key");
        let long = Ticket { userdata: Some("x".repeat(MAX_USERDATA + 1)), ..ticket() };
        assert_eq!(tickets(1).issue(&long), None);
    }
}

//! An account's pins as somebody goes through them: in one of several orders, or those with a part of a name, page by page. A page
//! begins behind a place and not after so many pins, so that the last one is found as fast as the first.

use crate::clock::Timestamp;

use super::super::jobs::search::name_key;
use super::super::statements::statements;
use super::super::{AccountId, DbError, PinId, Session, Value};
use super::{NewPin, Pin, columns};

statements! {
    NEWEST = columns!("SELECT", "FROM pins WHERE account_id = $1 AND (pinned_at, id) < ($2, $3)
                   ORDER BY pinned_at DESC, id DESC LIMIT $4");
    OLDEST = columns!("SELECT", "FROM pins WHERE account_id = $1 AND (pinned_at, id) > ($2, $3)
                   ORDER BY pinned_at, id LIMIT $4");
    LARGEST = columns!("SELECT", "FROM pins WHERE account_id = $1 AND (size, id) < ($2, $3)
                   ORDER BY size DESC, id DESC LIMIT $4");
    BY_NAME = columns!("SELECT", "FROM pins WHERE account_id = $1 AND (name_key, id) > ($2, $3)
                   ORDER BY name_key, id LIMIT $4");
    // The names are looked through in their index: some ten milliseconds for a hundred thousand. The pattern comes first, as most do not fit it.
    CONTAINING = columns!("SELECT", "FROM pins WHERE id IN
                       (SELECT id FROM pins WHERE account_id = $1 AND name_key LIKE $2 ESCAPE '!'
                        AND (name_key, id) > ($3, $4) ORDER BY name_key, id LIMIT $5)
                   ORDER BY name_key, id");
}

/// In which order pins come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinOrder {
    /// The last pinned first.
    Newest,
    /// The first pinned first.
    Oldest,
    /// By name in small ASCII letters, or by CID where there is no name.
    Name,
    /// The largest first.
    Largest,
}

/// A place in a list of pins: that of a pin, whether or not it is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinPlace {
    /// What the list is sorted by: milliseconds, bytes, or the beginning of the name.
    pub key: String,
    /// The pin.
    pub id: PinId,
}

/// Part of an account's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinPage {
    /// Whose pins.
    pub account: AccountId,
    /// Their order. Where a part of the name is given they come by name.
    pub order: PinOrder,
    /// A part of the name, in its first hundred letters; small and capital ASCII letters are the same. Empty: all pins.
    pub name: String,
    /// From behind this place on.
    pub after: Option<PinPlace>,
    /// So many at most.
    pub limit: u32,
}

/// The page of pins that `page` asks for. What is no place in its list is the beginning.
///
/// # Errors
///
/// [`DbError`] of the engine.
pub async fn page_of_pins(s: &mut Session<'_>, page: &PinPage) -> Result<Vec<Pin>, DbError> {
    let order = if page.name.is_empty() { page.order } else { PinOrder::Name };
    let (sql, first) = match order {
        PinOrder::Newest => (NEWEST, (i64::MAX.into(), PinId(i64::MAX))),
        PinOrder::Oldest => (OLDEST, (i64::MIN.into(), PinId(0))),
        PinOrder::Largest => (LARGEST, (i64::MAX.into(), PinId(i64::MAX))),
        PinOrder::Name if page.name.is_empty() => (BY_NAME, ("".into(), PinId(0))),
        PinOrder::Name => (CONTAINING, ("".into(), PinId(0))),
    };
    let place = page.after.as_ref().and_then(|place| {
        let key: Value = match order {
            PinOrder::Name => place.key.as_str().into(),
            _ => place.key.parse::<i64>().ok()?.into(),
        };
        Some((key, place.id))
    });
    let (key, id) = place.unwrap_or(first);
    let mut params = vec![page.account.into()];
    if !page.name.is_empty() {
        params.push(pattern(&page.name).into());
    }
    params.extend([key, id.into(), i64::from(page.limit).into()]);
    s.query(sql, &params).await?.iter().map(Pin::from_row).collect()
}

impl Pin {
    /// Where it is in a list of this order.
    #[must_use]
    pub fn place(&self, order: PinOrder) -> PinPlace {
        let millis = |at: Timestamp| at.as_millis().to_string();
        let key = match order {
            PinOrder::Newest | PinOrder::Oldest => millis(self.pinned_at),
            PinOrder::Largest => self.pin.size.to_string(),
            PinOrder::Name => key_of(&self.pin),
        };
        PinPlace { key, id: self.id }
    }
}

/// The pattern of all keys that have a part of a name in them. Its wild cards are not those of whoever looks for it.
fn pattern(name: &str) -> String {
    let mut pattern = String::from("%");
    for c in name_key(name).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern + "%"
}

/// What a pin is sorted by in the order of names.
pub(super) fn key_of(pin: &NewPin) -> String {
    name_key(pin.name.as_deref().unwrap_or(&pin.cid))
}

//! `data/pinList`: the caller's pins, with this API's filters.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{PinataCaller, PinataError};
use crate::{
    app::App,
    clock::Timestamp,
    db::{
        DbError, Session,
        pins::{Pin, PinQuery, count_pins, list_pins as page_of_pins},
    },
    http::{extract::READ, moment::Moment, query::Query},
};

/// Pins of a page where the caller does not say, and of the longest.
const LIMITS: (u64, u64) = (10, 1000);
/// Pins that one request with filters looks at; more are to be divided by their dates.
const LOOKED_AT: u64 = 100_000;
/// Pins read at a time then.
const PAGE: u32 = 1000;

/// What the caller wants to see.
struct Asked {
    pins: PinQuery,
    /// False for a status that nothing here has.
    any: bool,
    filters: Filters,
}

/// What the database does not look for.
#[derive(Default)]
struct Filters {
    hash: Option<String>,
    name: Option<String>,
    sizes: (u64, u64),
    keyvalues: BTreeMap<String, Condition>,
}

#[derive(Deserialize)]
struct Condition {
    value: Value,
    op: String,
}

/// Lists the caller's pins, newest first.
pub(in crate::http) async fn list_pins(
    PinataCaller(caller): PinataCaller<READ>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Value>, PinataError> {
    let asked = Asked::read(caller.account, &Query::of(&uri))?;
    if !asked.any {
        return Ok(Json(json!({"count": 0, "rows": []})));
    }
    let found = app.db.read(move |s| Box::pin(async move { find(s, &asked).await })).await?;
    let Some((count, pins)) = found else {
        return Err(PinataError::BadRequest(format!(
            "More than {LOOKED_AT} pins would have to be looked at; ask for a shorter time with pinStart and pinEnd"
        )));
    };
    let rows: Vec<_> = pins.iter().map(row).collect();
    Ok(Json(json!({"count": count, "rows": rows})))
}

impl Asked {
    fn read(account: crate::db::AccountId, query: &Query) -> Result<Self, PinataError> {
        let wrong = PinataError::BadRequest;
        let any = match query.get("status") {
            None | Some("all" | "pinned") => true,
            Some("unpinned") => false,
            Some(_) => return Err(wrong("status is all, pinned or unpinned".to_owned())),
        };
        let moment = |name: &str| {
            let parse = |text| {
                Moment::parse(text)
                    .ok_or_else(|| wrong(format!("{name} is a date like 2021-08-25T04:53:45Z")))
            };
            query.get(name).map(parse).transpose()
        };
        let number = |name, default, least, most| query.number(name, default, least, most).map_err(wrong);
        let keyvalues = match query.get("metadata[keyvalues]") {
            Some(text) => {
                serde_json::from_str(text).map_err(|error| wrong(format!("metadata[keyvalues]: {error}")))?
            }
            None => BTreeMap::<String, Condition>::new(),
        };
        if let Some(condition) =
            keyvalues.values().find(|condition| !matches!(condition.op.as_str(), "eq" | "ne"))
        {
            return Err(wrong(format!(
                "metadata[keyvalues]: the op {:?} is not known here; eq and ne are",
                condition.op
            )));
        }
        Ok(Self {
            pins: PinQuery {
                account,
                from: moment("pinStart")?.map_or(Timestamp::MIN, Moment::not_before),
                until: moment("pinEnd")?.map_or(Timestamp::MAX, Moment::not_after),
                newest_first: true,
                offset: number("pageOffset", 0, 0, u64::MAX)?,
                limit: u32::try_from(number("pageLimit", LIMITS.0, 1, LIMITS.1)?).unwrap_or(u32::MAX),
            },
            any,
            filters: Filters {
                hash: query.get("hashContains").map(str::to_owned),
                name: query.get("metadata[name]").map(str::to_lowercase),
                sizes: (number("pinSizeMin", 0, 0, u64::MAX)?, number("pinSizeMax", u64::MAX, 0, u64::MAX)?),
                keyvalues,
            },
        })
    }
}

impl Filters {
    fn are_none(&self) -> bool {
        self.hash.is_none() && self.name.is_none() && self.sizes == (0, u64::MAX) && self.keyvalues.is_empty()
    }

    fn let_pass(&self, pin: &Pin) -> bool {
        let pin = &pin.pin;
        let meta = || serde_json::from_str::<BTreeMap<String, String>>(&pin.meta).unwrap_or_default();
        self.hash.as_ref().is_none_or(|hash| pin.cid.contains(hash))
            && self
                .name
                .as_ref()
                .is_none_or(|name| pin.name.as_ref().is_some_and(|own| own.to_lowercase().contains(name)))
            && (self.sizes.0..=self.sizes.1).contains(&pin.size)
            && (self.keyvalues.is_empty() || {
                let meta = meta();
                self.keyvalues.iter().all(|(key, condition)| condition.holds(meta.get(key)))
            })
    }
}

impl Condition {
    fn holds(&self, found: Option<&String>) -> bool {
        let wanted = self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned);
        match self.op.as_str() {
            "ne" => found.is_some_and(|found| *found != wanted),
            _ => found.is_some_and(|found| *found == wanted),
        }
    }
}

/// How many there are and those of the page; nothing if that would take too long.
async fn find(s: &mut Session<'_>, asked: &Asked) -> Result<Option<(u64, Vec<Pin>)>, DbError> {
    let all = count_pins(s, &asked.pins).await?;
    if asked.filters.are_none() {
        return Ok(Some((all, page_of_pins(s, &asked.pins).await?)));
    }
    if all > LOOKED_AT {
        return Ok(None);
    }
    let (mut count, mut found, mut offset) = (0, Vec::new(), 0);
    loop {
        let pins = page_of_pins(s, &PinQuery { offset, limit: PAGE, ..asked.pins }).await?;
        if pins.is_empty() {
            return Ok(Some((count, found)));
        }
        offset += pins.len() as u64;
        for pin in pins.into_iter().filter(|pin| asked.filters.let_pass(pin)) {
            if count >= asked.pins.offset && found.len() < asked.pins.limit as usize {
                found.push(pin);
            }
            count += 1;
        }
    }
}

fn row(pin: &Pin) -> Value {
    let keyvalues: Value = serde_json::from_str(&pin.pin.meta).unwrap_or_default();
    json!({
        "id": pin.id.0.to_string(),
        "ipfs_pin_hash": pin.pin.cid,
        "size": pin.pin.size,
        "user_id": pin.pin.account.0.to_string(),
        "date_pinned": pin.pinned_at.to_string(),
        "date_unpinned": null,
        "metadata": {"name": pin.pin.name, "keyvalues": keyvalues},
        "regions": [],
    })
}

//! `/panel/pins`: what somebody has pinned, to be gone through, looked at and let go.
//!
//! `list.rs` is the list, `one.rs` a pin's own page, `preview.rs` what it shows of the content, `content.rs` the content itself.

mod content;
mod list;
mod one;
mod preview;

use axum::extract::{Path, State};
use http::{HeaderMap, Uri};
use tidegate_content::{Cid, parse_cid};
use url::Url;

pub(super) use content::{give, give_inside};
pub(super) use list::list;
pub(super) use one::show;

use super::{Form, Member, PanelError, SeeOther};
use crate::{
    app::App,
    clock::Timestamp,
    db::{
        AccountId, PinId,
        pins::{Pin, PinSource, Visibility, find_pin},
    },
    http::forwarded::address_as_reached,
};

/// A pin as lists and its page show it.
struct Shown {
    id: i64,
    /// Its name, or else its CID.
    title: String,
    cid: String,
    size: u64,
    pinned_at: Timestamp,
    is_public: bool,
}

impl From<&Pin> for Shown {
    fn from(pin: &Pin) -> Self {
        let named = pin.pin.name.clone().filter(|name| !name.trim().is_empty());
        Self {
            id: pin.id.0,
            title: named.unwrap_or_else(|| pin.pin.cid.clone()),
            cid: pin.pin.cid.clone(),
            size: pin.pin.size,
            pinned_at: pin.pinned_at,
            is_public: pin.pin.visibility == Visibility::Public,
        }
    }
}

/// Lets go of one pin.
pub(super) async fn remove(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    if !app.pins.remove(member.account, pin_id(&id)?).await? {
        return Err(PanelError::NotFound);
    }
    Ok(SeeOther::to("/panel/pins").saying("The pin is removed."))
}

/// Lets go of all that were selected.
pub(super) async fn remove_selected(
    member: Member,
    State(app): State<App>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<SeeOther, PanelError> {
    let mut removed = 0;
    for (_, value) in fields.iter().filter(|(name, _)| name == "pin").take(list::PINS as usize) {
        if let Ok(id) = pin_id(value) {
            removed += u64::from(app.pins.remove(member.account, id).await?);
        }
    }
    let words = match removed {
        0 => "No pin was selected, so none is removed.".to_owned(),
        1 => "One pin is removed.".to_owned(),
        several => format!("{several} pins are removed."),
    };
    Ok(SeeOther::to("/panel/pins").saying(&words))
}

/// The account's pin, with the CID that was pinned.
async fn find(app: &App, account: AccountId, id: &str) -> Result<(Pin, Cid), PanelError> {
    let id = pin_id(id)?;
    let read = app.db.read(move |s| Box::pin(find_pin(s, account, id)));
    let pin = read.await?.ok_or(PanelError::NotFound)?;
    let cid = parse_cid(&pin.pin.root).map_err(|_| PanelError::NotFound)?;
    Ok((pin, cid))
}

/// The pin that a path names.
fn pin_id(text: &str) -> Result<PinId, PanelError> {
    text.parse().map(PinId).map_err(|_| PanelError::NotFound)
}

/// What comes before `/ipfs/` in links to the gateway: nothing, or the address of its own host.
pub(super) fn gateway(app: &App, uri: &Uri, headers: &HeaderMap) -> String {
    let Some(host) = &app.config.gateway.host else { return String::new() };
    let Ok(mut address) = Url::parse(&address_as_reached(app, uri, headers)) else { return String::new() };
    match address.set_host(Some(host)) {
        Ok(()) => address.origin().ascii_serialization(),
        Err(_) => String::new(),
    }
}

/// How it came here, for people.
pub(super) fn door(source: PinSource) -> &'static str {
    match source {
        PinSource::PinFile => "uploaded",
        PinSource::PinByHash => "by its CID",
        PinSource::PinFromS3 => "from an object store",
        PinSource::Psa => "by the Pinning Service API",
        PinSource::Pinata => "by Pinata's API",
    }
}

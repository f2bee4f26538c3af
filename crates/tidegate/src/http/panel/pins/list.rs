//! The list of pins: in an order, by a part of the name, or those of one CID. What is asked for is in the address.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderMap, Uri};
use tidegate_content::parse_cid;

use super::{
    super::{Here, Member, Page, PanelError, Shell, link, show},
    Shown, gateway,
};
use crate::{
    app::App,
    blobs::Root,
    clock::Timestamp,
    db::{
        AccountId, PinId,
        pins::{
            Pin, PinQuery, count_pins,
            pages::{PinOrder, PinPage, PinPlace, page_of_pins},
            pins_of_root,
        },
    },
    http::{listed::cut, query::Query},
};

/// Pins of a page.
pub(super) const PINS: u32 = 50;
/// The longest text to look for, in characters.
const LONGEST: usize = 200;

/// The orders by their names in the address, and what people call them.
const ORDERS: [(PinOrder, &str, &str); 4] = [
    (PinOrder::Newest, "newest", "newest first"),
    (PinOrder::Oldest, "oldest", "oldest first"),
    (PinOrder::Name, "name", "by name"),
    (PinOrder::Largest, "largest", "largest first"),
];

/// What the address says.
struct Asked {
    /// Part of a name, or a CID.
    q: String,
    sort: String,
    /// The place behind which the page begins: a pin's id, a point, and what the list is sorted by.
    after: Option<String>,
}

impl Asked {
    fn of(uri: &Uri) -> Self {
        let query = Query::of(uri);
        let q = query.text("q").unwrap_or_default().trim().chars().take(LONGEST).collect();
        Self { q, sort: query.text("sort").unwrap_or_default(), after: query.text("after") }
    }

    fn order(&self) -> PinOrder {
        let found = ORDERS.iter().find(|(_, name, _)| *name == self.sort);
        found.map_or(PinOrder::Newest, |(order, ..)| *order)
    }

    fn place(&self) -> Option<PinPlace> {
        let (id, key) = self.after.as_deref()?.split_once('.')?;
        Some(PinPlace { key: key.to_owned(), id: PinId(id.parse().ok()?) })
    }

    /// The address of this list from behind `place` on.
    fn link(&self, place: Option<&PinPlace>) -> String {
        let after = place.map(|PinPlace { key, id }| format!("{}.{key}", id.0));
        let (q, sort) = (Some(self.q.clone()), Some(self.sort.clone()));
        link("/panel/pins", [("q", q), ("sort", sort), ("after", after)])
    }
}

#[derive(Template)]
#[template(path = "panel/pins.html")]
struct PinsPage {
    shell: Shell,
    asked: Asked,
    /// Pins of the account.
    total: u64,
    rows: Vec<Shown>,
    is_cid: bool,
    next: Option<String>,
    gateway: String,
}

/// An order to be chosen.
struct Choice {
    value: &'static str,
    label: &'static str,
    is_chosen: bool,
}

impl PinsPage {
    fn orders(&self) -> impl Iterator<Item = Choice> {
        let chosen = self.asked.order();
        ORDERS.into_iter().map(move |(order, value, label)| Choice {
            value,
            label,
            is_chosen: order == chosen,
        })
    }

    /// What the list shows.
    fn heading(&self) -> String {
        let wanted = &self.asked.q;
        if wanted.is_empty() {
            let pins = if self.total == 1 { "pin" } else { "pins" };
            format!("{} {pins}", show::count(self.total))
        } else if self.is_cid {
            "Pins of this content, whichever way its CID is written".to_owned()
        } else {
            format!("Pins with “{wanted}” in their name, by name")
        }
    }

    fn first_page(&self) -> String {
        self.asked.link(None)
    }
}

/// Lists the account's pins.
pub(in super::super) async fn list(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PanelError> {
    let asked = Asked::of(&uri);
    let (account, root) = (member.account, parse_cid(&asked.q).ok().map(|cid| Root::of(&cid).to_string()));
    let is_cid = root.is_some();
    let order = if asked.q.is_empty() { asked.order() } else { PinOrder::Name };
    let page = PinPage { account, order, name: asked.q.clone(), after: asked.place(), limit: PINS + 1 };
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let pins = match root {
                Some(root) => pins_of_root(s, account, &root).await?,
                None => page_of_pins(s, &page).await?,
            };
            Ok((count_pins(s, &all(account)).await?, pins))
        })
    });
    let (total, mut found): (u64, Vec<Pin>) = read.await?;
    let next = cut(&mut found, PINS, |last| asked.link(Some(&last.place(order)))).filter(|_| !is_cid);
    let shell = member.shell(Here::Pins);
    let rows = found.iter().map(Shown::from).collect();
    let gateway = gateway(&app, &uri, &headers);
    Ok(Page::new(PinsPage { shell, asked, total, rows, is_cid, next, gateway }))
}

fn all(account: AccountId) -> PinQuery {
    PinQuery { account, from: Timestamp::MIN, until: Timestamp::MAX, newest_first: true, offset: 0, limit: 0 }
}

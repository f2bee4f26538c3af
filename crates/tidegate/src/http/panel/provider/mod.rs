//! `/panel/provider`: what is sold here. Members see what their own wallets bought and sold, administrators everything
//! ([`View`](crate::downloads::records::View)).
//!
//! ```text
//! status    chains and how they are, what markets need to know, how to sell what is pinned
//! wallets   whose wallets are whose
//! assets  orders  receipts  tokens   lists, the newest first
//! ```

mod assets;
mod orders;
mod receipts;
mod status;
mod texts;
mod tokens;
mod wallets;

use axum::extract::FromRequestParts;
use http::request::Parts;

pub(super) use assets::list_assets;
pub(super) use orders::list_orders;
pub(super) use receipts::{list_receipts, save_receipt, show_receipt};
pub(super) use status::show;
pub(super) use tokens::{list_tokens, revoke_token};
pub(super) use wallets::{link_wallet, remove_wallet};

use super::{
    super::{listed::cut, query::Query},
    Pager, PanelError, link,
};
use crate::app::App;

/// Entries on a page.
const PAGE: u32 = 50;

/// Which page of a list is asked for, and of what.
pub(super) struct Asked {
    /// Entries before the one with this id; nothing for the newest.
    before: Option<i64>,
    /// Those of the asset with this DID.
    asset: Option<String>,
}

impl FromRequestParts<App> for Asked {
    type Rejection = PanelError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, PanelError> {
        let query = Query::of(&parts.uri);
        let before = query.get("before").map(str::parse).transpose().map_err(|_| PanelError::NotFound)?;
        Ok(Self { before, asset: query.text("asset") })
    }
}

impl Asked {
    /// The page with entries before the one with this id, or the newest ones.
    fn link(&self, list: &str, before: Option<i64>) -> String {
        let before = before.map(|before| before.to_string());
        link(&format!("/panel/provider/{list}"), [("before", before), ("asset", self.asset.clone())])
    }
}

/// A page of a list.
struct Listed<T> {
    entries: Vec<T>,
    pager: Pager,
}

impl<T> Listed<T> {
    /// Of `found`, which has one more than is shown if there is more. `list` is the last part of its address.
    fn of(list: &str, mut found: Vec<T>, asked: &Asked, id: impl Fn(&T) -> i64) -> Self {
        let older = cut(&mut found, PAGE, |last| asked.link(list, Some(id(last))));
        Self { entries: found, pager: Pager::new(asked.link(list, None), asked.before.is_none(), older) }
    }
}

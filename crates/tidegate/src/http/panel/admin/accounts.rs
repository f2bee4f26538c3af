//! All accounts, the youngest first, searched by e-mail address.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use http::Uri;

use super::super::{
    super::{listed::cut, query::Query},
    Admin, Here, Page, Pager, PanelError, Shell, link, show,
};
use crate::{
    app::App,
    db::{
        AccountId,
        roster::{self, Entry},
    },
};

/// Accounts on one page.
const PAGE: u32 = 50;

/// The longest text that is searched for, in characters.
const SEARCH: usize = 254;

#[derive(Template)]
#[template(path = "panel/admin/accounts.html")]
struct AccountsPage {
    shell: Shell,
    search: String,
    accounts: Vec<Entry>,
    /// What accounts without a quota of their own may pin.
    default_quota: u64,
    pager: Pager,
    is_first: bool,
}

/// Lists them.
pub(in crate::http::panel) async fn list(
    Admin(member): Admin,
    State(app): State<App>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    let query = Query::of(&uri);
    let search = query.text("search").unwrap_or_default();
    let search: String = search.trim().to_lowercase().chars().take(SEARCH).collect();
    let before = query.number("before", i64::MAX.unsigned_abs(), 0, i64::MAX.unsigned_abs());
    let before = before.map_err(|words| PanelError::BadForm(format!("{words}.")))?;
    let is_first = query.get("before").is_none();
    let before = AccountId(i64::try_from(before).unwrap_or(i64::MAX));
    let wanted = search.clone();
    let list = app
        .db
        .read(move |s| Box::pin(async move { roster::list_accounts(s, &wanted, before, PAGE + 1).await }));
    let mut accounts = list.await?;
    let older = cut(&mut accounts, PAGE, |last| place(&search, Some(last.id)));
    Ok(Page::new(AccountsPage {
        shell: member.shell(Here::Accounts),
        accounts,
        default_quota: app.config.limits.account_quota.as_u64(),
        pager: Pager::new(place(&search, None), is_first, older),
        search,
        is_first,
    }))
}

/// The page with those that are searched for and older than this one.
fn place(search: &str, before: Option<AccountId>) -> String {
    let before = before.map(|before| before.to_string());
    link("/panel/admin/accounts", [("search", Some(search.to_owned())), ("before", before)])
}

//! One account: how it is, and what an administrator can do with it.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use bytesize::ByteSize;
use http::{HeaderMap, Uri};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::super::{
    super::forwarded::address_as_reached, Admin, Form, Here, Member, Page, PanelError, SeeOther, Shell,
    chart::Chart, show, usage::held_charts,
};
use crate::{
    app::App,
    clock::Timestamp,
    db::{
        AccountId,
        roster::{self, Entry},
    },
};

/// Days that are charted.
const DAYS: u32 = 90;

#[derive(Template)]
#[template(path = "panel/admin/account.html")]
struct AccountPage {
    shell: Shell,
    account: Entry,
    default_quota: u64,
    charts: Vec<Chart>,
    /// Is it the account of whoever looks?
    is_own: bool,
    link: Option<PasswordLink>,
}

/// A link that was just made.
struct PasswordLink {
    address: String,
    until: Timestamp,
}

impl AccountPage {
    fn quota(&self) -> u64 {
        self.account.quota_bytes.unwrap_or(self.default_quota)
    }
}

#[derive(Deserialize)]
pub(in crate::http::panel) struct Quota {
    /// Empty for the server's default.
    quota: String,
}

/// Shows it.
pub(in crate::http::panel) async fn show(
    Admin(member): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, PanelError> {
    page(&app, &member, AccountId(id), None).await
}

/// Gives it a quota of its own, or the server's default again.
pub(in crate::http::panel) async fn set_quota(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
    Form(Quota { quota }): Form<Quota>,
) -> Result<SeeOther, PanelError> {
    let quota = match quota.trim() {
        "" => None,
        size => Some(parse(size)?),
    };
    app.accounts.set_quota(AccountId(id), quota).await?;
    Ok(back(id, "The quota is changed."))
}

/// Shuts it out.
pub(in crate::http::panel) async fn disable(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    app.accounts.disable(AccountId(id)).await?;
    Ok(back(id, "The account is disabled. What it has pinned stays."))
}

/// Lets it in again.
pub(in crate::http::panel) async fn enable(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    app.accounts.enable(AccountId(id)).await?;
    Ok(back(id, "The account is enabled: its keys and its password are good again."))
}

/// Makes it an administrator's.
pub(in crate::http::panel) async fn make_admin(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    app.accounts.set_admin(AccountId(id), true).await?;
    Ok(back(id, "The account is an administrator's."))
}

/// Makes it an administrator's no longer.
pub(in crate::http::panel) async fn remove_admin(
    Admin(member): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    app.accounts.remove_admin(AccountId(id)).await?;
    if member.account == AccountId(id) {
        return Ok(SeeOther::to("/panel").saying("You are an administrator no longer."));
    }
    Ok(back(id, "The account is an administrator's no longer."))
}

/// Makes a link to a new password, and shows it once.
pub(in crate::http::panel) async fn make_password_link(
    Admin(member): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PanelError> {
    let (token, until) = app.accounts.make_password_link(AccountId(id)).await?;
    let base = address_as_reached(&app, &uri, &headers);
    let address = format!("{base}/panel/password?token={}", token.expose_secret());
    page(&app, &member, AccountId(id), Some(PasswordLink { address, until })).await
}

async fn page(
    app: &App,
    member: &Member,
    id: AccountId,
    link: Option<PasswordLink>,
) -> Result<Page<AccountPage>, PanelError> {
    let account = app.db.read(move |s| Box::pin(roster::find_entry(s, id))).await?;
    let account = account.ok_or(PanelError::NotFound)?;
    let days = app.usage.of_account(id, DAYS).await?.unwrap_or_default();
    let default_quota = app.config.limits.account_quota.as_u64();
    let quota = account.quota_bytes.unwrap_or(default_quota);
    Ok(Page::new(AccountPage {
        shell: member.shell(Here::Accounts),
        charts: held_charts(["bytes", "pins"], &days, Some(quota)),
        is_own: account.id == member.account,
        account,
        default_quota,
        link,
    }))
}

fn back(id: i64, words: &str) -> SeeOther {
    SeeOther::to(format!("/panel/admin/accounts/{id}")).saying(words)
}

fn parse(size: &str) -> Result<u64, PanelError> {
    let size = size.parse::<ByteSize>().map(|size| size.as_u64());
    size.map_err(|_| PanelError::BadForm("This is not a size; one looks like 500 GiB.".to_owned()))
}

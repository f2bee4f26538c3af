//! Links with which others register.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use http::{HeaderMap, Uri};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::super::{
    super::{forwarded::address_as_reached, listed::cut, query::Query},
    Admin, Form, Here, Member, Page, Pager, PanelError, SeeOther, Shell, show,
};
use crate::{app::App, clock::Timestamp, config::Registration, db::invites::Invite};

const LIST: &str = "/panel/admin/invites";

/// Invitations on one page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "panel/admin/invites.html")]
struct InvitesPage {
    shell: Shell,
    invites: Vec<Invite>,
    now: Timestamp,
    pager: Pager,
    registration: Registration,
    made: Option<Made>,
}

/// An invitation that was just made.
struct Made {
    invite: Invite,
    address: String,
}

#[derive(Deserialize)]
pub(in crate::http::panel) struct NewInvite {
    #[serde(default)]
    note: String,
    /// Whatever a ticked box sends.
    admin: Option<String>,
}

impl InvitesPage {
    /// How an invitation is, and the class of its badge.
    fn state(&self, invite: &Invite) -> (&'static str, &'static str) {
        match invite {
            Invite { used_by: Some(_), .. } => ("used", "good"),
            Invite { expires_at, .. } if *expires_at <= self.now => ("expired", "bad"),
            _ => ("open", "wait"),
        }
    }
}

/// Lists them.
pub(in crate::http::panel) async fn list(
    Admin(member): Admin,
    State(app): State<App>,
    uri: Uri,
) -> Result<impl IntoResponse, PanelError> {
    page(&app, &member, Query::of(&uri).text("before"), None).await
}

/// Makes one, and shows its link once.
pub(in crate::http::panel) async fn make(
    Admin(member): Admin,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Form(NewInvite { note, admin }): Form<NewInvite>,
) -> Result<impl IntoResponse, PanelError> {
    let (invite, token) = app.accounts.invite(Some(member.account), note.trim(), admin.is_some()).await?;
    let base = address_as_reached(&app, &uri, &headers);
    let address = format!("{base}/panel/register?invite={}", token.expose_secret());
    page(&app, &member, None, Some(Made { invite, address })).await
}

/// Takes one back.
pub(in crate::http::panel) async fn revoke(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    if !app.accounts.revoke_invite(&id).await? {
        return Err(PanelError::NotFound);
    }
    Ok(SeeOther::to(LIST).saying("The invitation is taken back."))
}

async fn page(
    app: &App,
    member: &Member,
    before: Option<String>,
    made: Option<Made>,
) -> Result<Page<InvitesPage>, PanelError> {
    let is_first = before.is_none();
    let mut invites = app.accounts.list_invites(before.as_deref(), PAGE + 1).await?;
    let older = cut(&mut invites, PAGE, |last| format!("{LIST}?before={}", last.id));
    Ok(Page::new(InvitesPage {
        shell: member.shell(Here::Invites),
        invites,
        now: app.clock.now(),
        pager: Pager::new(LIST, is_first, older),
        registration: app.config.panel.registration,
        made,
    }))
}

//! Making an account: for everybody, or for whoever has an invitation.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    super::{query::Query, visit::Visit},
    Form, Gate, Page, PanelError, SeeOther, Shell, Visitor,
    login::whence,
};
use crate::{accounts::AccountError, app::App, config::Registration, db::invites::Invite};

#[derive(Template)]
#[template(path = "panel/register.html")]
struct RegisterPage {
    shell: Shell,
    email: String,
    invite: String,
    may: May,
}

/// Whether somebody may register.
enum May {
    Register {
        as_admin: bool,
    },
    /// Why not.
    Not(&'static str),
}

#[derive(Deserialize)]
pub(super) struct NewAccount {
    email: String,
    password: SecretString,
    #[serde(default)]
    invite: String,
}

/// Asks for what an account needs.
pub(super) async fn ask(
    visitor: Visitor,
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    uri: Uri,
) -> Result<Response, PanelError> {
    let invite = Query::of(&uri).get("invite").unwrap_or_default().to_owned();
    let may = may_register(&app, &visit, &invite).await?;
    let status = match may {
        May::Register { .. } => StatusCode::OK,
        May::Not(_) => StatusCode::FORBIDDEN,
    };
    let shell = Shell::outside().with_said(visitor.said);
    let page = Page::new(RegisterPage { shell, email: String::new(), invite, may });
    Ok(page.with_status(status).into_response())
}

/// Makes an account and lets its owner in.
pub(super) async fn register(
    visitor: Visitor,
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Form(NewAccount { email, password, invite }): Form<NewAccount>,
) -> Result<Response, PanelError> {
    gate.try_to_register(&visit)?;
    let may = may_register(&app, &visit, &invite).await?;
    if let May::Not(_) = may {
        let page = Page::new(RegisterPage { shell: Shell::outside(), email, invite, may });
        return Ok(page.with_status(StatusCode::FORBIDDEN).into_response());
    }
    let registered = if invite.is_empty() {
        app.accounts.register(&email, password).await
    } else {
        app.accounts.register_invited(&email, password, &invite).await
    };
    match registered {
        Ok(registered) => {
            let address = visit.caller().to_string();
            let token = app.accounts.begin_session(registered.account, whence(&address, &headers)).await?;
            let words = "Welcome! Your account has an API key and a verification key already.";
            Ok(SeeOther::to("/panel").saying(words).with_cookie(visitor.entered(&token)).into_response())
        }
        Err(error) => {
            let shell = Shell::outside().with_problem(PanelError::from(error).into_words()?);
            let page = Page::new(RegisterPage { shell, email, invite, may });
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

async fn may_register(app: &App, visit: &Visit, invite: &str) -> Result<May, PanelError> {
    if invite.is_empty() {
        return Ok(without_invite(app.config.panel.registration));
    }
    visit.try_key()?;
    match app.accounts.open_invite(invite).await {
        Ok(invite) => Ok(with_invite(app.config.panel.registration, &invite)),
        Err(AccountError::BadInvite) => {
            visit.failed();
            Ok(May::Not(
                "This invitation is not good: it has been used, has expired or was taken back. Ask for a new one.",
            ))
        }
        Err(error) => Err(error.into()),
    }
}

fn without_invite(registration: Registration) -> May {
    match registration {
        Registration::Open => May::Register { as_admin: false },
        Registration::Invite => {
            May::Not("Accounts are made by invitation here. Ask an administrator of this server for a link.")
        }
        Registration::Closed => May::Not("Accounts are made by the operator of this server."),
    }
}

fn with_invite(registration: Registration, invite: &Invite) -> May {
    // The operator's own invitations are always good: without them there would be no first administrator.
    if registration == Registration::Closed && invite.made_by.is_some() {
        return without_invite(registration);
    }
    May::Register { as_admin: invite.is_admin }
}

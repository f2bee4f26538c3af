//! The account's own page: password, second factor, and where its owner is signed in.

mod browser;
mod qr;
pub(super) mod second_factor;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{super::visit::Visit, Form, Gate, Here, Member, Page, PanelError, SeeOther, Shell, show};
use crate::{accounts::FactorState, app::App, db::sessions::SignedIn};

const PAGE: &str = "/panel/account";

#[derive(Template)]
#[template(path = "panel/account.html")]
struct AccountPage {
    shell: Shell,
    email: String,
    factor: Option<FactorState>,
    sessions: Vec<SignedIn>,
    /// The id of the session that asks.
    here: String,
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    old: SecretString,
    new: SecretString,
    again: SecretString,
}

/// Shows the account.
pub(super) async fn show(member: Member, State(app): State<App>) -> Result<Response, PanelError> {
    Ok(page(&app, &member, None).await?.into_response())
}

/// Changes the password, and ends what the old one has opened elsewhere.
pub(super) async fn change_password(
    member: Member,
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    Form(NewPassword { old, new, again }): Form<NewPassword>,
) -> Result<Response, PanelError> {
    if new.expose_secret() != again.expose_secret() {
        return refused(&app, &member, "The new password was not the same the second time.".to_owned()).await;
    }
    gate.try_email(&member.email, &visit)?;
    match app.accounts.change_password(member.account, old, new, &member.session).await {
        Ok(()) => {
            let words = "The password is changed, and everybody else is signed out.";
            Ok(SeeOther::to(PAGE).saying(words).into_response())
        }
        Err(error) => refused(&app, &member, PanelError::from(error).into_words()?).await,
    }
}

/// Ends one of the account's sessions.
pub(super) async fn end_session(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<SeeOther, PanelError> {
    app.accounts.end_session(member.account, &id).await?;
    Ok(SeeOther::to(PAGE).saying("The session has ended."))
}

/// Ends all of them but this one.
pub(super) async fn end_other_sessions(
    member: Member,
    State(app): State<App>,
) -> Result<SeeOther, PanelError> {
    app.accounts.end_sessions(member.account, Some(&member.session)).await?;
    Ok(SeeOther::to(PAGE).saying("All other sessions have ended."))
}

async fn refused(app: &App, member: &Member, words: String) -> Result<Response, PanelError> {
    let page = page(app, member, Some(words)).await?;
    Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

async fn page(app: &App, member: &Member, problem: Option<String>) -> Result<Page<AccountPage>, PanelError> {
    Ok(Page::new(AccountPage {
        shell: member.shell(Here::Account).with_problem(problem),
        email: member.email.clone(),
        factor: app.accounts.second_factor(member.account).await?,
        sessions: app.accounts.list_sessions(member.account).await?,
        here: member.session.clone(),
    }))
}

//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    super::{query::Query, visit::Visit},
    Form, Gate, Member, Page, PanelError, SeeOther, Shell, Visitor,
};
use crate::{
    accounts::{AuthError, Entry, Whence},
    app::App,
    config::Registration,
};

#[derive(Template)]
#[template(path = "panel/login.html")]
struct LoginPage {
    shell: Shell,
    email: String,
    next: String,
    may_register: bool,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// Asks who somebody is.
pub(super) async fn ask(
    member: Result<Member, PanelError>,
    visitor: Visitor,
    State(app): State<App>,
    uri: Uri,
) -> Result<Response, PanelError> {
    let next = Query::of(&uri).get("next").unwrap_or_default().to_owned();
    match member {
        Ok(_) => return Ok(SeeOther::to(page_of_ours(&next)).into_response()),
        Err(PanelError::SignIn(_)) => {}
        Err(error) => return Err(error),
    }
    let shell = Shell::outside().with_said(visitor.said);
    Ok(page(&app, shell, String::new(), next).into_response())
}

/// Lets somebody in who has the password.
pub(super) async fn sign_in(
    visitor: Visitor,
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Form(Credentials { email, password, next }): Form<Credentials>,
) -> Result<Response, PanelError> {
    visit.try_key()?;
    gate.try_email(&email, &visit)?;
    let address = visit.caller().to_string();
    match app.accounts.sign_in(&email, password, whence(&address, &headers)).await {
        Ok(Entry::Session(token)) => {
            Ok(SeeOther::to(page_of_ours(&next)).with_cookie(visitor.entered(&token)).into_response())
        }
        Ok(Entry::Half(token)) => {
            let next = utf8_percent_encode(&next, NON_ALPHANUMERIC);
            let code = SeeOther::to(format!("/panel/login/code?next={next}"));
            Ok(code.with_cookie(visitor.half_entered(&token)).into_response())
        }
        Err(AuthError::WrongPassword) => {
            visit.failed();
            let shell =
                Shell::outside().with_problem("The e-mail address or the password is wrong.".to_owned());
            Ok(page(&app, shell, email, next).with_status(StatusCode::UNAUTHORIZED).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    member: Member,
    visitor: Visitor,
    State(app): State<App>,
) -> Result<impl IntoResponse, PanelError> {
    app.accounts.end_session(member.account, &member.session).await?;
    Ok(SeeOther::to("/panel/login").saying("You are signed out.").with_cookie(visitor.left()))
}

/// Whence somebody comes.
pub(super) fn whence<'a>(address: &'a str, headers: &'a HeaderMap) -> Whence<'a> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Whence { address, agent: agent.unwrap_or_default() }
}

fn page(app: &App, shell: Shell, email: String, next: String) -> Page<LoginPage> {
    let may_register = app.config.panel.registration == Registration::Open;
    Page::new(LoginPage { shell, email, next, may_register })
}

/// Somebody may have made up where to go on: it is a page of the panel, or the first one.
pub(super) fn page_of_ours(next: &str) -> String {
    let is_ours =
        next.strip_prefix("/panel").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    if is_ours { next.to_owned() } else { "/panel".to_owned() }
}

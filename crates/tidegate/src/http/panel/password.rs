//! A new password, for somebody who has the link that an administrator made.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    super::{query::Query, visit::Visit},
    Form, Page, PanelError, SeeOther, Shell,
};
use crate::{accounts::AccountError, app::App};

#[derive(Template)]
#[template(path = "panel/password.html")]
struct PasswordPage {
    shell: Shell,
    token: String,
    /// Whose password it is; nothing if the link is not good.
    email: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    token: String,
    password: SecretString,
}

/// Asks for it.
pub(super) async fn ask(
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    uri: Uri,
) -> Result<Response, PanelError> {
    let token = Query::of(&uri).get("token").unwrap_or_default().to_owned();
    visit.try_key()?;
    match app.accounts.find_password_link(&token).await {
        Ok(email) => Ok(page(Shell::outside(), token, Some(email)).into_response()),
        Err(error) => refused(&visit, error),
    }
}

/// Sets it.
pub(super) async fn set(
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    Form(NewPassword { token, password }): Form<NewPassword>,
) -> Result<Response, PanelError> {
    visit.try_key()?;
    match app.accounts.set_password_by_link(&token, password).await {
        Ok(_) => Ok(SeeOther::to("/panel/login")
            .saying("The password is changed. Sign in with it.")
            .into_response()),
        Err(error @ AccountError::BadPassword) => {
            let email = app.accounts.find_password_link(&token).await?;
            let shell = Shell::outside().with_problem(PanelError::from(error).into_words()?);
            let page = page(shell, token, Some(email)).with_status(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(page.into_response())
        }
        Err(error) => refused(&visit, error),
    }
}

fn refused(visit: &Visit, error: AccountError) -> Result<Response, PanelError> {
    if !matches!(error, AccountError::NoSuchLink) {
        return Err(error.into());
    }
    visit.failed();
    let page = page(Shell::outside(), String::new(), None);
    Ok(page.with_status(StatusCode::FORBIDDEN).into_response())
}

fn page(shell: Shell, token: String, email: Option<String>) -> Page<PasswordPage> {
    Page::new(PasswordPage { shell, token, email })
}

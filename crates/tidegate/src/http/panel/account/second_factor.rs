//! Setting up a second factor, changing its recovery codes, and removing it. What is asked for at sign-in is in `login_code`.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    super::{
        super::{error::sentence, forwarded::address_as_reached, visit::Visit},
        Form, Gate, Here, Member, Page, PanelError, SeeOther, Shell, show,
    },
    PAGE,
    qr::Qr,
    refused,
};
use crate::{
    accounts::{Enrolment, FactorError},
    app::App,
};

const SETUP: &str = "/panel/account/second-factor";

#[derive(Template)]
#[template(path = "panel/second_factor.html")]
struct SetupPage {
    shell: Shell,
    enrolment: Enrolment,
    qr: Qr,
}

#[derive(Template)]
#[template(path = "panel/recovery_codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<SecretString>,
    /// Whether the second factor was turned on with them.
    is_new: bool,
}

#[derive(Deserialize)]
pub(in super::super) struct Password {
    password: SecretString,
}

#[derive(Deserialize)]
pub(in super::super) struct Code {
    code: SecretString,
}

#[derive(Deserialize)]
pub(in super::super) struct Removal {
    password: SecretString,
    code: SecretString,
}

/// Makes a secret for whoever has the password.
pub(in super::super) async fn begin(
    member: Member,
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    Form(Password { password }): Form<Password>,
) -> Result<Response, PanelError> {
    gate.try_email(&member.email, &visit)?;
    match app.accounts.begin_second_factor(member.account, password).await {
        Ok(()) => Ok(SeeOther::to(SETUP).into_response()),
        Err(error) => refused(&app, &member, PanelError::from(error).into_words()?).await,
    }
}

/// Shows the secret to the owner's app.
pub(in super::super) async fn set_up(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PanelError> {
    let shell = member.shell(Here::Account);
    Ok(match setup_page(&app, &member, shell, &uri, &headers).await? {
        Some(page) => page.into_response(),
        None => SeeOther::to(PAGE).into_response(),
    })
}

/// Turns it on for whoever shows a code of it, and shows recovery codes.
pub(in super::super) async fn confirm(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Form(Code { code }): Form<Code>,
) -> Result<Response, PanelError> {
    let words = match app.accounts.confirm_second_factor(member.account, &code).await {
        Ok(codes) => return Ok(codes_page(&member, codes, true)),
        Err(FactorError::AlreadyOn | FactorError::None) => return Ok(SeeOther::to(PAGE).into_response()),
        Err(error) => PanelError::from(error).into_words()?,
    };
    let shell = member.shell(Here::Account).with_problem(words);
    Ok(match setup_page(&app, &member, shell, &uri, &headers).await? {
        Some(page) => page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response(),
        None => SeeOther::to(PAGE).into_response(),
    })
}

/// Makes other recovery codes and shows them.
pub(in super::super) async fn renew_codes(
    member: Member,
    State(app): State<App>,
    Form(Code { code }): Form<Code>,
) -> Result<Response, PanelError> {
    match app.accounts.renew_recovery_codes(member.account, &code).await {
        Ok(codes) => Ok(codes_page(&member, codes, false)),
        Err(error) => refused(&app, &member, PanelError::from(error).into_words()?).await,
    }
}

/// Removes it for whoever has it, and the password.
pub(in super::super) async fn remove(
    member: Member,
    State(app): State<App>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    Form(Removal { password, code }): Form<Removal>,
) -> Result<Response, PanelError> {
    gate.try_email(&member.email, &visit)?;
    match app.accounts.remove_second_factor(member.account, password, &code).await {
        Ok(()) => Ok(SeeOther::to(PAGE).saying("The second factor is removed.").into_response()),
        Err(error) => refused(&app, &member, PanelError::from(error).into_words()?).await,
    }
}

async fn setup_page(
    app: &App,
    member: &Member,
    shell: Shell,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Page<SetupPage>>, PanelError> {
    let address = address_as_reached(app, uri, headers);
    let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
    let issuer = format!("Tidegate {host}");
    let Some(enrolment) = app.accounts.pending_second_factor(member.account, &issuer).await? else {
        return Ok(None);
    };
    let qr = Qr::of(enrolment.uri.expose_secret())?;
    Ok(Some(Page::new(SetupPage { shell, enrolment, qr })))
}

fn codes_page(member: &Member, codes: Vec<SecretString>, is_new: bool) -> Response {
    Page::new(CodesPage { shell: member.shell(Here::Account), codes, is_new }).into_response()
}

impl From<FactorError> for PanelError {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::TooManyMisses(until) => Self::BadForm(format!(
                "Too many wrong codes were entered for this account. Try again after {}.",
                show::moment(until)
            )),
            FactorError::Account(error) => error.into(),
            error => Self::BadForm(format!("{}.", sentence(&error))),
        }
    }
}

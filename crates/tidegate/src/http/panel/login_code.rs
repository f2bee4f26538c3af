//! The second step of signing in, for those who have a second factor: a code, within a few minutes of the password.

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
    super::{query::Query, visit::Visit},
    Page, PanelError, SeeOther, Shell, Visitor,
    form::Form,
    login::{page_of_ours, whence},
};
use crate::{accounts::FactorError, app::App};

#[derive(Template)]
#[template(path = "panel/login_code.html")]
struct CodePage {
    shell: Shell,
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Entered {
    code: SecretString,
    #[serde(default)]
    next: String,
}

/// Asks for a code.
pub(super) async fn ask(visitor: Visitor, State(app): State<App>, uri: Uri) -> Result<Response, PanelError> {
    let next = Query::of(&uri).get("next").unwrap_or_default().to_owned();
    match &visitor.half {
        Some(half) if app.accounts.is_half_in(half.expose_secret()).await? => {
            let shell = Shell::outside().with_said(visitor.said);
            Ok(Page::new(CodePage { shell, next }).into_response())
        }
        _ => Ok(over(&visitor).into_response()),
    }
}

/// Lets somebody in who has the code.
pub(super) async fn enter(
    visitor: Visitor,
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Form(Entered { code, next }): Form<Entered>,
) -> Result<Response, PanelError> {
    visit.try_key()?;
    let Some(half) = &visitor.half else { return Ok(over(&visitor).into_response()) };
    let address = visit.caller().to_string();
    let entered = app.accounts.finish_sign_in(half.expose_secret(), &code, whence(&address, &headers)).await;
    let error = match entered {
        Ok(token) => {
            let entered = SeeOther::to(page_of_ours(&next)).with_cookie(visitor.entered(&token));
            return Ok(entered.with_cookie(visitor.half_left()).into_response());
        }
        Err(FactorError::Over) => return Ok(over(&visitor).into_response()),
        Err(error) => error,
    };
    let status = match error {
        FactorError::WrongCode => {
            visit.failed();
            StatusCode::UNAUTHORIZED
        }
        FactorError::TooManyMisses(_) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let shell = Shell::outside().with_problem(PanelError::from(error).into_words()?);
    Ok(Page::new(CodePage { shell, next }).with_status(status).into_response())
}

/// Back to the password.
fn over(visitor: &Visitor) -> SeeOther {
    let begin = SeeOther::to("/panel/login").with_cookie(visitor.half_left());
    begin.saying("That took too long. Sign in again.")
}

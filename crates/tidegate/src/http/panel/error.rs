//! Why there is no page, in words.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    super::{
        error::{Failure, TOO_OFTEN, retry_after, sentence},
        throttle::TooOften,
    },
    Page, SeeOther, Shell,
};
use crate::{
    accounts::{AccountError, AuthError},
    db::DbError,
    pins::PinError,
    telemetry::request::RequestId,
};

/// See the module's documentation.
#[derive(Debug)]
pub(super) enum PanelError {
    /// Nobody is signed in; afterwards they want to go to this page.
    SignIn(Option<String>),
    /// There is no such page, or no such thing.
    NotFound,
    /// The page has no such action.
    MethodNotAllowed,
    /// Only administrators may see or do this.
    Forbidden,
    /// A page of another origin asks for something to be done.
    Forged,
    /// What was filled in makes no sense; the words say what.
    BadForm(String),
    /// Too many tries.
    TooOften(TooOften),
    /// Accounts are at the Cloud with this address.
    Elsewhere(String),
    /// Our side.
    Failed(Failure),
}

impl PanelError {
    /// What is wrong with what was filled in, to be said on the same page; all else is no page.
    pub(super) fn into_words(self) -> Result<String, Self> {
        match self {
            Self::BadForm(words) => Ok(words),
            other => Err(other),
        }
    }
}

/// A path that no page has.
pub(super) async fn not_found() -> PanelError {
    PanelError::NotFound
}

/// A page without that method.
pub(super) async fn method_not_allowed() -> PanelError {
    PanelError::MethodNotAllowed
}

#[derive(Template)]
#[template(path = "panel/error.html")]
struct ErrorPage {
    shell: Shell,
    title: &'static str,
    words: String,
    /// Another place that has what was looked for.
    place: Option<String>,
    /// What an administrator looks for in the log.
    request: Option<RequestId>,
}

impl IntoResponse for PanelError {
    fn into_response(self) -> Response {
        let (status, title, words) = match &self {
            Self::SignIn(next) => return to_sign_in(next.as_deref()).into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Not here",
                "There is no such page, or what it showed is gone.".to_owned(),
            ),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "Not this way", "This page cannot do that.".to_owned())
            }
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "For administrators",
                "This page is for administrators of this server.".to_owned(),
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "Not from here",
                "The request did not come from a page of this server, so nothing was done.".to_owned(),
            ),
            Self::BadForm(words) => (StatusCode::UNPROCESSABLE_ENTITY, "That did not work", words.clone()),
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many tries", format!("{TOO_OFTEN}.")),
            Self::Elsewhere(_) => (
                StatusCode::MISDIRECTED_REQUEST,
                "An Endpoint",
                "This server is an Endpoint, which takes uploads. Accounts and pages are at its Cloud."
                    .to_owned(),
            ),
            Self::Failed(failure) => {
                let (status, words) = failure.outside();
                (status, "That did not work", format!("{words}."))
            }
        };
        let place = match &self {
            Self::Elsewhere(cloud) => Some(format!("{cloud}/panel")),
            _ => None,
        };
        let request = if matches!(self, Self::Failed(_)) { RequestId::current() } else { None };
        let page = Page::new(ErrorPage { shell: Shell::outside(), title, words, place, request });
        let response = page.with_status(status).into_response();
        match self {
            Self::TooOften(refused) => retry_after(response, refused.after),
            _ => response,
        }
    }
}

/// The way to the page where people sign in.
fn to_sign_in(next: Option<&str>) -> SeeOther {
    match next {
        Some(page) => {
            SeeOther::to(format!("/panel/login?next={}", utf8_percent_encode(page, NON_ALPHANUMERIC)))
        }
        None => SeeOther::to("/panel/login"),
    }
}

impl From<TooOften> for PanelError {
    fn from(refused: TooOften) -> Self {
        Self::TooOften(refused)
    }
}

impl From<DbError> for PanelError {
    fn from(error: DbError) -> Self {
        Self::Failed(Failure::from(&error))
    }
}

impl From<AccountError> for PanelError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NoSuchAccount | AccountError::NoSuchKey | AccountError::NoSuchWallet => {
                Self::NotFound
            }
            AccountError::Db(error) => error.into(),
            AccountError::Crypto(_) | AccountError::WrongServerKey => {
                Self::Failed(Failure::Internal.log(&error))
            }
            other => Self::BadForm(format!("{}.", sentence(&other))),
        }
    }
}

impl From<AuthError> for PanelError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Db(error) => error.into(),
            AuthError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
            other => Self::BadForm(format!("{}.", sentence(&other))),
        }
    }
}

impl From<PinError> for PanelError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::Db(error) => error.into(),
            PinError::Blob(error) => Self::Failed(Failure::from(&error)),
            PinError::Stopped => Self::Failed(Failure::Internal.log(&error)),
            other => Self::BadForm(format!("{}.", sentence(&other))),
        }
    }
}

//! Who is here: cookies, and the extractors that read them.
//!
//! The cookie of a session opens it and says nothing; it is out of reach of scripts, and other sites cannot make a browser send it with
//! a form. A second one carries, for one page, the words for what was just done.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::{super::forwarded::address_as_reached, Here, PanelError, Shell};
use crate::{app::App, db::AccountId};

/// Words longer than this, in characters, are cut.
const SAID: usize = 300;

/// Somebody who is signed in. Others are sent to the page where they can do so.
pub(super) struct Member {
    pub account: AccountId,
    pub email: String,
    pub is_admin: bool,
    /// The id of the session they are here in.
    pub session: String,
    /// What was just done.
    pub said: Option<String>,
}

impl Member {
    /// What is around a page for them.
    pub(super) fn shell(&self, here: Here) -> Shell {
        Shell::of(self, here)
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = PanelError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PanelError> {
        let session = match cookie(&parts.headers, session_cookie(is_https(parts, app))) {
            Some(token) => app.accounts.find_session(token).await?,
            None => None,
        };
        let session = session.ok_or_else(|| PanelError::SignIn(next(parts)))?;
        Ok(Self {
            account: session.account,
            email: session.email,
            is_admin: session.is_admin,
            session: session.id,
            said: said(&parts.headers),
        })
    }
}

/// An administrator who is signed in. Others are told that the page is not for them.
#[expect(dead_code, reason = "the first page for administrators takes it")]
pub(super) struct Admin(pub Member);

impl FromRequestParts<App> for Admin {
    type Rejection = PanelError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PanelError> {
        let member = Member::from_request_parts(parts, app).await?;
        if member.is_admin { Ok(Self(member)) } else { Err(PanelError::Forbidden) }
    }
}

/// Anybody, as far as it matters to a page for people who are not signed in.
pub(super) struct Visitor {
    /// What was just done.
    pub said: Option<String>,
    /// Whether they came by https, as far as can be told.
    is_https: bool,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self { said: said(&parts.headers), is_https: is_https(parts, app) })
    }
}

impl Visitor {
    /// The header that begins a session in their browser.
    pub(super) fn entered(&self, token: &SecretString) -> HeaderValue {
        let (name, secure) = (session_cookie(self.is_https), secure(self.is_https));
        let text = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}", token.expose_secret());
        sensitive(text)
    }

    /// The header that ends it there.
    pub(super) fn left(&self) -> HeaderValue {
        let (name, secure) = (session_cookie(self.is_https), secure(self.is_https));
        sensitive(format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"))
    }
}

/// The header by which the next page says these words.
pub(super) fn saying(words: &str) -> HeaderValue {
    let words: String = words.chars().take(SAID).collect();
    let words = utf8_percent_encode(&words, NON_ALPHANUMERIC);
    sensitive(format!("{SAID_COOKIE}={words}; Path=/panel; Max-Age=60; HttpOnly; SameSite=Lax"))
}

/// The header after which no page says them any more, if one was to.
pub(super) fn has_said(headers: &HeaderMap) -> Option<HeaderValue> {
    cookie(headers, SAID_COOKIE)?;
    Some(sensitive(format!("{SAID_COOKIE}=; Path=/panel; Max-Age=0; HttpOnly; SameSite=Lax")))
}

const SAID_COOKIE: &str = "tidegate_said";

/// By https, no page of a neighbouring host can put one there (RFC 6265bis, section 4.1.3.2).
fn session_cookie(is_https: bool) -> &'static str {
    if is_https { "__Host-tidegate" } else { "tidegate" }
}

fn secure(is_https: bool) -> &'static str {
    if is_https { "; Secure" } else { "" }
}

fn is_https(parts: &Parts, app: &App) -> bool {
    address_as_reached(app, &parts.uri, &parts.headers).starts_with("https:")
}

fn said(headers: &HeaderMap) -> Option<String> {
    let words = percent_decode_str(cookie(headers, SAID_COOKIE)?).decode_utf8().ok()?;
    Some(words.chars().take(SAID).collect()).filter(|words: &String| !words.is_empty())
}

/// The value of the first cookie of this name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(known, value)| (known == name).then_some(value))
}

/// Where to go on after signing in: the page that was asked for.
fn next(parts: &Parts) -> Option<String> {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
    let page = uri.path_and_query()?.as_str();
    (parts.method == Method::GET && page != "/panel").then(|| page.to_owned())
}

/// A header with a secret in it, or with what is nobody else's business.
fn sensitive(text: String) -> HeaderValue {
    // Tokens and percent-encoded words fit into any header.
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

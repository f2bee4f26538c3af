//! Answers: a page, or the way to another one.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::{super::error::Failure, PanelError, member};

/// A page made of a template.
pub(super) struct Page<T> {
    template: T,
    status: StatusCode,
}

impl<T: Template> Page<T> {
    pub(super) fn new(template: T) -> Self {
        Self { template, status: StatusCode::OK }
    }

    /// The same for something that did not work.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.template.render() {
            Ok(html) => (self.status, axum::response::Html(html)).into_response(),
            Err(error) => PanelError::Failed(Failure::Internal.log(&error)).into_response(),
        }
    }
}

/// The way to another page after something was done: 303.
pub(super) struct SeeOther {
    place: String,
    cookies: Vec<HeaderValue>,
}

impl SeeOther {
    /// To a path of the panel.
    pub(super) fn to(place: impl Into<String>) -> Self {
        Self { place: place.into(), cookies: Vec::new() }
    }

    /// What the page says that comes next.
    pub(super) fn saying(self, words: &str) -> Self {
        self.with_cookie(member::saying(words))
    }

    /// With a cookie for the browser.
    pub(super) fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for SeeOther {
    fn into_response(self) -> Response {
        // What no header can hold is no path of ours.
        let place = HeaderValue::try_from(self.place).unwrap_or(HeaderValue::from_static("/panel"));
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

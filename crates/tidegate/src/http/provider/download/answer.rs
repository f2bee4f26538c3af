//! The answer to a download: what of the source's head a buyer may see, and the way to go on when it breaks.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_ocean::FileObject;

use super::{
    ask::Ask,
    body::{Done, Outgoing},
    proof::Proof,
};
use crate::{
    app::App,
    clock::Timestamp,
    downloads::{Grant, ticket::Ticket},
    http::provider::params::Params,
    sources::Opened,
};

const RESUME: HeaderName = HeaderName::from_static("x-tidegate-resume");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
/// A buyer's own copy, and nobody else's.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// What RFC 8187 leaves as it is.
const ATTRIBUTE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'!').remove(b'$');

/// The ticket that goes with an answer.
pub(super) struct Resume(String);

impl Resume {
    /// A new one, for the request that was just accepted. It is good as long as the operator says, but not longer than the
    /// order.
    pub(super) fn new(app: &App, ask: &Ask<'_>, grant: &Grant, now: Timestamp) -> Option<Self> {
        let lifetime = app.config.provider.ticket_lifetime;
        if lifetime.is_zero() {
            return None;
        }
        let order = grant.order.until(grant.offer.service().timeout);
        let order_end = order.and_then(|until| i64::try_from(until).ok()).map(Timestamp::from_seconds);
        let until = now.plus(lifetime).min(order_end.unwrap_or(Timestamp::MAX));
        let userdata = ask.userdata.as_deref().map(|userdata| match userdata.as_str() {
            Some(text) => text.to_owned(),
            None => userdata.to_string(),
        });
        let ticket = Ticket {
            did: ask.did.clone().into_owned(),
            service: ask.service.clone().into_owned(),
            file: ask.file,
            transaction: grant.order.paid_tx,
            consumer: grant.buyer,
            userdata,
            until: until.as_millis(),
        };
        app.downloads.tickets.issue(&ticket).map(Self)
    }

    /// The one that came with the request.
    pub(super) fn again(headers: &HeaderMap, params: &Params) -> Option<Self> {
        Self::sent(headers, params).map(Self)
    }

    /// The text of the ticket that came with a request.
    pub(super) fn sent(headers: &HeaderMap, params: &Params) -> Option<String> {
        let in_header = || headers.get(RESUME)?.to_str().ok().map(str::to_owned);
        params.text("ticket").map(std::borrow::Cow::into_owned).or_else(in_header)
    }

    fn add_to(&self, headers: &mut HeaderMap) {
        let location = format!("/api/services/download?ticket={}", self.0);
        if let (Ok(ticket), Ok(location)) = (HeaderValue::from_str(&self.0), HeaderValue::from_str(&location))
        {
            headers.insert(RESUME, ticket);
            headers.insert(header::CONTENT_LOCATION, location);
        }
    }
}

/// The answer without the bytes, for whoever only wants to know. It has no ticket: no nonce was used up for one.
pub(super) fn tell(opened: &Opened) -> Response {
    (status(opened), head(opened)).into_response()
}

/// The answer, whose receipt is written when its last byte is sent.
pub(super) fn deliver(
    app: &App,
    ask: &Ask<'_>,
    grant: &Grant,
    proof: &Proof,
    opened: Opened,
    resume: Option<&Resume>,
) -> Response {
    let (status, mut headers) = (status(&opened), head(&opened));
    if let Some(resume) = resume {
        resume.add_to(&mut headers);
    }
    let settings = &app.config.provider;
    let has_proofs = settings.use_http_proof.is_some() || settings.use_chain_proof;
    let done = Done {
        app: app.clone(),
        chain: Arc::clone(&grant.offer.chain),
        datatoken: grant.offer.service().datatoken,
        order_tx: grant.order.tx,
        consumer: grant.buyer,
        did: ask.did.clone().into_owned(),
        service: ask.service.clone().into_owned(),
        file: ask.file,
        range: opened.part.map(|part| part.to_string()),
        signed: has_proofs.then(|| proof.signed_text(ask, grant.buyer)).flatten(),
    };
    // Such a tag follows from the content, so whole content of one tag has one hash.
    let known_as = match (&grant.file, &opened.part) {
        (FileObject::Ipfs { .. }, None) => opened.etag.clone(),
        _ => None,
    };
    let body = Outgoing::new(opened.body, opened.length, known_as, done);
    (status, headers, Body::new(body)).into_response()
}

fn status(opened: &Opened) -> StatusCode {
    if opened.part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
}

/// What a buyer may see, and no other header of the source.
fn head(opened: &Opened) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CONTENT_TYPE, opened.content_type.clone().unwrap_or(OCTETS));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&opened.file_name));
    headers.insert(header::CACHE_CONTROL, PRIVATE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(length) = opened.length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    if opened.accepts_ranges {
        headers.insert(header::ACCEPT_RANGES, BYTES);
    }
    let part = opened.part.and_then(|part| HeaderValue::try_from(part.to_string()).ok());
    for (name, value) in [
        (header::CONTENT_RANGE, part),
        (header::CONTENT_ENCODING, opened.content_encoding.clone()),
        (header::ETAG, opened.etag.clone()),
        (header::LAST_MODIFIED, opened.last_modified.clone()),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

/// Clients take all that stands behind `attachment;filename=`, so nothing stands there but the name: no blank before it and
/// no quotes around it. A name that needs quotes is given in a simpler form first, and then in full (RFC 6266).
fn disposition(name: &str) -> HeaderValue {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let name = if name.is_empty() { "file" } else { name };
    let plain: String = name.chars().map(|c| if is_token(c) { c } else { '_' }).collect();
    let text = if plain == name {
        format!("attachment;filename={plain}")
    } else {
        format!("attachment;filename={plain};filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_as_clients_read_them() {
        for (name, expected) in [
            ("a.bin", "attachment;filename=a.bin"),
            ("", "attachment;filename=file"),
            ("two words.csv", "attachment;filename=two_words.csv;filename*=UTF-8''two%20words.csv"),
            ("a\";x=\"b", "attachment;filename=a__x__b;filename*=UTF-8''a%22%3Bx%3D%22b"),
            ("ż\r\n.txt", "attachment;filename=___.txt;filename*=UTF-8''%C5%BC%0D%0A.txt"),
        ] {
            assert_eq!(disposition(name), expected);
        }
    }
}

//! `GET download`: a file, for whoever has paid for it.
//!
//! `ask.rs` reads what is asked, `proof.rs` who asks, `answer.rs` and `body.rs` deliver.
//!
//! A request's nonce is used up last, when nothing else stands against the download and before the source is asked. So the
//! same URL can be tried again after a refusal, as soon as its reason is gone: an order that was too new, an asset that
//! was disabled. Somebody who has captured a refused request can do no more with it than with one that never arrived: get
//! once what its signer may have, unless the signer has used a greater nonce meanwhile.

mod answer;
mod ask;
mod body;
mod proof;

use axum::{extract::State, response::Response};
use http::{HeaderMap, Method};

use self::{
    answer::{Resume, deliver, tell},
    ask::Ask,
    proof::Proof,
};
use super::{ProviderError, params::Params, sign};
use crate::{app::App, downloads::ticket::Ticket, sources::PartAsked};

/// Delivers a file, or only tells of it for `HEAD`.
pub(super) async fn download(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ProviderError> {
    let now = app.clock.now();
    let ticket = ticket_of(&app, &headers, &params)?;
    let ask = match &ticket {
        Some(ticket) => Ask::of_ticket(ticket),
        None => Ask::of_params(&params)?,
    };
    let proof = match &ticket {
        Some(_) => Proof::Ticket,
        None => proof::check(&app, &headers, &params, &ask).await?,
    };
    let grant = app.downloads.grant(ask.wanted()?).await?;
    let part = PartAsked::of(&headers);
    if method == Method::HEAD {
        if let Some(signer) = proof.signer() {
            sign::check_fresh(&app, &signer).await?;
        }
        return Ok(tell(&app.sources.open(&grant.file, grant.seller, &part).await?));
    }
    if let Some(signer) = proof.signer() {
        sign::consume(&app, &signer).await?;
    }
    let opened = app.sources.open(&grant.file, grant.seller, &part).await?;
    let resume = match &ticket {
        Some(_) => Resume::again(&headers, &params),
        None => Resume::new(&app, &ask, &grant, now),
    };
    Ok(deliver(&app, &ask, &grant, &proof, opened, resume.as_ref()))
}

/// The ticket that comes with the request, in its query or, beside the signed URL that it stands for, in a header.
fn ticket_of(app: &App, headers: &HeaderMap, params: &Params) -> Result<Option<Ticket>, ProviderError> {
    let Some(text) = Resume::sent(headers, params) else { return Ok(None) };
    let over = || ProviderError::refused("The ticket is not valid or no longer; sign a new request.");
    let ticket = app.downloads.tickets.open(&text, app.clock.now()).ok_or_else(over)?;
    let same = ask::is_of(params, &ticket);
    if same {
        Ok(Some(ticket))
    } else {
        Err(ProviderError::refused("The ticket belongs to another download."))
    }
}

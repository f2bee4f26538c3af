//! `GET initialize`: what access to a service costs, or that it is paid already.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use tidegate_ocean::{B256, FeeTime, ServiceKind};

use super::{
    ProviderError,
    json::Answer,
    nonce,
    params::Params,
    scrub::quoted,
    throttle::Questions,
    validation::{Violations, not_an_integer, too_small},
};
use crate::{
    app::App,
    downloads::{Offer, Reason, Refusal, policy::Action},
    http::visit::Visit,
};

/// What an order needs. Members in alphabetical order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    /// With its checksum.
    datatoken: String,
    nonce: Box<RawValue>,
    provider_fee: Value,
}

/// The order that is good already.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    valid_order: B256,
}

/// Tells what an order needs to hold.
pub(super) async fn quote(
    State(app): State<App>,
    Extension(questions): Extension<Arc<Questions>>,
    Extension(visit): Extension<Visit>,
    params: Params,
) -> Result<Response, ProviderError> {
    validate(&params)?;
    let consumer = params.text("consumerAddress").unwrap_or_default();
    let address = consumer.parse().ok();
    let did = params.text("documentId").unwrap_or_default();
    let offer = app.downloads.offer(&did, &params.text("serviceId").unwrap_or_default()).await?;
    offer.check_consumable(address).await?;
    if offer.service().kind == ServiceKind::Compute {
        return Err(offer.refuse(Reason::Compute).into());
    }
    app.downloads.check_policy(Action::Initialize, &consumer, &offer).await?;
    if let (Some(transaction), Some(address)) = (params.text("transferTxId"), address) {
        match app.downloads.order(&offer, &transaction, address, FeeTime::Ignored).await {
            Ok(order) => return Ok(Answer(StatusCode::OK, Paid { valid_order: order.tx }).into_response()),
            // Whatever is wrong with that order, a new one can be made.
            Err(Refusal::On(..)) => {}
            // It may be good, and nobody should pay twice because nobody knows.
            Err(unknown) => return Err(unknown.into()),
        }
    }
    if let Some(index) = file_index(&params)? {
        let _place = questions.enter(visit.caller(), 1, app.clock.now())?;
        check_file(&app, &offer, index, &params).await?;
    }
    let environment = params.text("environment");
    let fee = app.downloads.quote(
        &offer,
        environment.as_deref().map(quoted),
        valid_until(&params)?,
        app.clock.now(),
    )?;
    let nonce = match address {
        Some(address) => nonce::last(&app, address).await?,
        None => nonce::first(),
    };
    let quote =
        Quote { datatoken: offer.service().datatoken.to_string(), nonce, provider_fee: fee.to_json() };
    Ok(Answer(StatusCode::OK, quote).into_response())
}

fn validate(params: &Params) -> Result<(), Violations> {
    let mut wrong = Violations::default();
    wrong.require_all(params, &["documentId", "serviceId", "consumerAddress"]);
    if let Err(index) = file_index(params) {
        wrong.merge(index);
    }
    if let Err(until) = valid_until(params) {
        wrong.merge(until);
    }
    wrong.check()
}

/// `fileIndex`, if it is there.
pub(super) fn file_index(params: &Params) -> Result<Option<usize>, Violations> {
    let Some(text) = params.text("fileIndex") else { return Ok(None) };
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What does not fit is behind the last file.
        return Ok(Some(text.parse().unwrap_or(usize::MAX)));
    }
    let mut wrong = Violations::of("fileIndex", not_an_integer("fileIndex"));
    if text.parse::<f64>().is_ok_and(|number| number < 0.0) {
        wrong.add("fileIndex", too_small("fileIndex", 0));
    }
    Err(wrong)
}

/// `validUntil`, in seconds since 1970, if it is there.
fn valid_until(params: &Params) -> Result<Option<u64>, Violations> {
    let Some(text) = params.text("validUntil") else { return Ok(None) };
    let number = text.parse().map_err(|_| Violations::of("validUntil", not_an_integer("validUntil")))?;
    Ok(Some(number))
}

/// Nobody should pay for a file that is not there.
async fn check_file(app: &App, offer: &Offer, index: usize, params: &Params) -> Result<(), ProviderError> {
    let file = offer.file(index, params.value("userdata"))?;
    let seller = offer.seller_of(std::slice::from_ref(&file)).await;
    match app.sources.probe(&file, seller, false).await {
        Ok(_) => Ok(()),
        Err(_) => Err(ProviderError::refused(format!(
            "Provider {}: Asset URL not found, not available or invalid. Payload was: {}",
            offer.chain.name(),
            params.shown(),
        ))),
    }
}

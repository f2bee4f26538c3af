//! What the signed routes share: the signature is checked, then, when nothing else stands against the request, its nonce
//! is used up.

use std::{borrow::Cow, sync::Arc};

use tidegate_ocean::{Nonce, SignedRequest};

use super::{
    ProviderError,
    params::Params,
    validation::{Violations, not_a_number},
};
use crate::{
    access::NonceRefusal,
    app::App,
    chain::{Chain, ChainError},
    downloads::{SignatureRefusal, Signed, Signer},
};

/// The longest signature that is looked at: a contract wallet's may hold several keys'.
pub(super) const MAX_SIGNATURE: usize = 20_000;

/// The parameter `nonce`, which must be there.
///
/// # Errors
/// It is no decimal.
pub(super) fn nonce_of(params: &Params) -> Result<Cow<'_, str>, Violations> {
    params
        .text("nonce")
        .filter(|text| Nonce::parse(text).is_ok())
        .ok_or_else(|| Violations::of("nonce", not_a_number("nonce")))
}

/// The chain whose id a client sent as text; none if it is not ours.
///
/// # Errors
/// We have none at all, or ours does not tell which it is.
pub(super) async fn find_chain<'a>(app: &'a App, id: &str) -> Result<Option<&'a Arc<Chain>>, ProviderError> {
    if app.chains.is_empty() {
        return Err(ProviderError::no_chain());
    }
    let Ok(id) = id.parse() else { return Ok(None) };
    match app.chains.get(id).await {
        Ok(chain) => Ok(Some(chain)),
        Err(ChainError::NotServed(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whoever signed `request` with a key, or with a contract wallet on any chain of ours.
///
/// # Errors
/// Nobody of that address did.
pub(super) async fn check(
    app: &App,
    request: SignedRequest<'_>,
    address: &str,
    nonce: &str,
    signature: &str,
) -> Result<Signer, ProviderError> {
    if signature.len() > MAX_SIGNATURE {
        return Err(ProviderError::no_signature());
    }
    let signed = Signed { request, address, nonce, signature };
    if let Some(signer) = signed.by_key()? {
        return Ok(signer);
    }
    let chains: Vec<_> = app.chains.all().await.into_values().collect();
    Ok(signed.by_wallet(&chains).await?)
}

/// Uses the nonce up: this request, and no other with the same or a smaller one, goes on.
///
/// # Errors
/// It is not greater than the last one.
pub(super) async fn consume(app: &App, signer: &Signer) -> Result<(), ProviderError> {
    app.nonces.accept(signer.address, signer.nonce).await.map_err(|refusal| refused(refusal, &signer.nonce))
}

/// Whether the nonce would be accepted now. It is not used up.
///
/// # Errors
/// It would not.
pub(super) async fn check_fresh(app: &App, signer: &Signer) -> Result<(), ProviderError> {
    match app.nonces.last(signer.address).await? {
        Some(last) if last >= signer.nonce => Err(refused(NonceRefusal::TooLow { last }, &signer.nonce)),
        _ => Ok(()),
    }
}

/// The reference's words, and then what to do.
pub(super) fn refused(refusal: NonceRefusal, sent: &Nonce) -> ProviderError {
    match refusal {
        NonceRefusal::TooLow { last } => {
            let next = last.next().map(|next| format!(" Send {next} or more.")).unwrap_or_default();
            ProviderError::Signature(format!(
                "Invalid signature expected nonce ({last}) > current nonce ({sent}). Each nonce must be greater than the \
                 last one, which was {last}.{next}"
            ))
        }
        NonceRefusal::Db(error) => error.into(),
    }
}

impl From<SignatureRefusal> for ProviderError {
    fn from(refusal: SignatureRefusal) -> Self {
        match refusal {
            SignatureRefusal::NotSigned(text) => Self::Signature(text),
            unavailable @ SignatureRefusal::Unavailable => Self::Away(unavailable.to_string()),
        }
    }
}

//! Who asks for a download: a signature says it, or else an auth token.

use http::{HeaderMap, header};
use tidegate_ocean::{Address, Nonce, Signature, SignedRequest, is_signed_by};

use super::ask::Ask;
use crate::{
    access::TokenRefusal,
    app::App,
    downloads::{Signed, Signer},
    http::provider::{
        ProviderError,
        params::Params,
        sign::{MAX_SIGNATURE, nonce_of},
        validation::require_first,
    },
};

/// What shows who asks.
pub(super) enum Proof {
    /// A signature over the asset and a nonce.
    Signed { signer: Signer, nonce: String, signature: String },
    /// A token. Clients of the node dialect send no nonce with it.
    Token(Option<Signer>),
    /// A ticket, given for one of these before.
    Ticket,
}

/// Finds out who asks. A signature wins over a token, `AuthToken` over `Authorization`.
pub(super) async fn check(
    app: &App,
    headers: &HeaderMap,
    params: &Params,
    ask: &Ask<'_>,
) -> Result<Proof, ProviderError> {
    if let Some(signature) = params.signature() {
        require_first(params, &["nonce"])?;
        let nonce = nonce_of(params)?;
        let signer = signer(app, ask, &nonce, &signature).await?;
        return Ok(Proof::Signed { signer, nonce: nonce.into_owned(), signature: signature.into_owned() });
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let classic = text(AUTH_TOKEN);
    if classic.is_some() || text(header::AUTHORIZATION).is_none() {
        require_first(params, &["nonce"])?;
    }
    let nonce = if params.has("nonce") { Some(nonce_of(params)?) } else { None };
    let token =
        classic.or_else(|| text(header::AUTHORIZATION).map(bare)).ok_or_else(ProviderError::no_signature)?;
    let address = ask.address()?;
    match app.tokens.verify(token.trim()).await {
        Ok(claims) if claims.address == address => {}
        Ok(_) | Err(TokenRefusal::Invalid | TokenRefusal::Expired | TokenRefusal::Revoked) => {
            return Err(ProviderError::no_signature());
        }
        Err(TokenRefusal::Db(error)) => return Err(error.into()),
    }
    let nonce = nonce.and_then(|nonce| Nonce::parse(&nonce).ok());
    Ok(Proof::Token(nonce.map(|nonce| Signer { address, nonce })))
}

const AUTH_TOKEN: http::HeaderName = http::HeaderName::from_static("authtoken");

/// Whoever signed: with a key, or with a contract wallet on the asset's chain. On another chain the wallet's address may
/// be somebody else's.
async fn signer(app: &App, ask: &Ask<'_>, nonce: &str, signature: &str) -> Result<Signer, ProviderError> {
    if signature.len() > MAX_SIGNATURE {
        return Err(ProviderError::no_signature());
    }
    let request = SignedRequest::Download { did: &ask.did };
    let signed = Signed { request, address: &ask.consumer, nonce, signature };
    if let Some(signer) = signed.by_key()? {
        return Ok(signer);
    }
    let offer = app.downloads.offer(&ask.did, &ask.service).await?;
    Ok(signed.by_wallet(&[&offer.chain]).await?)
}

/// The published clients send the token alone; others put `Bearer` before it.
fn bare(value: &str) -> &str {
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value.trim(),
    }
}

impl Proof {
    /// Whose nonce is used up.
    pub(super) fn signer(&self) -> Option<Signer> {
        match self {
            Self::Signed { signer, .. } => Some(*signer),
            Self::Token(signer) => *signer,
            Self::Ticket => None,
        }
    }

    /// The text that the consumer signed, and the signature, for whoever keeps proofs.
    pub(super) fn signed_text(&self, ask: &Ask<'_>, consumer: Address) -> Option<(String, String)> {
        let Self::Signed { nonce, signature, .. } = self else { return None };
        let mut texts = SignedRequest::Download { did: &ask.did }.texts(&ask.consumer, nonce);
        let parsed = Signature::parse(signature).ok();
        let signed =
            texts.iter().position(|text| parsed.is_some_and(|parsed| is_signed_by(text, &parsed, consumer)));
        Some((texts.swap_remove(signed.unwrap_or_default()), signature.clone()))
    }
}

//! `POST encrypt`: a publisher's document, sealed so that only this server opens it.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use tidegate_ocean::SignedRequest;

use super::{
    ProviderError,
    params::{Params, read_body},
    sign::{check, consume, find_chain, nonce_of},
};
use crate::{app::App, downloads::document};

/// Seals the body for the key of the chain that is named. Some clients sign, and what they sign is checked.
pub(super) async fn encrypt(State(app): State<App>, request: Request) -> Result<Response, ProviderError> {
    if !is_bytes(request.headers()) {
        return Err(ProviderError::refused(
            "Invalid request content type: should be application/octet-stream",
        ));
    }
    let params = Params::of_query(request.uri())?;
    let chain =
        params.text("chainId").ok_or_else(|| ProviderError::refused("Missing chainId query parameter."))?;
    let chain = find_chain(&app, &chain).await?.ok_or_else(failed)?;
    let limit = usize::try_from(app.config.provider.document_size.as_u64()).unwrap_or(usize::MAX);
    let plain = read_body(request.into_body(), limit).await?;
    if let Some(signature) = params.signature() {
        let nonce = nonce_of(&params)?;
        let address = params.text("consumerAddress").unwrap_or_default();
        let signer = check(&app, SignedRequest::Encrypt, &address, &nonce, &signature).await?;
        consume(&app, &signer).await?;
    }
    let sealed = document::seal(chain.key().public_key(), plain).await.map_err(|_| failed())?;
    let content_type = [(header::CONTENT_TYPE, "text/plain")];
    Ok((StatusCode::CREATED, content_type, format!("0x{}", hex::encode(sealed))).into_response())
}

fn failed() -> ProviderError {
    ProviderError::refused("Failed to encrypt.")
}

fn is_bytes(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.trim().eq_ignore_ascii_case("application/octet-stream")
}

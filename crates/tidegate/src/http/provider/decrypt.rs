//! `POST decrypt`: a published document in the clear, for metadata caches. They insist on 201 and on the document's hash.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use tidegate_ocean::{Address, B256, Nonce, SignedRequest, metadata_of};

use super::{
    ProviderError,
    params::Params,
    scrub,
    sign::{check, consume, find_chain},
    validation::{Violations, not_a_number, required_with, required_without},
};
use crate::{app::App, chain::Chain, downloads::document::Published};

/// What else a body holds beside the document.
const BODY_OVERHEAD: usize = 16 << 10;

/// Opens a document that is on chain, named by its transaction or given itself.
pub(super) async fn decrypt(State(app): State<App>, request: Request) -> Result<Response, ProviderError> {
    let params = Params::read(request, body_limit(&app)).await?;
    validate(&params)?;
    let nft = params.text("dataNftAddress").unwrap_or_default();
    let decrypter = params.text("decrypterAddress").unwrap_or_default();
    let chain_id = params.text("chainId").unwrap_or_default();
    let transaction = params.text("transactionId");
    let nonce = params.text("nonce").unwrap_or_default();
    let signature = params.signature().ok_or_else(ProviderError::no_signature)?;
    let subject = transaction.as_deref().unwrap_or(&nft);
    let request = SignedRequest::Decrypt { subject, address: &decrypter, chain_id: &chain_id };
    let signer = check(&app, request, &decrypter, &nonce, &signature).await?;
    // First of all, as the reference does: what follows costs calls to the chain.
    consume(&app, &signer).await?;

    let unserved = || ProviderError::refused(format!("Unsupported chain ID {}", scrub::quoted(&chain_id)));
    let chain = find_chain(&app, &chain_id).await?.ok_or_else(unserved)?;
    if !may_decrypt(&app, signer.address) {
        return Err(ProviderError::Refused(StatusCode::FORBIDDEN, "Decrypter not authorized".to_owned()));
    }
    let not_ours = || ProviderError::refused("Asset not deployed by the data NFT factory.");
    let nft: Address = nft.parse().map_err(|_| not_ours())?;
    if !chain.factory_deployed(nft).await? {
        return Err(not_ours());
    }
    let published = match &transaction {
        Some(transaction) => of_transaction(chain, nft, transaction).await?,
        None => of_request(&params)
            .ok_or_else(|| ProviderError::refused("Failed to convert input args to bytes."))?,
    };
    served_in(chain.nft_state(nft).await?.value())?;
    let document = app.downloads.documents.open(chain, published).await;
    let document = document.map_err(|error| ProviderError::refused(error.to_string()))?;
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "text/plain")], document).into_response())
}

fn body_limit(app: &App) -> usize {
    let document = usize::try_from(app.config.provider.document_size.as_u64()).unwrap_or(usize::MAX);
    document.saturating_mul(2).saturating_add(BODY_OVERHEAD)
}

fn validate(params: &Params) -> Result<(), Violations> {
    let mut wrong = Violations::default();
    wrong.require_all(params, &["decrypterAddress", "chainId", "dataNftAddress", "nonce"]);
    if params.text("nonce").is_none_or(|nonce| Nonce::parse(&nonce).is_err()) {
        wrong.add("nonce", not_a_number("nonce"));
    }
    let document = ["encryptedDocument", "flags", "documentHash"];
    let has_transaction = params.has("transactionId");
    let has_document = params.has("dataNftAddress") && document.iter().all(|field| params.has(field));
    if !has_transaction && !has_document {
        let others = "dataNftAddress, encryptedDocument, flags, documentHash";
        wrong.add("transactionId", required_without("transactionId", others));
    }
    for field in document.into_iter().filter(|field| !params.has(field)) {
        let others: Vec<_> = document.into_iter().filter(|other| *other != field).collect();
        if !has_transaction {
            wrong.add(field, required_without(field, "transactionId"));
        }
        if others.iter().any(|other| params.has(other)) {
            wrong.add(field, required_with(field, &others.join(", ")));
        }
    }
    if params.signature().is_none() {
        wrong.add("signature", super::error::NO_SIGNATURE);
    }
    wrong.check()
}

/// Everybody, unless the operator has named some.
fn may_decrypt(app: &App, decrypter: Address) -> bool {
    let named = &app.config.provider.authorized_decrypters;
    named.is_empty() || named.contains(&decrypter)
}

/// The document that `transaction` put on chain for `nft`.
async fn of_transaction(chain: &Chain, nft: Address, transaction: &str) -> Result<Published, ProviderError> {
    let failed = || ProviderError::refused("Failed to process transaction id.");
    let hash: B256 = transaction.parse().map_err(|_| failed())?;
    let receipt = chain.receipt(hash).await?.filter(|receipt| receipt.status).ok_or_else(failed)?;
    let metadata = metadata_of(&receipt, nft).ok_or_else(failed)?;
    Ok(Published { data: metadata.data.0, flags: metadata.flags, hash: metadata.hash })
}

/// The document that the request holds itself. Its hash is 32 bytes, its flags a number below 256.
fn of_request(params: &Params) -> Option<Published> {
    let bytes = |field| {
        let text = params.text(field)?;
        hex::decode(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(&text)).ok()
    };
    let flags = params.text("flags")?;
    let flags = match flags.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok()?,
        None => flags.parse().ok()?,
    };
    let hash = B256::try_from(bytes("documentHash")?.as_slice()).ok()?;
    Some(Published { data: bytes("encryptedDocument")?.into(), flags, hash })
}

/// Whether documents are served of an asset in this state.
fn served_in(state: u8) -> Result<(), ProviderError> {
    let gone = |text: &str| Err(ProviderError::Refused(StatusCode::FORBIDDEN, text.to_owned()));
    match state {
        0 | 4 | 5 => Ok(()),
        1 => gone("Asset end of life"),
        2 => gone("Asset deprecated"),
        3 => gone("Asset revoked"),
        _ => Err(ProviderError::refused("Invalid MetadataState")),
    }
}

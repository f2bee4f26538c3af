//! `/api/v1/receipts`: receipts of downloads, for administrators and for those who sold or bought. What is in one and how it is
//! checked is in `tidegate-ocean`.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
};
use http::Uri;
use serde::{Deserialize, Serialize};
use tidegate_ocean::{Address, B256, Check, Content, Evidence};

use super::{
    super::{
        extract::{ANY, Owner, READ},
        json_body,
        listed::cut,
        query::Query,
    },
    ApiError, Items,
};
use crate::{
    app::App,
    db::ReceiptId,
    downloads::{handout::HandedReceipt, records::View},
};

/// Receipts on a page if the request does not say, and at most.
const LIMITS: (u64, u64) = (50, 1000);

/// The longest body, in bytes: a receipt and what is asked about it.
const BODY_BYTES: usize = 256 << 10;

/// What is to be checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Asked {
    document: String,
    signature: String,
    hash: Option<B256>,
    provider: Option<Address>,
    content: Option<AskedContent>,
}

#[derive(Deserialize)]
struct AskedContent {
    bytes: u64,
    sha256: String,
}

/// What came of it.
#[derive(Serialize)]
pub(in crate::http) struct Checked {
    good: bool,
    /// With its checksum.
    signer: Option<String>,
    checks: Vec<ShownFinding>,
}

/// One thing that was looked at.
#[derive(Serialize)]
pub(in crate::http) struct ShownFinding {
    check: &'static str,
    holds: bool,
    message: String,
}

/// Lists receipts, the newest first.
pub(in crate::http) async fn list_receipts(
    Owner(caller): Owner<READ>,
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Items<HandedReceipt>>, ApiError> {
    let query = Query::of(&uri);
    let limit = query.number("limit", LIMITS.0, 1, LIMITS.1).map_err(ApiError::BadRequest)?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let before = match query.get("cursor") {
        None => ReceiptId::LAST,
        Some(text) => text.parse().map(ReceiptId).map_err(|_| bad_cursor())?,
    };
    let did = query.get("asset").map(str::to_owned);
    if did.as_ref().is_some_and(|did| did.contains('\0')) {
        return Err(ApiError::BadRequest("The parameter asset is a DID".to_owned()));
    }
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let view = View::of_account(s, caller.account).await?;
            view.receipts(s, did.as_deref(), before, limit + 1).await
        })
    });
    let mut found = read.await?;
    let next = cut(&mut found, limit, |last| last.id.to_string());
    Ok(Json(Items { items: found.into_iter().map(HandedReceipt::from).collect(), next }))
}

/// Shows a receipt.
pub(in crate::http) async fn show_receipt(
    Owner(caller): Owner<READ>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<HandedReceipt>, ApiError> {
    let unknown = || ApiError::NotFound("There is no such receipt".to_owned());
    let id = id.parse().map(ReceiptId).map_err(|_| unknown())?;
    let read = app.db.read(move |s| {
        Box::pin(async move { View::of_account(s, caller.account).await?.receipt(s, id).await })
    });
    Ok(Json(read.await?.ok_or_else(unknown)?.into()))
}

/// Checks a receipt, of this server or of another. Nothing is looked up.
pub(in crate::http) async fn verify_receipt(
    Owner(_): Owner<ANY>,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Checked>, ApiError> {
    let asked: Asked = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let content = asked.content.map(AskedContent::read).transpose()?;
    let verdict = Evidence {
        document: &asked.document,
        signature: &asked.signature,
        hash: asked.hash,
        provider: asked.provider,
        content,
    }
    .check();
    let good = verdict.is_good();
    let shown = |finding: tidegate_ocean::Finding| ShownFinding {
        check: Check::as_str(finding.check),
        holds: finding.holds,
        message: finding.words,
    };
    Ok(Json(Checked {
        good,
        signer: verdict.signer.map(|signer| signer.to_string()),
        checks: verdict.findings.into_iter().map(shown).collect(),
    }))
}

impl AskedContent {
    fn read(self) -> Result<Content, ApiError> {
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&self.sha256, &mut sha256)
            .map_err(|_| ApiError::BadRequest("content.sha256 is 64 hexadecimal digits".to_owned()))?;
        Ok(Content { bytes: self.bytes, sha256 })
    }
}

fn bad_cursor() -> ApiError {
    ApiError::BadRequest("The parameter cursor is what next was".to_owned())
}

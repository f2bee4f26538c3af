//! Receipts of downloads: the list, one with all that can be checked of it, and one as a file.

use std::time::Duration;

use askama::Template;
use axum::{
    Json,
    extract::{Path, State},
    response::IntoResponse,
};
use http::header;
use tidegate_ocean::{Address, Delivery, Verdict};
use tokio::time::timeout;

use super::{
    super::{Here, Member, Page, PanelError, Shell, show},
    Asked, Listed, PAGE, texts,
};
use crate::{
    app::App,
    clock::Timestamp,
    db::{AccountId, ReceiptId, receipts::Receipt},
    downloads::{handout::HandedReceipt, records::View},
};

/// How long a page waits for a chain that has not said yet which it is.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Template)]
#[template(path = "panel/provider/receipts.html")]
struct ReceiptsPage {
    shell: Shell,
    list: Listed<Shown>,
    /// The asset that alone is shown.
    asset: Option<String>,
}

/// A receipt, and what it says.
struct Shown {
    kept: Receipt,
    said: Option<Delivery>,
}

#[derive(Template)]
#[template(path = "panel/provider/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    name: Option<String>,
    at: Timestamp,
    receipt: HandedReceipt,
    verdict: Verdict,
}

/// Lists receipts, the newest first.
pub(in super::super) async fn list_receipts(
    member: Member,
    State(app): State<App>,
    asked: Asked,
) -> Result<impl IntoResponse, PanelError> {
    let (account, before) = (member.account, asked.before.map_or(ReceiptId::LAST, ReceiptId));
    let did = asked.asset.clone();
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let view = View::of_account(s, account).await?;
            view.receipts(s, did.as_deref(), before, PAGE + 1).await
        })
    });
    let shown = read
        .await?
        .into_iter()
        .map(|kept| Shown { said: Delivery::parse(&kept.receipt.document).ok(), kept });
    let list = Listed::of("receipts", shown.collect(), &asked, |shown| shown.kept.id.0);
    Ok(Page::new(ReceiptsPage { shell: member.shell(Here::Receipts), list, asset: asked.asset }))
}

/// Shows a receipt, and checks it.
pub(in super::super) async fn show_receipt(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, PanelError> {
    let kept = find(&app, member.account, &id).await?;
    let provider = own_address(&app, kept.receipt.chain_id).await;
    let (name, at) = (kept.asset_name.clone(), kept.receipt.created_at);
    let receipt = HandedReceipt::from(kept);
    let verdict = receipt.evidence(provider).check();
    Ok(Page::new(ReceiptPage { shell: member.shell(Here::Receipts), name, at, receipt, verdict }))
}

/// Gives a receipt as a file.
pub(in super::super) async fn save_receipt(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, PanelError> {
    let kept = find(&app, member.account, &id).await?;
    let name = format!("attachment; filename=\"receipt-{}.json\"", kept.id);
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(HandedReceipt::from(kept))))
}

async fn find(app: &App, account: AccountId, id: &str) -> Result<Receipt, PanelError> {
    let id = id.parse().map(ReceiptId).map_err(|_| PanelError::NotFound)?;
    let read = app
        .db
        .read(move |s| Box::pin(async move { View::of_account(s, account).await?.receipt(s, id).await }));
    read.await?.ok_or(PanelError::NotFound)
}

/// Our address on a chain, if that is known without much waiting.
async fn own_address(app: &App, chain: u64) -> Option<Address> {
    let chain = timeout(PATIENCE, app.chains.get(chain)).await.ok()?.ok()?;
    Some(chain.key().address())
}

//! Assets that were quoted or delivered here.

use askama::Template;
use axum::{extract::State, response::IntoResponse};

use super::{
    super::{Here, Member, Page, PanelError, Shell, show},
    Asked, Listed, PAGE, texts,
};
use crate::{
    app::App,
    db::{AccountId, AssetId, DbError, PinId, Session, assets::Asset, pins},
    downloads::records::View,
};

#[derive(Template)]
#[template(path = "panel/provider/assets.html")]
struct AssetsPage {
    shell: Shell,
    list: Listed<Shown>,
    is_admin: bool,
}

/// An asset, and the reader's own pin of what it sells.
struct Shown {
    asset: Asset,
    pin: Option<PinId>,
}

/// Lists assets, those that were asked for first last.
pub(in super::super) async fn list_assets(
    member: Member,
    State(app): State<App>,
    asked: Asked,
) -> Result<impl IntoResponse, PanelError> {
    let (account, before) = (member.account, asked.before.map_or(AssetId::LAST, AssetId));
    let read = app.db.read(move |s| {
        Box::pin(async move {
            let view = View::of_account(s, account).await?;
            let mut shown = Vec::new();
            for asset in view.assets(s, before, PAGE + 1).await? {
                let pin = own_pin(s, account, &asset).await?;
                shown.push(Shown { asset, pin });
            }
            Ok(shown)
        })
    });
    let list = Listed::of("assets", read.await?, &asked, |shown| shown.asset.id.0);
    Ok(Page::new(AssetsPage { shell: member.shell(Here::Assets), list, is_admin: member.is_admin }))
}

async fn own_pin(s: &mut Session<'_>, account: AccountId, asset: &Asset) -> Result<Option<PinId>, DbError> {
    let Some(root) = &asset.asset.root else { return Ok(None) };
    Ok(pins::pins_of_root(s, account, root).await?.first().map(|pin| pin.id))
}

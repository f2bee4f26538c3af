//! Auth tokens that were given: whom they are for and until when. The tokens themselves nobody has but those who asked for them.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};

use super::{
    super::{Here, Member, Page, PanelError, SeeOther, Shell, show},
    Asked, Listed, PAGE, texts,
};
use crate::{
    app::App,
    clock::Timestamp,
    db::{AuthTokenId, tokens::GivenToken},
    downloads::records::View,
};

#[derive(Template)]
#[template(path = "panel/provider/tokens.html")]
struct TokensPage {
    shell: Shell,
    list: Listed<GivenToken>,
    now: Timestamp,
}

/// Lists tokens, the newest first.
pub(in super::super) async fn list_tokens(
    member: Member,
    State(app): State<App>,
    asked: Asked,
) -> Result<impl IntoResponse, PanelError> {
    let (account, before) = (member.account, asked.before.map_or(AuthTokenId::LAST, AuthTokenId));
    let read = app.db.read(move |s| {
        Box::pin(async move { View::of_account(s, account).await?.tokens(s, before, PAGE + 1).await })
    });
    let list = Listed::of("tokens", read.await?, &asked, |token| token.id.0);
    let now = app.clock.now();
    Ok(Page::new(TokensPage { shell: member.shell(Here::ProviderTokens), list, now }))
}

/// Revokes a token.
pub(in super::super) async fn revoke_token(
    member: Member,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, PanelError> {
    let id = id.parse().map(AuthTokenId).map_err(|_| PanelError::NotFound)?;
    let account = member.account;
    let read =
        app.db.read(move |s| Box::pin(async move { View::of_account(s, account).await?.token(s, id).await }));
    let token = read.await?.ok_or(PanelError::NotFound)?;
    app.tokens.revoke_given(&token).await?;
    Ok(SeeOther::to("/panel/provider/tokens").saying("The token is revoked. It opens nothing any more."))
}

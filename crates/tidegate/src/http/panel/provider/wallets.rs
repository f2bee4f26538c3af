//! Whose wallet is whose: a wallet signs a text that names the account.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use tidegate_ocean::Address;

use super::{
    super::{Form, Member, PanelError, SeeOther},
    status,
};
use crate::{accounts::WalletProof, app::App, clock::Timestamp};

const HERE: &str = "/panel/provider#wallets";

/// A wallet that has signed.
#[derive(Deserialize)]
pub(in super::super) struct Signed {
    wallet: String,
    signature: String,
    /// Until when the text is good, in milliseconds since 1970.
    until: i64,
}

/// A wallet of the account.
#[derive(Deserialize)]
pub(in super::super) struct Named {
    wallet: String,
}

/// Links a wallet that has signed for it.
pub(in super::super) async fn link_wallet(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Form(signed): Form<Signed>,
) -> Result<Response, PanelError> {
    let Ok(wallet) = signed.wallet.trim().parse::<Address>() else {
        let words = "A wallet's address is 0x and 40 hexadecimal digits.".to_owned();
        return again(&app, &member, &uri, &headers, words).await;
    };
    let proof = WalletProof {
        wallet,
        site: &status::site(&app),
        until: Timestamp::from_millis(signed.until),
        signature: &signed.signature,
    };
    match app.accounts.link_wallet(member.account, &proof).await {
        Ok(true) => {
            let words = format!("{wallet} is yours. Its assets may sell what you have pinned.");
            Ok(SeeOther::to(HERE).saying(&words).into_response())
        }
        Ok(false) => Ok(SeeOther::to(HERE).saying("This wallet was yours already.").into_response()),
        Err(error) => again(&app, &member, &uri, &headers, PanelError::from(error).into_words()?).await,
    }
}

/// Takes a wallet from the account.
pub(in super::super) async fn remove_wallet(
    member: Member,
    State(app): State<App>,
    Form(named): Form<Named>,
) -> Result<impl IntoResponse, PanelError> {
    let wallet: Address = named.wallet.trim().parse().map_err(|_| PanelError::NotFound)?;
    app.accounts.remove_wallet(member.account, wallet).await?;
    Ok(SeeOther::to(HERE)
        .saying("The wallet is removed. Its assets deliver none of your private content any more."))
}

/// The page once more, with what is wrong.
async fn again(
    app: &App,
    member: &Member,
    uri: &Uri,
    headers: &HeaderMap,
    problem: String,
) -> Result<Response, PanelError> {
    let page = status::page(app, member, uri, headers, Some(problem)).await?;
    Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

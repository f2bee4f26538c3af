//! Uploading from a page. The page uploads by the API that everybody has; here it is shown, and given what it needs for that.

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use secrecy::ExposeSecret;
use serde_json::json;
use url::Url;

use super::{
    super::error::{Failure, sentence},
    Here, Member, Page, PanelError, Shell, guard, pins, show,
};
use crate::{
    accounts::{AccountError, UploadPass},
    app::App,
    config::Role,
    db::AccountId,
};

#[derive(Template)]
#[template(path = "panel/upload.html")]
struct UploadPage {
    shell: Shell,
    account: AccountId,
    /// Why nothing can be uploaded now.
    unready: Option<Unready>,
    /// Whether only its owner can sign in the account's name.
    brings_own_key: bool,
    /// The Endpoints that take content, where this server takes none.
    endpoints: Vec<Place>,
    /// What comes before `/ipfs/` in links to the gateway.
    gateway: String,
    /// How long the server keeps what was not finished.
    kept_for: String,
}

/// Why nothing can be uploaded, and what to do about it.
enum Unready {
    NoKey,
    NoEndpoint,
}

/// A place that takes content.
struct Place {
    name: String,
    url: String,
}

/// Shows where files are chosen and what becomes of them.
pub(super) async fn show(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, PanelError> {
    let pass = app.accounts.upload_pass(member.account).await;
    let endpoints = places(&app).await?;
    let policy = guard::policy_with(endpoints.iter().filter_map(|place| origin_of(&place.url)));
    let unready = match &pass {
        Err(AccountError::NoUploadKey) => Some(Unready::NoKey),
        Err(error) => return Err(error.clone().into()),
        Ok(_) if app.config.server.role == Role::Cloud && endpoints.is_empty() => Some(Unready::NoEndpoint),
        Ok(_) => None,
    };
    let page = Page::new(UploadPage {
        shell: member.shell(Here::Upload),
        account: member.account,
        unready,
        brings_own_key: pass.is_ok_and(|pass| pass.private_key.is_none()),
        endpoints,
        gateway: pins::gateway(&app, &uri, &headers),
        kept_for: show::span(app.config.limits.upload_expiry.as_secs()),
    });
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], page).into_response())
}

/// Gives the page what it needs for uploading in the account's name. It asks again when the token has come to its end.
pub(super) async fn begin(member: Member, State(app): State<App>) -> Result<impl IntoResponse, NoPass> {
    let UploadPass { token, private_key } = app.accounts.upload_pass(member.account).await.map_err(NoPass)?;
    Ok(Json(json!({
        "accessToken": token.token.expose_secret(),
        "expiresAt": token.expires_at.to_string(),
        "privateKey": private_key.as_ref().map(ExposeSecret::expose_secret),
    })))
}

/// Why the page gets nothing, as the API says it: a program reads it.
pub(super) struct NoPass(AccountError);

impl IntoResponse for NoPass {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self.0 {
            AccountError::NoUploadKey => (StatusCode::FORBIDDEN, "no_key", sentence(&self.0)),
            error => {
                let (status, words) = failure(error).outside();
                (status, "failed", words.to_owned())
            }
        };
        (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
    }
}

fn failure(error: &AccountError) -> Failure {
    match error {
        AccountError::Db(error) => Failure::from(error),
        other => Failure::Internal.log(other),
    }
}

/// The Endpoints that are there, on a Cloud.
async fn places(app: &App) -> Result<Vec<Place>, PanelError> {
    if app.config.server.role != Role::Cloud {
        return Ok(Vec::new());
    }
    let live = app.endpoints.live().await?;
    Ok(live.into_iter().map(|endpoint| Place { name: endpoint.name, url: endpoint.says.url }).collect())
}

/// What a policy calls the place of an address: nothing of an Endpoint's own words but scheme, host and port.
fn origin_of(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_get_into_a_policy() {
        assert_eq!(origin_of("https://hk.example.org/pins").as_deref(), Some("https://hk.example.org"));
        assert_eq!(origin_of("http://10.0.0.1:8030").as_deref(), Some("http://10.0.0.1:8030"));
        assert_eq!(origin_of("https://a; script-src *"), None);
        assert_eq!(origin_of("data:text/plain,a"), None);
    }
}

//! `/api/v1/endpoints`: the Cloud's doors for its Endpoints, and their list for whoever has a key. What is said there is in
//! [`cloud::wire`](crate::cloud::wire).

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, State},
};
use http::request::Parts;
use secrecy::SecretString;
use serde::Serialize;

use super::{
    super::{
        error::{Failure, sentence},
        extract::{ANY, Owner, bearer},
        json_body,
    },
    ApiError, Items,
};
use crate::{
    app::App,
    cloud::wire::{Answer, Application, Joined, MESSAGE_BYTES, Question, Report, Verdict},
    config::Role,
    db::endpoints::Endpoint,
    endpoints::{EndpointError, self_portrait},
};

/// The longest body that is no report, in bytes.
const BODY_BYTES: usize = 64 << 10;

/// A caller with the secret of an Endpoint, on a server that is a Cloud.
pub(in crate::http) struct EndpointCaller(Endpoint);

impl FromRequestParts<App> for EndpointCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        is_cloud(app)?;
        let secret = bearer(&parts.headers).ok_or(ApiError::Unauthorized)?;
        Ok(Self(app.endpoints.authenticate(&SecretString::from(secret)).await?))
    }
}

/// Lets an Endpoint join that has the token of an invitation.
pub(in crate::http) async fn join(State(app): State<App>, body: Body) -> Result<Json<Joined>, ApiError> {
    is_cloud(&app)?;
    let application: Application = json_body::read(body, BODY_BYTES, app.config.limits.upload_idle).await?;
    let joined = app.endpoints.join(application).await?;
    tracing::info!(id = joined.id, name = joined.name, "an Endpoint has joined");
    Ok(Json(joined))
}

/// Says whether an access token is good, and what for.
pub(in crate::http) async fn verify(
    EndpointCaller(_): EndpointCaller,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Verdict>, ApiError> {
    let limits = &app.config.limits;
    let question: Question = json_body::read(body, BODY_BYTES, limits.upload_idle).await?;
    Ok(Json(app.accounts.vouch(&question.token, limits.account_quota.as_u64()).await?))
}

/// Takes in what an Endpoint has to tell, and says what there is to do.
pub(in crate::http) async fn report(
    EndpointCaller(endpoint): EndpointCaller,
    State(app): State<App>,
    body: Body,
) -> Result<Json<Answer>, ApiError> {
    let report: Report = json_body::read(body, MESSAGE_BYTES, app.config.limits.upload_idle).await?;
    let says = self_portrait(report.endpoint)?;
    Ok(Json(app.pins.take_in(endpoint.id, report.batch, says, report.news).await?))
}

/// An Endpoint of this Cloud, for whoever has a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ShownEndpoint {
    id: i64,
    name: String,
    url: String,
    version: String,
    /// Was it heard of lately?
    live: bool,
    /// Bytes of content that it has room for.
    free_bytes: u64,
    /// RFC 3339 with milliseconds, UTC.
    seen_at: String,
    joined_at: String,
}

/// Lists the Endpoints and how they are.
pub(in crate::http) async fn list_endpoints(
    Owner(_): Owner<ANY>,
    State(app): State<App>,
) -> Result<Json<Items<ShownEndpoint>>, ApiError> {
    let shown = |endpoint: Endpoint| ShownEndpoint {
        id: endpoint.id.0,
        live: app.endpoints.is_live(&endpoint),
        name: endpoint.name,
        url: endpoint.says.url,
        version: endpoint.says.version,
        free_bytes: endpoint.says.free_bytes,
        seen_at: endpoint.seen_at.to_string(),
        joined_at: endpoint.registered_at.to_string(),
    };
    let items = app.endpoints.list().await?.into_iter().map(shown).collect();
    Ok(Json(Items { items, next: None }))
}

fn is_cloud(app: &App) -> Result<(), ApiError> {
    match app.config.server.role {
        Role::Cloud => Ok(()),
        Role::All | Role::Endpoint => Err(ApiError::NotFound(
            "This server has no Endpoints: it was not started with --role cloud".to_owned(),
        )),
    }
}

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Db(error) => error.into(),
            EndpointError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
            EndpointError::BadName | EndpointError::BadPortrait => Self::BadRequest(sentence(&error)),
            EndpointError::NoSuchToken
            | EndpointError::TokenUsed
            | EndpointError::TokenExpired
            | EndpointError::SecretTaken
            | EndpointError::Unknown => Self::Forbidden(sentence(&error)),
        }
    }
}

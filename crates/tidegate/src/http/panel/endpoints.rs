//! The Endpoints of this Cloud and how they are; of a server that is none, itself.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use http::{HeaderMap, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    super::{
        error::{Failure, sentence},
        forwarded::address_as_reached,
    },
    Admin, Form, Here, Member, Page, PanelError, SeeOther, Shell, show,
};
use crate::{
    app::App,
    clock::Timestamp,
    config::Role,
    db::{EndpointId, endpoints::Endpoint},
    endpoints::EndpointError,
};

#[derive(Template)]
#[template(path = "panel/endpoints.html")]
struct EndpointsPage {
    shell: Shell,
    endpoints: Vec<Row>,
    /// Whether others can join, and whoever looks may let them.
    may_invite: bool,
    invited: Option<Invited>,
}

struct Row {
    /// Nothing for this server itself.
    id: Option<EndpointId>,
    name: String,
    url: String,
    is_live: bool,
    seen_at: Option<Timestamp>,
    free: u64,
    version: String,
}

/// A token that was just made, and how it is used.
struct Invited {
    name: String,
    token: SecretString,
    until: Timestamp,
    cloud: String,
}

#[derive(Deserialize)]
pub(super) struct Invitation {
    name: String,
}

/// Shows them.
pub(super) async fn show(
    member: Member,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PanelError> {
    page(&app, &member, &uri, &headers, None).await
}

/// Makes a token with which another one joins, and shows it once.
pub(super) async fn invite(
    Admin(member): Admin,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Form(Invitation { name }): Form<Invitation>,
) -> Result<impl IntoResponse, PanelError> {
    is_cloud(&app)?;
    let name = name.trim().to_owned();
    let (token, until) = app.endpoints.invite(&name).await?;
    let invited = Invited { name, token, until, cloud: address_as_reached(&app, &uri, &headers) };
    page(&app, &member, &uri, &headers, Some(invited)).await
}

/// Removes one.
pub(super) async fn remove(
    Admin(_): Admin,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    is_cloud(&app)?;
    if !app.endpoints.remove(EndpointId(id)).await? {
        return Err(PanelError::NotFound);
    }
    Ok(SeeOther::to("/panel/endpoints")
        .saying("The Endpoint is removed: nothing that it says counts any more."))
}

async fn page(
    app: &App,
    member: &Member,
    uri: &Uri,
    headers: &HeaderMap,
    invited: Option<Invited>,
) -> Result<Page<EndpointsPage>, PanelError> {
    let is_cloud = app.config.server.role == Role::Cloud;
    let endpoints = if is_cloud {
        app.endpoints.list().await?.into_iter().map(|endpoint| row(app, endpoint)).collect()
    } else {
        vec![this_server(app, address_as_reached(app, uri, headers))?]
    };
    let may_invite = is_cloud && member.is_admin;
    Ok(Page::new(EndpointsPage { shell: member.shell(Here::Endpoints), endpoints, may_invite, invited }))
}

fn row(app: &App, endpoint: Endpoint) -> Row {
    Row {
        id: Some(endpoint.id),
        is_live: app.endpoints.is_live(&endpoint),
        name: endpoint.name,
        url: endpoint.says.url,
        seen_at: Some(endpoint.seen_at),
        free: endpoint.says.free_bytes,
        version: endpoint.says.version,
    }
}

fn this_server(app: &App, url: String) -> Result<Row, PanelError> {
    let says = app.pins.portrait(&url).map_err(|error| PanelError::Failed(Failure::Internal.log(&error)))?;
    Ok(Row {
        id: None,
        name: app.config.server.name.clone(),
        url,
        is_live: true,
        seen_at: None,
        free: says.free_bytes,
        version: says.version,
    })
}

fn is_cloud(app: &App) -> Result<(), PanelError> {
    match app.config.server.role {
        Role::Cloud => Ok(()),
        Role::All | Role::Endpoint => Err(PanelError::NotFound),
    }
}

impl From<EndpointError> for PanelError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Db(error) => error.into(),
            EndpointError::Crypto(_) => Self::Failed(Failure::Internal.log(&error)),
            other => Self::BadForm(format!("{}.", sentence(&other))),
        }
    }
}

//! `/ipfs`: content by its id, as the path gateway and trustless gateway specifications say.
//!
//! `request.rs` reads what is asked, `locate.rs` finds it, `file.rs`, `block.rs` and `car.rs` answer in their formats.

mod block;
mod car;
mod conditions;
mod error;
mod file;
mod headers;
mod locate;
mod request;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::PathAndQuery};

pub(in crate::http) use error::{GatewayError, method_not_allowed};

use self::{
    file::FileCache,
    request::{Format, GatewayRequest},
};
use crate::{app::App, blobs::Root, config::Role, pins::LookupError};

/// What the gateway's requests share.
#[derive(Clone)]
pub(in crate::http) struct Gateway {
    app: App,
    files: Arc<FileCache>,
}

impl Gateway {
    /// A gateway to the content of `app`.
    pub(in crate::http) fn new(app: App) -> Self {
        let files = Arc::new(FileCache::new());
        Self { app, files }
    }
}

/// Serves what a path names.
pub(in crate::http) async fn serve(
    State(Gateway { app, files }): State<Gateway>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    let request = GatewayRequest::parse(&uri, &headers)?;
    let answered = match &request.format {
        Format::File => file::serve(&app, &files, &request, &headers).await,
        Format::Raw => block::serve(&app, &request, &headers).await,
        Format::Car(options) => car::serve(&app, &request, *options, &headers).await,
    };
    match answered {
        Err(GatewayError::NotFound(_)) if app.config.server.role == Role::Cloud => {
            elsewhere(&app, &request, &uri).await?.map_or(answered, Ok)
        }
        answered => answered,
    }
}

/// The way to an Endpoint of this Cloud that serves the content, if one does now.
async fn elsewhere(
    app: &App,
    request: &GatewayRequest<'_>,
    uri: &Uri,
) -> Result<Option<Response>, GatewayError> {
    let root = Root::of(&request.root).to_string();
    let holder = app.endpoints.holder_of(root).await.map_err(LookupError::from)?;
    let asked = uri.path_and_query().map_or_else(|| uri.path(), PathAndQuery::as_str);
    let location = holder.and_then(|url| HeaderValue::try_from(format!("{url}{asked}")).ok());
    // It may be another one next time.
    let way = |location| {
        let headers =
            [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
    };
    Ok(location.map(way))
}

//! `/ipfs`: content by its id, as the path gateway and trustless gateway specifications say.
//!
//! `request.rs` reads what is asked, `locate.rs` finds it, `file.rs`, `block.rs` and `car.rs` answer in their formats; `sandbox.rs` says
//! what keeps pinned pages apart from ours. `kept.rs` is for whoever has the content pinned.

mod block;
mod car;
mod conditions;
mod error;
mod file;
mod headers;
mod kept;
mod locate;
mod request;
mod sandbox;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::PathAndQuery};

pub(in crate::http) use error::{GatewayError, method_not_allowed};
pub(in crate::http) use headers::attachment;
pub(in crate::http) use kept::Kept;

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
    /// Whether pages share their origin with the panel.
    sandboxed: bool,
}

impl Gateway {
    /// A gateway to the content of `app`, beside all else that the server answers.
    pub(in crate::http) fn new(app: App) -> Self {
        Self { app, files: Arc::new(FileCache::new()), sandboxed: true }
    }

    /// The same under a host name that has nothing but content, where pages may be what they are.
    pub(in crate::http) fn alone(app: App) -> Self {
        Self { sandboxed: false, ..Self::new(app) }
    }
}

/// A path that is not there under the gateway's own host.
pub(in crate::http) async fn not_found(uri: Uri) -> GatewayError {
    GatewayError::NotFound(format!("there is nothing at {}; content is under /ipfs/", uri.path()))
}

/// Serves what a path names.
pub(in crate::http) async fn serve(
    State(gateway): State<Gateway>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    if sandbox::wants_service_worker(&headers) {
        return Err(GatewayError::BadRequest("service workers are not offered here".to_owned()));
    }
    if gateway.sandboxed {
        sandbox::refuse_our_own_pages(&headers)?;
    }
    let app = &gateway.app;
    let request = GatewayRequest::parse(&uri, &headers)?;
    let answered = match &request.format {
        Format::File => file::serve(&gateway, &request, &headers).await,
        Format::Raw => block::serve(app, &request, &headers).await,
        Format::Car(options) => car::serve(app, &request, *options, &headers).await,
    };
    match answered {
        Err(GatewayError::NotFound(_)) if app.config.server.role == Role::Cloud => {
            elsewhere(app, &request, &uri).await?.map_or(answered, Ok)
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

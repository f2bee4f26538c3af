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

use axum::{extract::State, response::Response};
use http::{HeaderMap, Uri};

pub(in crate::http) use error::{GatewayError, method_not_allowed};

use self::{
    file::FileCache,
    request::{Format, GatewayRequest},
};
use crate::app::App;

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
    match &request.format {
        Format::File => file::serve(&app, &files, &request, &headers).await,
        Format::Raw => block::serve(&app, &request, &headers).await,
        Format::Car(options) => car::serve(&app, &request, *options, &headers).await,
    }
}

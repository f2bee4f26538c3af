//! `/ipfs`: content by its id, as the path gateway and trustless gateway specifications say.
//!
//! `request.rs` reads what is asked, this file finds it, `file.rs`, `block.rs` and `car.rs` answer in their formats,
//! `stream.rs` is the body of whatever is long.

mod block;
mod car;
mod conditions;
mod content_type;
mod error;
mod file;
mod headers;
mod request;
mod source;
mod stream;

use axum::{Extension, extract::State, response::Response};
use http::{HeaderMap, Uri};

pub(in crate::http) use error::{GatewayError, method_not_allowed};
pub(in crate::http) use file::FileCache;

use self::request::{Format, GatewayRequest};
use crate::app::App;

/// Serves what a path names.
pub(in crate::http) async fn serve(
    State(app): State<App>,
    Extension(files): Extension<FileCache>,
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

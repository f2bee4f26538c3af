//! A whole DAG as a CAR, for clients that check every block themselves (trustless gateway specification, section 5).

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tidegate_content::{DagWalk, car::v1, sha256};

use super::{
    GatewayError, conditions, headers,
    locate::locate,
    request::{CarOptions, GatewayRequest},
};
use crate::{
    app::App,
    blobs::{Access, ContentStream},
};

/// Answers with the blocks on the way to what the path names, then with all blocks below it, depth first.
pub(super) async fn serve(
    app: &App,
    request: &GatewayRequest<'_>,
    options: CarOptions,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let located = locate(app, request).await?;
    let resolution = located.resolution;
    let cid = resolution.cid;
    let dups = if options.duplicates { "y" } else { "n" };
    // The path belongs to the tag: blocks on the way come first.
    let way = hex::encode(&sha256(&[request.path.trim_end_matches('/').as_bytes()])[..8]);
    let etag = format!("\"{cid}.{way}.car.dfs.{dups}\"");
    let mut head = HeaderMap::new();
    headers::common(&mut head, &etag, request.path, &resolution.roots);
    if conditions::not_modified(conditions, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let content_type = format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}");
    headers::checkable(&mut head, request, &content_type, "car", &format!("{cid}.car"));
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    let body = match located.car {
        Some(car) => {
            // The last block of the way is the walk's first.
            let mut way = resolution.trail;
            if way.last() == Some(&cid) {
                way.pop();
            }
            let walk = DagWalk::new(cid, options.duplicates);
            Body::new(ContentStream::car(cid, way, walk, car.cursor(Access::Memory)))
        }
        // An identity CID: its block is never inside.
        None => Body::from(v1::encode_header(&[cid])),
    };
    Ok((head, body).into_response())
}

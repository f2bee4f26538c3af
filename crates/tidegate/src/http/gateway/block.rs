//! One block, for clients that check it themselves (trustless gateway specification, section 4).

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tidegate_content::{BlockSource, ReadError, identity_block};

use super::{
    GatewayError,
    conditions::{self, Part},
    headers,
    locate::locate,
    request::GatewayRequest,
};
use crate::{app::App, blobs::with_blocks};

/// Answers with the block that the path names.
pub(super) async fn serve(
    app: &App,
    request: &GatewayRequest<'_>,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let located = locate(app, request).await?;
    let cid = located.resolution.cid;
    let etag = format!("\"{cid}.raw\"");
    let mut head = HeaderMap::new();
    headers::common(&mut head, &etag, request.path, &located.resolution.roots);
    if conditions::not_modified(conditions, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let block = match (&located.car, identity_block(&cid)) {
        (_, Some(block)) => block,
        (Some(car), None) => {
            with_blocks(car, move |blocks| blocks.block(&cid).map_err(ReadError::Source)).await??
        }
        (None, None) => return Err(GatewayError::absent(request)),
    };
    headers::checkable(&mut head, request, "application/vnd.ipld.raw", "raw", &format!("{cid}.bin"));
    answer_part(head, &etag, block, conditions)
}

/// The part of `content` that is asked for; `head` holds the headers of the whole.
pub(super) fn answer_part(
    mut head: HeaderMap,
    etag: &str,
    content: Bytes,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let size = content.len() as u64;
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let (status, content) = match conditions::part(conditions, etag, size) {
        Part::Whole => (StatusCode::OK, content),
        Part::Outside => return Err(GatewayError::RangeOutside(size)),
        Part::Range(range) => {
            head.insert(header::CONTENT_RANGE, content_range(&range, size));
            let within = |place| usize::try_from(place).unwrap_or(content.len());
            (StatusCode::PARTIAL_CONTENT, content.slice(within(range.start)..within(range.end)))
        }
    };
    head.insert(header::CONTENT_LENGTH, content.len().into());
    Ok(answer(status, head, Body::from(content)))
}

/// `bytes first-last/size`
pub(super) fn content_range(range: &std::ops::Range<u64>, size: u64) -> HeaderValue {
    headers::value(&format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)))
}

/// An answer with exactly these headers: taken over as they are, where axum would insert them one by one.
pub(super) fn answer(status: StatusCode, head: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = head;
    response
}

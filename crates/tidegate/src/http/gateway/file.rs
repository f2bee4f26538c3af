//! Files as files: found by path, typed, whole or in part, small ones kept in memory.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use moka::sync::Cache;
use tidegate_content::{Cid, Entity, FileCursor};

use super::{
    Gateway, GatewayError,
    block::{self, answer_part, content_range},
    conditions::{self, Part},
    headers,
    locate::{Located, locate, locate_below},
    request::GatewayRequest,
    sandbox::{SANDBOX, may_run},
};
use crate::{
    app::App,
    blobs::{Access, ContentStream, Root, SNIFFED, content_type},
};

/// Files up to this length are kept whole.
const SMALL: u64 = 32 << 10;
/// What all kept files may take, in bytes.
const CACHE_BYTES: u64 = 8 << 20;
/// What one kept file takes beside its content, about.
const ENTRY_BYTES: u32 = 1 << 10;

/// What paths led to lately. Content never changes, so an entry is right for ever; whether the caller may have it is asked
/// each time.
pub(super) struct FileCache(Cache<String, Arc<File>>);

impl FileCache {
    /// An empty cache.
    pub(super) fn new() -> Self {
        let weigh = |path: &String, file: &Arc<File>| {
            let kept = path.len() + file.content.as_ref().map_or(0, Bytes::len);
            u32::try_from(kept).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
        };
        Self(Cache::builder().max_capacity(CACHE_BYTES).weigher(weigh).build())
    }
}

/// All that is to say of a file before its bytes.
pub(super) struct File {
    /// The content it was found in, which must still be public.
    pub(super) holder: Option<Root>,
    pub(super) cid: Cid,
    pub(super) size: u64,
    pub(super) content_type: String,
    pub(super) etag: String,
    pub(super) head: HeaderMap,
    /// All of it, if it is small.
    pub(super) content: Option<Bytes>,
}

/// Answers with the file that the path names.
pub(super) async fn serve(
    gateway: &Gateway,
    request: &GatewayRequest<'_>,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let (app, cache, key) = (&gateway.app, &gateway.files, cache_key(request));
    let file = match cache.0.get(&key) {
        Some(file) if still_public(app, &file).await? => file,
        _ => match find(gateway, request).await? {
            Found::File(file) => {
                cache.0.insert(key, Arc::clone(&file));
                file
            }
            Found::Elsewhere(location) => return Ok(moved(&location)),
        },
    };
    file.answer(app, conditions).await?.ok_or_else(|| GatewayError::absent(request))
}

fn cache_key(request: &GatewayRequest<'_>) -> String {
    match request.query {
        None => request.path.to_owned(),
        Some(query) => format!("{}?{query}", request.path),
    }
}

async fn still_public(app: &App, file: &File) -> Result<bool, GatewayError> {
    match &file.holder {
        Some(holder) => Ok(app.library.is_public(holder).await?),
        None => Ok(true),
    }
}

enum Found {
    File(Arc<File>),
    /// A directory is only shown under a path that ends in a slash.
    Elsewhere(String),
}

async fn find(gateway: &Gateway, request: &GatewayRequest<'_>) -> Result<Found, GatewayError> {
    let app = &gateway.app;
    let located = locate(app, request).await?;
    let cid = located.resolution.cid;
    let roots = located.resolution.roots.clone();
    let name = request.file_name.as_deref().or(request.segments.last().map(String::as_str));
    let mut file = match located.resolution.entity {
        Entity::File { size } | Entity::RawBlock { size } => {
            let shown = Shown::read(&located, size, name).await?;
            File::new(request, &located, shown, &roots, cid)
        }
        Entity::Symlink { ref target } => {
            let shown = Shown {
                size: target.len() as u64,
                content_type: "inode/symlink".to_owned(),
                content: Some(target.clone()),
            };
            File::new(request, &located, shown, &roots, cid)
        }
        Entity::Directory(_) if !request.trailing_slash => {
            let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
            return Ok(Found::Elsewhere(format!("{}/{query}", request.path)));
        }
        Entity::Directory(_) => {
            let index = locate_below(app, request, &["index.html"]).await.map_err(no_index)?;
            let (Entity::File { size } | Entity::RawBlock { size }) = index.resolution.entity else {
                return Err(GatewayError::NotImplemented("index.html is not a file".to_owned()));
            };
            let shown = Shown::read(&index, size, Some("index.html")).await?;
            // It stands for the directory, so that is what the headers name.
            File::new(request, &index, shown, &roots, cid)
        }
        Entity::Other { codec } => {
            return Err(GatewayError::NotImplemented(format!(
                "blocks of the codec 0x{codec:x} are not shown as files; ?format=raw gives the block"
            )));
        }
    };
    if gateway.sandboxed && may_run(&file.content_type) {
        file.head.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    }
    Ok(Found::File(Arc::new(file)))
}

fn no_index(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::NotFound(_) => GatewayError::NotImplemented(
            "this is a directory without index.html, and listings are not offered; add a name to the path, or \
             ?format=car for all of it"
                .to_owned(),
        ),
        other => other,
    }
}

/// A file's type and size, and its content if it is small.
pub(super) struct Shown {
    pub(super) size: u64,
    pub(super) content_type: String,
    pub(super) content: Option<Bytes>,
}

impl Shown {
    /// Looks at the beginning of the file of `size` bytes, called `name`.
    pub(super) async fn read(located: &Located, size: u64, name: Option<&str>) -> Result<Self, GatewayError> {
        let small = size <= SMALL;
        let beginning = located.beginning(if small { size } else { SNIFFED }).await?;
        let content_type = content_type(name, &beginning);
        Ok(Self { size, content_type, content: small.then_some(beginning) })
    }
}

impl File {
    /// The file that `located` found, shown under the tag of `tagged`.
    fn new(
        request: &GatewayRequest<'_>,
        located: &Located,
        shown: Shown,
        roots: &[Cid],
        tagged: Cid,
    ) -> Self {
        let cid = located.resolution.cid;
        let etag = format!("\"{tagged}\"");
        let mut head = HeaderMap::with_capacity(16);
        headers::common(&mut head, &etag, request.path, roots);
        head.insert(header::CONTENT_TYPE, headers::value(&shown.content_type));
        head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(disposition) = disposition(request, &cid) {
            head.insert(header::CONTENT_DISPOSITION, disposition);
        }
        let holder = located.car.as_ref().map(|car| Root::of(car.root()));
        let Shown { size, content_type, content } = shown;
        Self { holder, cid, size, content_type, etag, head, content }
    }

    /// Bytes, part of them, or none because the client has them. Nothing when the content has just gone.
    pub(super) async fn answer(
        &self,
        app: &App,
        conditions: &HeaderMap,
    ) -> Result<Option<Response>, GatewayError> {
        let mut head = self.head.clone();
        if conditions::not_modified(conditions, &self.etag) {
            head.remove(header::CONTENT_TYPE);
            return Ok(Some((StatusCode::NOT_MODIFIED, head).into_response()));
        }
        if let Some(content) = &self.content {
            return answer_part(head, &self.etag, content.clone(), conditions).map(Some);
        }
        let (status, range) = match conditions::part(conditions, &self.etag, self.size) {
            Part::Whole => (StatusCode::OK, 0..self.size),
            Part::Outside => return Err(GatewayError::RangeOutside(self.size)),
            Part::Range(range) => {
                head.insert(header::CONTENT_RANGE, content_range(&range, self.size));
                (StatusCode::PARTIAL_CONTENT, range)
            }
        };
        let Some(holder) = self.holder else { return Ok(None) };
        let Some(car) = app.library.open(holder).await? else { return Ok(None) };
        let len = range.end - range.start;
        head.insert(header::CONTENT_LENGTH, len.into());
        let stream = ContentStream::file(FileCursor::new(self.cid, range), car.cursor(Access::Memory), len);
        Ok(Some(block::answer(status, head, Body::new(stream))))
    }
}

/// Only where a name, or saving, is asked for.
fn disposition(request: &GatewayRequest<'_>, cid: &Cid) -> Option<HeaderValue> {
    let last = request.segments.last().map(String::as_str);
    match (request.file_name.as_deref(), request.download) {
        (Some(name), false) => Some(headers::disposition("inline", name)),
        (None, false) => None,
        (name, true) => {
            let name = name.or(last).map_or_else(|| cid.to_string(), str::to_owned);
            Some(headers::disposition("attachment", &name))
        }
    }
}

fn moved(location: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, headers::value(location))]).into_response()
}

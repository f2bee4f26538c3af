//! Files as files: found by path, typed, whole or in part, small ones kept in memory.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use moka::sync::Cache;
use tidegate_content::{Cid, Entity, FileCursor, Resolution, identity_block, resolve};

use super::{
    GatewayError,
    block::{self, answer_part, content_range},
    conditions::{self, Part},
    content_type::{SNIFFED, content_type},
    headers,
    request::GatewayRequest,
    source::with_blocks,
    stream::ContentStream,
};
use crate::{
    app::App,
    blobs::{Access, BlobError, CarFile, Root},
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
struct File {
    /// The content it was found in, which must still be public.
    holder: Option<Root>,
    cid: Cid,
    size: u64,
    etag: String,
    head: HeaderMap,
    content: Option<Bytes>,
}

/// What a path led to, and the file that holds the blocks; no file where an identity CID says it all.
pub(super) struct Located {
    pub car: Option<Arc<CarFile>>,
    pub resolution: Resolution,
}

/// Follows the path of `request`.
///
/// # Errors
/// The root is not here (or not for everybody), or the path leads nowhere.
pub(super) async fn locate(app: &App, request: &GatewayRequest<'_>) -> Result<Located, GatewayError> {
    locate_below(app, request, &[]).await
}

async fn locate_below(
    app: &App,
    request: &GatewayRequest<'_>,
    more: &[&str],
) -> Result<Located, GatewayError> {
    let root = request.root;
    let segments: Vec<String> =
        request.segments.iter().map(String::as_str).chain(more.iter().copied()).map(str::to_owned).collect();
    let car = app.library.find_public(&root).await?;
    let resolution = match &car {
        Some(car) => with_blocks(car, move |blocks| resolve(blocks, &root, &segments)).await?,
        None if identity_block(&root).is_some() => resolve(&mut Nothing, &root, &segments),
        None => return Err(GatewayError::absent(request)),
    };
    let resolution = resolution.map_err(|error| GatewayError::unresolved(request, error))?;
    Ok(Located { car, resolution })
}

/// Answers with the file that the path names.
pub(super) async fn serve(
    app: &App,
    cache: &FileCache,
    request: &GatewayRequest<'_>,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let key = cache_key(request);
    let file = match cache.0.get(&key) {
        Some(file) if still_public(app, &file).await? => file,
        _ => match find(app, request).await? {
            Found::File(file) => {
                cache.0.insert(key, Arc::clone(&file));
                file
            }
            Found::Elsewhere(location) => return Ok(moved(&location)),
        },
    };
    answer(app, request, &file, conditions).await
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

async fn find(app: &App, request: &GatewayRequest<'_>) -> Result<Found, GatewayError> {
    let located = locate(app, request).await?;
    let roots = located.resolution.roots.clone();
    let file = match located.resolution.entity {
        Entity::File { .. } | Entity::RawBlock { .. } => describe(request, located, &roots, None).await?,
        Entity::Symlink { target } => {
            let described =
                Described { cid: located.resolution.cid, size: target.len() as u64, content: Some(target) };
            file(request, located.car, described, &roots, "inode/symlink", located.resolution.cid)
        }
        Entity::Directory(_) if !request.trailing_slash => {
            let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
            return Ok(Found::Elsewhere(format!("{}/{query}", request.path)));
        }
        Entity::Directory(_) => {
            let directory = located.resolution.cid;
            let index = locate_below(app, request, &["index.html"]).await.map_err(|error| {
                match error {
                GatewayError::NotFound(_) => GatewayError::NotImplemented(
                    "this is a directory without index.html, and listings are not offered; add a name to the \
                     path, or ?format=car for all of it"
                        .to_owned(),
                ),
                other => other,
            }
            })?;
            describe(request, index, &roots, Some(directory)).await?
        }
        Entity::Other { codec } => {
            return Err(GatewayError::NotImplemented(format!(
                "blocks of the codec 0x{codec:x} are not shown as files; ?format=raw gives the block"
            )));
        }
    };
    Ok(Found::File(Arc::new(file)))
}

struct Described {
    cid: Cid,
    size: u64,
    content: Option<Bytes>,
}

/// Reads a file's beginning, all of it if it is small. `index_of` is the directory whose index it is, if it is one.
async fn describe(
    request: &GatewayRequest<'_>,
    located: Located,
    roots: &[Cid],
    index_of: Option<Cid>,
) -> Result<File, GatewayError> {
    let cid = located.resolution.cid;
    let size = match located.resolution.entity {
        Entity::File { size } | Entity::RawBlock { size } => size,
        _ => {
            return Err(GatewayError::NotImplemented("index.html is not a file".to_owned()));
        }
    };
    let wanted = if size <= SMALL { size } else { SNIFFED };
    let beginning = match &located.car {
        Some(car) => with_blocks(car, move |blocks| read(FileCursor::new(cid, 0..wanted), blocks)).await??,
        None => read(FileCursor::new(cid, 0..wanted), &mut Nothing)?,
    };
    let name = match index_of {
        Some(_) => Some("index.html"),
        None => request.file_name.as_deref().or(request.segments.last().map(String::as_str)),
    };
    let content_type = content_type(name, &beginning);
    let described = Described { cid, size, content: (size <= SMALL).then_some(beginning) };
    Ok(file(request, located.car, described, roots, &content_type, index_of.unwrap_or(cid)))
}

fn read<S: tidegate_content::BlockSource>(
    mut cursor: FileCursor,
    blocks: &mut S,
) -> Result<Bytes, tidegate_content::ReadError<S::Error>> {
    let mut content = Vec::new();
    while let Some(bytes) = cursor.next(blocks)? {
        content.extend_from_slice(&bytes);
    }
    Ok(content.into())
}

fn file(
    request: &GatewayRequest<'_>,
    car: Option<Arc<CarFile>>,
    described: Described,
    roots: &[Cid],
    content_type: &str,
    tagged: Cid,
) -> File {
    let Described { cid, size, content } = described;
    let etag = format!("\"{tagged}\"");
    let mut head = HeaderMap::with_capacity(16);
    headers::common(&mut head, &etag, request.path, roots);
    head.insert(header::CONTENT_TYPE, headers::value(content_type));
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let kind = if request.download { "attachment" } else { "inline" };
    let last = request.segments.last().map(String::as_str);
    match request.file_name.as_deref().or(last.filter(|_| request.download)) {
        Some(name) => head.insert(header::CONTENT_DISPOSITION, headers::disposition(kind, name)),
        None if request.download => {
            head.insert(header::CONTENT_DISPOSITION, headers::disposition(kind, &cid.to_string()))
        }
        None => None,
    };
    File { holder: car.map(|car| Root::of(car.root())), cid, size, etag, head, content }
}

/// Bytes, part of them, or none because the client has them.
async fn answer(
    app: &App,
    request: &GatewayRequest<'_>,
    file: &File,
    conditions: &HeaderMap,
) -> Result<Response, GatewayError> {
    let mut head = file.head.clone();
    if conditions::not_modified(conditions, &file.etag) {
        head.remove(header::CONTENT_TYPE);
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    if let Some(content) = &file.content {
        return answer_part(head, &file.etag, content.clone(), conditions);
    }
    let (status, range) = match conditions::part(conditions, &file.etag, file.size) {
        Part::Whole => (StatusCode::OK, 0..file.size),
        Part::Outside => return Err(GatewayError::RangeOutside(file.size)),
        Part::Range(range) => {
            head.insert(header::CONTENT_RANGE, content_range(&range, file.size));
            (StatusCode::PARTIAL_CONTENT, range)
        }
    };
    let holder = file.holder.as_ref().ok_or_else(|| GatewayError::absent(request))?;
    let car = app.library.open(*holder).await?.ok_or_else(|| GatewayError::absent(request))?;
    let len = range.end - range.start;
    head.insert(header::CONTENT_LENGTH, len.into());
    let stream = ContentStream::file(FileCursor::new(file.cid, range), car.cursor(Access::Memory), len);
    Ok(block::answer(status, head, Body::new(stream)))
}

fn moved(location: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, headers::value(location))]).into_response()
}

/// The store of an identity CID, which needs none.
struct Nothing;

impl tidegate_content::BlockSource for Nothing {
    type Error = BlobError;

    fn block(&mut self, _: &Cid) -> Result<Bytes, BlobError> {
        Err(BlobError::Missing)
    }
}

//! Files of the IPFS: from the own store as far as the seller may sell them from there, else from a gateway.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::HeaderValue;
use http_body::Frame;
use http_body_util::StreamBody;
use moka::sync::Cache;
use percent_encoding::percent_decode_str;
use tidegate_content::{
    Cid, Entity, FileCursor, ReadError, Resolution, ResolveError, identity_block, parse_cid, resolve, sha256,
};
use tidegate_ocean::FileObject;

use super::{
    Details, Opened, PartAsked, Seller, SourceError,
    answer::{boxed, in_memory},
    blocks::BlockGateway,
    name::{harmless, named},
    range::ContentRange,
};
use crate::{
    blobs::{
        Access, BlobError, CarFile, ContentStream, Root, SNIFFED, content_type, read_range, with_blocks,
    },
    pins::Library,
};

/// Files up to this length are kept whole.
const SMALL: u64 = 32 << 10;
/// What all kept files may take, in bytes.
const CACHE_BYTES: u64 = 8 << 20;
/// What one kept file takes beside its content, about.
const ENTRY_BYTES: u32 = 1 << 10;

/// See the module's documentation.
pub(super) struct Ipfs {
    library: Library,
    gateway: Option<BlockGateway>,
    /// What ids and paths led to lately, which never changes, by [`Blocks::key`]; whether the seller may sell it is asked
    /// each time.
    known: Cache<String, Arc<File>>,
}

/// All that is to say of a file before its bytes.
struct File {
    cid: Cid,
    size: u64,
    content_type: String,
    /// The last segment of its path; without a path it has no name.
    name: Option<String>,
    /// Tells nobody the CID.
    etag: String,
    content: Option<Bytes>,
}

/// A file and where its blocks are.
pub(super) struct Found {
    file: Arc<File>,
    blocks: Blocks,
}

enum Blocks {
    Here(Arc<CarFile>),
    Elsewhere(BlockGateway),
    /// In the CID itself.
    Inside,
}

impl Ipfs {
    /// Content of `library`, and of `gateway` if there is one.
    pub(super) fn new(library: Library, gateway: Option<BlockGateway>) -> Self {
        let weigh = |path: &String, file: &Arc<File>| {
            let kept = path.len() + file.content.as_ref().map_or(0, Bytes::len);
            u32::try_from(kept).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
        };
        let known = Cache::builder().max_capacity(CACHE_BYTES).weigher(weigh).build();
        Self { library, gateway, known }
    }

    /// The file that `hash` names: a CID and perhaps a path below it.
    pub(super) async fn find(&self, hash: &str, seller: Seller) -> Result<Found, SourceError> {
        let (root, segments) = parse(hash).ok_or(SourceError::Described("it has no valid CID"))?;
        let blocks = self.blocks(&root, seller).await?;
        let key = blocks.key(hash);
        if let Some(file) = self.known.get(&key) {
            return Ok(Found { file, blocks });
        }
        let resolution = blocks.resolve(root, &segments).await?;
        let size = match resolution.entity {
            Entity::File { size } | Entity::RawBlock { size } => size,
            Entity::Directory(_) => return Err(SourceError::Described("it is a directory")),
            Entity::Symlink { .. } | Entity::Other { .. } => {
                return Err(SourceError::Described("it is no file"));
            }
        };
        let name = segments.last().and_then(|name| harmless(name));
        let file = Arc::new(File::read(&blocks, resolution.cid, size, name).await?);
        self.known.insert(key, Arc::clone(&file));
        Ok(Found { file, blocks })
    }

    async fn blocks(&self, root: &Cid, seller: Seller) -> Result<Blocks, SourceError> {
        if identity_block(root).is_some() {
            return Ok(Blocks::Inside);
        }
        let here = self.library.find_for_sale(root, seller.owner).await.map_err(SourceError::Store)?;
        match (here, &self.gateway) {
            (Some(car), _) => Ok(Blocks::Here(car)),
            (None, Some(gateway)) => Ok(Blocks::Elsewhere(gateway.clone())),
            (None, None) => Err(SourceError::NotConfigured("IPFS_GATEWAY")),
        }
    }
}

impl File {
    async fn read(blocks: &Blocks, cid: Cid, size: u64, name: Option<String>) -> Result<Self, SourceError> {
        let small = size <= SMALL;
        let beginning = blocks.beginning(cid, if small { size } else { SNIFFED }).await?;
        Ok(Self {
            content_type: content_type(name.as_deref(), &beginning),
            etag: format!("\"{}\"", hex::encode(&sha256(&[b"file for sale", &cid.to_bytes()])[..16])),
            content: small.then_some(beginning),
            cid,
            size,
            name,
        })
    }
}

impl Blocks {
    /// What is known of `hash` from our own store is for those alone who may have it from there.
    fn key(&self, hash: &str) -> String {
        match self {
            Self::Here(_) => format!("here/{hash}"),
            Self::Elsewhere(_) | Self::Inside => format!("elsewhere/{hash}"),
        }
    }

    async fn resolve(&self, root: Cid, segments: &[String]) -> Result<Resolution, SourceError> {
        let resolution = match self {
            Self::Here(car) => {
                let segments = segments.to_vec();
                with_blocks(car, move |blocks| resolve(blocks, &root, &segments)).await?
            }
            Self::Elsewhere(gateway) => return gateway.resolve(root, segments).await,
            Self::Inside => resolve(&mut Nothing, &root, segments),
        };
        resolution.map_err(|error| match error {
            ResolveError::Read(error) => error.into(),
            _ => SourceError::Described("its path leads nowhere"),
        })
    }

    /// The first `len` bytes of the file `cid`.
    async fn beginning(&self, cid: Cid, len: u64) -> Result<Bytes, SourceError> {
        let cursor = FileCursor::new(cid, 0..len);
        match self {
            Self::Here(car) => Ok(read_range(car, cid, 0..len).await?),
            Self::Elsewhere(gateway) => {
                let gather = |mut all: Vec<u8>, piece: Bytes| async move {
                    all.extend_from_slice(&piece);
                    Ok(all)
                };
                Ok(gateway.read(cursor).try_fold(Vec::new(), gather).await?.into())
            }
            Self::Inside => Ok(crate::blobs::collect(cursor, &mut Nothing)?),
        }
    }
}

impl Found {
    /// What may be told of it.
    pub(super) fn details(&self) -> Details {
        let file = &self.file;
        Details::new(Some(file.size), Some(file.content_type.as_bytes()), file.name.as_deref())
    }

    /// The part of it that is asked for.
    pub(super) fn open(self, asked: &PartAsked) -> Result<Opened, SourceError> {
        let Self { file, blocks } = self;
        let range = asked.range_for(&file.etag).filter(|_| file.size > 0);
        let range = range
            .map(|range| range.within(file.size).ok_or(SourceError::RangeOutside(Some(file.size))))
            .transpose()?;
        let part = range.as_ref().map(|range| ContentRange {
            first: range.start,
            last: range.end - 1,
            total: Some(file.size),
        });
        let range = range.unwrap_or(0..file.size);
        let length = range.end - range.start;
        let body = match (&file.content, blocks) {
            (Some(content), _) => {
                let at = |place| usize::try_from(place).unwrap_or(content.len());
                in_memory(content.slice(at(range.start)..at(range.end)))
            }
            (None, Blocks::Here(car)) => {
                let cursor = FileCursor::new(file.cid, range);
                boxed(ContentStream::file(cursor, car.cursor(Access::Memory), length))
            }
            (None, Blocks::Elsewhere(gateway)) => {
                boxed(StreamBody::new(gateway.read(FileCursor::new(file.cid, range)).map_ok(Frame::data)))
            }
            (None, Blocks::Inside) => return Err(SourceError::Described("its CID is too long")),
        };
        Ok(Opened {
            part,
            length: Some(length),
            content_type: HeaderValue::try_from(&file.content_type).ok(),
            content_encoding: None,
            file_name: named(file.name.clone(), Some(&file.content_type)),
            etag: HeaderValue::try_from(&file.etag).ok(),
            last_modified: None,
            accepts_ranges: true,
            body,
        })
    }
}

/// `<cid>[/path]`, also with `ipfs://` or `/ipfs/` before it.
/// The root of the content that a file object names, as text, if it is content of the IPFS.
#[must_use]
pub fn content_root(file: &FileObject) -> Option<String> {
    let FileObject::Ipfs { hash, .. } = file else { return None };
    parse(hash).map(|(cid, _)| Root::of(&cid).to_string())
}

fn parse(hash: &str) -> Option<(Cid, Vec<String>)> {
    let hash = hash.strip_prefix("ipfs://").or_else(|| hash.strip_prefix("/ipfs/")).unwrap_or(hash);
    let mut segments = hash.split('/').filter(|segment| !segment.is_empty());
    let root = parse_cid(segments.next()?).ok()?;
    let decode = |segment| percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    Some((root, segments.map(decode).collect::<Option<_>>()?))
}

impl From<ReadError<BlobError>> for SourceError {
    fn from(error: ReadError<BlobError>) -> Self {
        match error {
            ReadError::Source(error) => error.into(),
            ReadError::Malformed { .. } => Self::Described("it is no file"),
        }
    }
}

/// The store of an identity CID, which needs none.
struct Nothing;

impl tidegate_content::BlockSource for Nothing {
    type Error = BlobError;

    fn block(&mut self, _: &Cid) -> Result<Bytes, BlobError> {
        Err(BlobError::Missing)
    }
}

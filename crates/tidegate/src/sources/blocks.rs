//! Content from a gateway that is not trusted: block by block, each checked against its CID (trustless gateway
//! specification, section 4), the next ones being fetched while the first is read.
//!
//! Single blocks and not one CAR of all: every gateway has them, and ranges, repeated blocks and broken connections cost
//! no more than the blocks they touch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderValue, StatusCode, header};
use moka::sync::Cache;
use tidegate_content::{
    BlockSource, Cid, FileCursor, MAX_BLOCK_BYTES, ReadError, Resolution, ResolveError, identity_block,
    resolve, verify_block,
};
use tokio::{task::JoinSet, time};
use url::Url;

use super::SourceError;
use crate::fetch::{FetchError, FetchRequest, Fetcher};

/// Blocks that are fetched ahead of the reader. One has mostly 256 KiB or 1 MiB.
const AHEAD: usize = 6;
/// Blocks kept because they will be needed later, such as the next branches of a tree.
const MAX_KEPT: usize = 4 * AHEAD;
/// Blocks that are read to find one path: directories, and the shards of large ones.
const MAX_WAY: usize = 256;
/// What all remembered blocks may take, in bytes: the way to a file is asked for again with each of its parts, and some
/// files repeat themselves.
const REMEMBERED_BYTES: u64 = 8 << 20;
/// How often one block is asked for.
const ATTEMPTS: usize = 2;
/// How long one block may take.
const PATIENCE: time::Duration = time::Duration::from_secs(60);

/// A gateway that gives single blocks. Cheap to clone.
#[derive(Clone)]
pub(super) struct BlockGateway(Arc<Gateway>);

struct Gateway {
    url: Url,
    fetcher: Fetcher,
    remembered: Cache<Cid, Bytes>,
}

impl BlockGateway {
    /// The gateway at `url`, reached through `fetcher`.
    pub(super) fn new(url: Url, fetcher: Fetcher) -> Self {
        let weigh =
            |_: &Cid, block: &Bytes| u32::try_from(block.len()).unwrap_or(u32::MAX).saturating_add(256);
        let remembered = Cache::builder().max_capacity(REMEMBERED_BYTES).weigher(weigh).build();
        Self(Arc::new(Gateway { url, fetcher, remembered }))
    }

    /// The block of `cid`, which is what it should be.
    async fn block(&self, cid: Cid) -> Result<Bytes, SourceError> {
        if let Some(block) = self.0.remembered.get(&cid) {
            return Ok(block);
        }
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let tried = time::timeout(PATIENCE, self.fetch(&cid)).await;
            match tried.unwrap_or(Err(FetchError::Timeout.into())) {
                Err(SourceError::Fetch(FetchError::Broken | FetchError::Timeout)) if left > 0 => {}
                done => {
                    return done.inspect(|block| self.0.remembered.insert(cid, block.clone()));
                }
            }
        }
    }

    async fn fetch(&self, cid: &Cid) -> Result<Bytes, SourceError> {
        let request = FetchRequest::get(self.place_of(cid).as_str())?
            .with_header(header::ACCEPT, HeaderValue::from_static("application/vnd.ipld.raw"));
        let answer = self.0.fetcher.fetch(request).await?;
        if answer.status != StatusCode::OK {
            return Err(SourceError::Status(answer.status.as_u16()));
        }
        let block = answer.body.collect(MAX_BLOCK_BYTES).await?;
        verify_block(cid, &block).map_err(|_| SourceError::Unverified)?;
        Ok(block)
    }

    /// `…/ipfs/<cid>?format=raw`. Operators write the gateway with and without `/ipfs`, and some have a key in the query.
    fn place_of(&self, cid: &Cid) -> Url {
        let mut url = self.0.url.clone();
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/ipfs").unwrap_or(path);
        let path = format!("{path}/ipfs/{cid}");
        url.set_path(&path);
        url.query_pairs_mut().append_pair("format", "raw");
        url
    }

    /// Follows `segments` from `root`.
    pub(super) async fn resolve(&self, root: Cid, segments: &[String]) -> Result<Resolution, SourceError> {
        let mut kept = Kept::default();
        for _ in 0..=MAX_WAY {
            match resolve(&mut Forever(&kept), &root, segments) {
                Ok(found) => return Ok(found),
                Err(ResolveError::Read(ReadError::Source(Missing(cid)))) => {
                    kept.0.insert(cid, self.block(cid).await?);
                }
                Err(ResolveError::Read(ReadError::Malformed { .. })) => return Err(SourceError::Unverified),
                Err(_) => return Err(SourceError::Described("its path leads nowhere")),
            }
        }
        Err(SourceError::Described("its path is too long"))
    }

    /// The bytes that `cursor` reads.
    pub(super) fn read(
        &self,
        cursor: FileCursor,
    ) -> impl Stream<Item = Result<Bytes, SourceError>> + Send + 'static {
        let reader = Reader {
            gateway: self.clone(),
            cursor,
            kept: Kept::default(),
            coming: JoinSet::new(),
            awaited: HashSet::new(),
        };
        stream::try_unfold(reader, |mut reader| async move {
            Ok(reader.next().await?.map(|bytes| (bytes, reader)))
        })
    }
}

/// The reading of one file.
struct Reader {
    gateway: BlockGateway,
    cursor: FileCursor,
    kept: Kept,
    /// Dropped with the reader.
    coming: JoinSet<(Cid, Result<Bytes, SourceError>)>,
    awaited: HashSet<Cid>,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            let missing = match self.cursor.next(&mut self.kept) {
                Ok(bytes) => {
                    self.look_ahead();
                    return Ok(bytes);
                }
                Err(ReadError::Source(Missing(cid))) => cid,
                Err(ReadError::Malformed { .. }) => return Err(SourceError::Unverified),
            };
            self.ask_for(missing);
            self.look_ahead();
            self.one_more(missing).await?;
        }
    }

    /// Waits for any block; a failure counts when it is `missing` that failed, others are asked for again in their turn.
    async fn one_more(&mut self, missing: Cid) -> Result<(), SourceError> {
        let Some(Ok((cid, block))) = self.coming.join_next().await else {
            return Err(FetchError::Broken.into());
        };
        self.awaited.remove(&cid);
        match block {
            Ok(block) => {
                if self.kept.0.len() >= MAX_KEPT {
                    self.kept.0.clear();
                }
                self.kept.0.insert(cid, block);
            }
            Err(error) if cid == missing => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    fn look_ahead(&mut self) {
        let next: Vec<Cid> = self.cursor.upcoming().take(AHEAD).copied().collect();
        for cid in next {
            if self.coming.len() < AHEAD {
                self.ask_for(cid);
            }
        }
    }

    fn ask_for(&mut self, cid: Cid) {
        if identity_block(&cid).is_some() || self.kept.0.contains_key(&cid) || !self.awaited.insert(cid) {
            return;
        }
        let gateway = self.gateway.clone();
        self.coming.spawn(async move { (cid, gateway.block(cid).await) });
    }
}

/// Checked blocks at hand. Each is given away once: a file is read in order.
#[derive(Default)]
struct Kept(HashMap<Cid, Bytes>);

/// The block that is not at hand.
#[derive(Debug)]
struct Missing(Cid);

impl BlockSource for Kept {
    type Error = Missing;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, Missing> {
        self.0.remove(cid).ok_or(Missing(*cid))
    }
}

/// The same for a reader that comes back to them.
struct Forever<'a>(&'a Kept);

impl BlockSource for Forever<'_> {
    type Error = Missing;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, Missing> {
        self.0.0.get(cid).cloned().ok_or(Missing(*cid))
    }
}

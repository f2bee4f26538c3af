//! Content as its owner reads it in the panel, whether or not others may: what it is, the names in a folder, and the bytes, by the
//! same code that serves the gateway.
//!
//! It comes from the origin of the panel, so nothing of it runs (`sandbox.rs`). Whose content it is was asked before.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tidegate_content::{Cid, DirectoryEntries, DirectoryEntry, Entity, ReadError, resolve};

use super::{
    GatewayError,
    file::{File, Shown},
    headers,
    locate::Located,
    sandbox::{FRAMED, STILL, refuse_our_own_pages},
};
use crate::{
    app::App,
    blobs::{BlobError, CarFile, Root, SNIFFED, content_type, with_blocks},
};

/// Its owner's own copy, and asked for again each time.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Pages of other origins may not take it in, also those of a host of the same site.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Some content, or a part of it, that somebody has pinned.
pub(in crate::http) struct Kept {
    located: Located,
    name: Option<String>,
}

impl Kept {
    /// What `names` lead to in the content of `root`; nothing when it is not here. `called` is what its owner calls the content.
    ///
    /// # Errors
    /// There is nothing of these names, or it cannot be read.
    pub(in crate::http) async fn find(
        app: &App,
        root: &Cid,
        names: Vec<String>,
        called: Option<&str>,
    ) -> Result<Option<Self>, GatewayError> {
        let Some(car) = app.library.open(Root::of(root)).await? else { return Ok(None) };
        let name = names.last().map(String::as_str).or(called).map(str::to_owned);
        let root = *root;
        let resolved = with_blocks(&car, move |blocks| resolve(blocks, &root, &names)).await?;
        let resolution = resolved.map_err(GatewayError::inside)?;
        Ok(Some(Self { located: Located { car: Some(car), resolution }, name }))
    }

    /// The bytes of a file; nothing for a folder, or what is neither.
    pub(in crate::http) fn size(&self) -> Option<u64> {
        match self.located.resolution.entity {
            Entity::File { size } | Entity::RawBlock { size } => Some(size),
            _ => None,
        }
    }

    /// Whether it is a folder.
    pub(in crate::http) fn is_folder(&self) -> bool {
        matches!(self.located.resolution.entity, Entity::Directory(_))
    }

    /// The type of a file.
    ///
    /// # Errors
    /// Its first block cannot be read.
    pub(in crate::http) async fn content_type(&self) -> Result<String, GatewayError> {
        let beginning = self.beginning(SNIFFED).await?;
        Ok(content_type(self.name.as_deref(), &beginning))
    }

    /// The first `len` bytes of a file, or all of it.
    ///
    /// # Errors
    /// They cannot be read.
    pub(in crate::http) async fn beginning(&self, len: u64) -> Result<Bytes, GatewayError> {
        self.located.beginning(len.min(self.size().unwrap_or_default())).await
    }

    /// The first `limit` entries of a folder, as they lie.
    ///
    /// # Errors
    /// They cannot be read.
    pub(in crate::http) async fn entries(&self, limit: usize) -> Result<Vec<DirectoryEntry>, GatewayError> {
        let (cid, Some(car)) = (self.located.resolution.cid, &self.located.car) else {
            return Ok(Vec::new());
        };
        Ok(first_entries(car, cid, limit).await??)
    }

    /// Answers with the file, or the part of it that is asked for.
    ///
    /// # Errors
    /// It is no file, the range lies outside of it, or it cannot be read.
    pub(in crate::http) async fn answer(
        &self,
        app: &App,
        conditions: &HeaderMap,
    ) -> Result<Response, GatewayError> {
        refuse_our_own_pages(conditions)?;
        let Some(size) = self.size() else {
            return Err(GatewayError::NotImplemented("this is not a file".to_owned()));
        };
        let Shown { size, content_type, content } =
            Shown::read(&self.located, size, self.name.as_deref()).await?;
        let cid = self.located.resolution.cid;
        let etag = format!("\"{cid}\"");
        let mut head = HeaderMap::with_capacity(16);
        head.insert(header::ETAG, headers::value(&etag));
        head.insert(header::CACHE_CONTROL, PRIVATE);
        head.insert(header::CONTENT_TYPE, headers::value(&content_type));
        head.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
        head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        head.insert(RESOURCE_POLICY, SAME_ORIGIN);
        let policy = if content_type == "application/pdf" { FRAMED } else { STILL };
        head.insert(header::CONTENT_SECURITY_POLICY, policy);
        let holder = self.located.car.as_ref().map(|car| Root::of(car.root()));
        let file = File { holder, cid, size, content_type, etag, head, content };
        let gone = || GatewayError::NotFound("the content is not here".to_owned());
        file.answer(app, conditions).await?.ok_or_else(gone)
    }
}

type Read<T> = Result<T, ReadError<BlobError>>;

async fn first_entries(
    car: &Arc<CarFile>,
    folder: Cid,
    limit: usize,
) -> Result<Read<Vec<DirectoryEntry>>, BlobError> {
    let list = move |blocks: &mut crate::blobs::CarCursor| {
        let (mut entries, mut found) = (DirectoryEntries::new(folder), Vec::new());
        while found.len() < limit
            && let Some(entry) = entries.next(blocks)?
        {
            found.push(entry);
        }
        Ok(found)
    };
    with_blocks(car, list).await
}

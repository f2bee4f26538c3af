//! Files that are sold, from wherever they are. As in `fetch`, 127.0.0.2 stands for the public internet.

mod contracts;
mod downloads;
mod gateways;
mod own_store;
mod questions;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::{
    app::App,
    clock::Clock,
    config,
    fetch::system_tls,
    pins::Library,
    sources::{Contracts, Details, Opened, Outside, PartAsked, Seller, SourceError, Sources, entry},
};
use tidegate_ocean::{Address, FileObject};

use crate::{
    fetch::{guard, limits},
    support::{origin::Names, server::settings, soon},
};

/// Sources, and the folder of their own store.
pub struct Shop {
    pub sources: Sources,
    _folder: TempDir,
}

impl Shop {
    /// With an empty store and no gateways.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut config::Provider)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = settings(folder.path());
        change(&mut config.provider);
        let provider = config.provider.clone();
        let app = App::open(config, Clock::system()).await.unwrap();
        Self { sources: sources(&provider, app.library.clone()), _folder: folder }
    }

    /// Opens a file for a stranger.
    pub async fn get(&self, file: &Value) -> Result<Opened, SourceError> {
        self.get_part(file, &[]).await
    }

    /// The same with headers of a request for a part.
    pub async fn get_part(&self, file: &Value, headers: &[(&str, &str)]) -> Result<Opened, SourceError> {
        let part = asked(headers);
        soon("the file", self.sources.open(&object(file), Seller::default(), &part)).await
    }

    /// Asks about a file.
    pub async fn probe(&self, file: &Value, checksum: bool) -> Result<Details, SourceError> {
        soon("the details", self.sources.probe(&object(file), Seller::default(), checksum)).await
    }

    /// What `fileinfo` says about a file.
    pub async fn info(&self, file: &Value, checksum: bool) -> Value {
        let details = self.probe(file, checksum).await.ok();
        entry(0, object(file).kind(), details.as_ref())
    }
}

/// Sources over `library`.
pub fn sources(settings: &config::Provider, library: Library) -> Sources {
    let names =
        Names::default().with("public.example", &[&["127.0.0.2"]]).with("gateway.example", &[&["127.0.0.1"]]);
    let outside =
        Outside { guard: guard(), resolver: Arc::new(names), tls: system_tls().unwrap(), limits: limits() };
    Sources::new(settings, &outside, library, Arc::new(contracts::Answering))
}

pub fn object(file: &Value) -> FileObject {
    FileObject::parse(file).unwrap()
}

pub fn url(url: &str) -> Value {
    json!({ "type": "url", "url": url, "method": "GET" })
}

pub fn asked(headers: &[(&str, &str)]) -> PartAsked {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()));
    PartAsked::of(&headers.collect::<HeaderMap>())
}

/// All bytes of an opened file.
pub async fn bytes(opened: Opened) -> Result<Bytes, SourceError> {
    soon("all bytes", opened.body.collect()).await.map(http_body_util::Collected::to_bytes)
}

//! What `get` is asked for: a CID and names behind it, and how the names are followed without believing the gateway.

use anyhow::{Context, anyhow};
use bytes::{Bytes, BytesMut};
use reqwest::{Client, Response};
use tidegate_content::{
    BlockSource, Cid, MAX_BLOCK_BYTES, ReadError, ResolveError, import::MAX_DEPTH, parse_cid, resolve,
    verify_block,
};
use tokio::runtime::Handle;

use super::{
    Failure,
    client::{self, Address},
};

/// A CID and the names behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RemotePath {
    pub root: Cid,
    /// The CID as it was given.
    pub text: String,
    pub segments: Vec<String>,
}

impl RemotePath {
    /// Reads `CID[/path]`, also behind `/ipfs/` or `ipfs://`. Names are taken as they are, not percent-decoded.
    ///
    /// # Errors
    /// There is no CID, or a name that no content has.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let bare = text.strip_prefix("ipfs://").or_else(|| text.strip_prefix("/ipfs/")).unwrap_or(text);
        let mut names = bare.split('/');
        let cid = names.next().unwrap_or_default();
        let root = parse_cid(cid).with_context(|| format!("{cid:?}"))?;
        let segments: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if segments.len() > MAX_DEPTH || segments.iter().any(|name| name == "." || name == "..") {
            return Err(anyhow!("{text:?} is not a path that content can have"));
        }
        Ok(Self { root, text: cid.to_owned(), segments })
    }

    /// The last name: what a download is called when nothing else is said.
    pub(super) fn last_name(&self) -> &str {
        self.segments.last().unwrap_or(&self.text)
    }

    /// The CID at the end of the path. Every block on the way is checked.
    ///
    /// # Errors
    /// The gateway does not have it, there is no such name, or a block is not what its CID says.
    pub(super) async fn resolve(&self, gateway: Gateway) -> Result<Cid, Failure> {
        if self.segments.is_empty() {
            return Ok(self.root);
        }
        let (root, segments) = (self.root, self.segments.clone());
        let mut blocks = FetchedBlocks { gateway, runtime: Handle::current() };
        let resolution = tokio::task::spawn_blocking(move || resolve(&mut blocks, &root, &segments))
            .await
            .context("following the path stopped unexpectedly")?;
        resolution.map(|found| found.cid).map_err(|error| match error {
            ResolveError::Read(ReadError::Source(failure)) => failure,
            ResolveError::Read(malformed @ ReadError::Malformed { .. }) => {
                Failure::Damaged(anyhow!(malformed.to_string()))
            }
            nothing => Failure::NotFound(anyhow!("{}: {nothing}", self.text)),
        })
    }
}

/// Where content comes from; not believed.
#[derive(Clone)]
pub(super) struct Gateway {
    pub http: Client,
    pub address: Address,
}

impl Gateway {
    /// Asks for `cid` in a form that can be checked.
    ///
    /// # Errors
    /// The gateway cannot be reached or does not have it.
    pub(super) async fn get(&self, cid: &Cid, query: &str, accept: &str) -> Result<Response, Failure> {
        let request = self.http.get(self.address.join(&format!("/ipfs/{cid}?{query}")));
        client::send(request.header(http::header::ACCEPT, accept), &self.address).await
    }

    /// The block of `cid`, which is really that one.
    async fn block(&self, cid: &Cid) -> Result<Bytes, Failure> {
        let mut response = self.get(cid, "format=raw", "application/vnd.ipld.raw").await?;
        let mut block = BytesMut::new();
        while let Some(bytes) = response.chunk().await.context("the server's answer broke off")? {
            if block.len() + bytes.len() > MAX_BLOCK_BYTES {
                return Err(Failure::Damaged(anyhow!("the server sent more than a block for {cid}")));
            }
            block.extend_from_slice(&bytes);
        }
        verify_block(cid, &block)
            .with_context(|| format!("the server sent something else for {cid}"))
            .map_err(Failure::Damaged)?;
        Ok(block.freeze())
    }
}

/// Fetches from a thread that may wait.
struct FetchedBlocks {
    gateway: Gateway,
    runtime: Handle,
}

impl BlockSource for FetchedBlocks {
    type Error = Failure;

    fn block(&mut self, cid: &Cid) -> Result<Bytes, Failure> {
        self.runtime.block_on(self.gateway.block(cid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

    #[test]
    fn a_path_is_read_in_every_spelling() {
        for (text, segments) in [
            (CID.to_owned(), vec![]),
            (format!("{CID}/"), vec![]),
            (format!("{CID}/a b//c%20d"), vec!["a b", "c%20d"]),
            (format!("/ipfs/{CID}/a"), vec!["a"]),
            (format!("ipfs://{CID}/a"), vec!["a"]),
        ] {
            let path = RemotePath::parse(&text).expect("a path");
            assert_eq!(
                (path.text.as_str(), path.segments),
                (CID, segments.into_iter().map(str::to_owned).collect())
            );
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            "hello",
            "/ipns/example.org",
            &format!("{CID}/../x"),
            &format!("{CID}/."),
            &format!("{CID}{}", "/a".repeat(257)),
        ] {
            assert!(RemotePath::parse(text).is_err(), "{text}");
        }
    }
}

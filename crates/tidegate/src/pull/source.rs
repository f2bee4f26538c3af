//! Who is asked for blocks: a trustless gateway (<https://specs.ipfs.tech/http-gateways/trustless-gateway/>), or the RPC of a Kubo
//! node, which searches the network.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use tidegate_content::{Cid, MAX_BLOCK_BYTES, content_key, verify_block};
use tokio::time::timeout;
use url::Url;

use super::Miss;
use crate::fetch::{FetchError, FetchRequest, FetchedBody, Fetcher, Guard};

/// Where a client may say that content is, at most.
const MAX_ORIGINS: usize = 20;
/// The longest of these texts.
const MAX_ORIGIN: usize = 512;
/// Time for connecting to all of them.
const CONNECT: Duration = Duration::from_secs(10);

/// See the module's documentation.
pub struct Source {
    kind: Kind,
    base: Url,
    fetcher: Fetcher,
    name: String,
    patience: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gateway,
    Kubo,
}

impl Source {
    /// A gateway at `base`; `name` is what users are told. `fetcher` must be allowed to dial it, and no block may take longer
    /// than `patience`.
    #[must_use]
    pub fn gateway(base: Url, fetcher: Fetcher, name: String, patience: Duration) -> Self {
        Self { kind: Kind::Gateway, base, fetcher, name, patience }
    }

    /// A Kubo node.
    #[must_use]
    pub fn kubo(base: Url, fetcher: Fetcher, patience: Duration) -> Self {
        Self { kind: Kind::Kubo, base, fetcher, name: "the IPFS node".to_owned(), patience }
    }

    /// What users are told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The checked block of `cid`.
    ///
    /// # Errors
    /// It is not there, did not come, or is something else.
    pub async fn block(&self, cid: &Cid) -> Result<Bytes, Miss> {
        let fetching = async {
            let fetched = self.fetcher.fetch(self.block_request(cid)?).await?;
            self.check_status(fetched.status)?;
            Ok::<_, Miss>(fetched.body.collect(MAX_BLOCK_BYTES).await?)
        };
        let block = timeout(self.patience, fetching).await.map_err(|_| Miss::from(FetchError::Timeout))??;
        verify_block(cid, &block).map_err(|_| Miss::Wrong)?;
        Ok(block)
    }

    /// The DAG below `root` as a CAR, which is to be checked; nothing if this source has no such stream.
    ///
    /// # Errors
    /// It is not there, or does not begin to come.
    pub async fn archive(&self, root: &Cid) -> Result<Option<FetchedBody>, Miss> {
        // A node would search for one block after the other.
        if self.kind == Kind::Kubo {
            return Ok(None);
        }
        let request =
            self.gateway_request(root, "car&dag-scope=all&car-version=1&car-order=dfs&car-dups=n", CAR)?;
        let fetched = self.fetcher.fetch(request).await?;
        self.check_status(fetched.status)?;
        Ok(Some(fetched.body))
    }

    /// Connects a Kubo node to `origins`: multiaddrs, as the Pinning Service API has them. What is no such address, or leads to
    /// where only the node itself should reach, is left out; what fails is no matter.
    pub(super) async fn connect(&self, origins: &[String]) {
        if self.kind != Kind::Kubo {
            return;
        }
        let usable = origins.iter().take(MAX_ORIGINS).filter(|origin| may_be_dialled(origin));
        let connecting = usable.map(|origin| async move {
            let request = self.rpc("swarm/connect")?.with_parameter("arg", origin);
            self.fetcher.fetch(request).await.map(drop)
        });
        let _ = timeout(CONNECT, futures_util::future::join_all(connecting)).await;
    }

    fn block_request(&self, cid: &Cid) -> Result<FetchRequest, FetchError> {
        match self.kind {
            Kind::Gateway => self.gateway_request(cid, "raw", RAW),
            Kind::Kubo => Ok(self.rpc("block/get")?.with_parameter("arg", &cid.to_string())),
        }
    }

    fn gateway_request(
        &self,
        cid: &Cid,
        format: &str,
        accept: HeaderValue,
    ) -> Result<FetchRequest, FetchError> {
        let base = self.base.as_str().trim_end_matches('/');
        let request = FetchRequest::get(&format!("{base}/ipfs/{}?format={format}", content_key(cid)))?;
        Ok(request.with_header(header::ACCEPT, accept))
    }

    fn rpc(&self, command: &str) -> Result<FetchRequest, FetchError> {
        let base = self.base.as_str().trim_end_matches('/');
        Ok(FetchRequest::get(&format!("{base}/api/v0/{command}"))?.with_method(Method::POST))
    }

    fn check_status(&self, status: StatusCode) -> Result<(), Miss> {
        match status {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => {
                Err(Miss::NotFound)
            }
            other => Err(Miss::Status(other.as_u16())),
        }
    }
}

const RAW: HeaderValue = HeaderValue::from_static("application/vnd.ipld.raw");
const CAR: HeaderValue = HeaderValue::from_static("application/vnd.ipld.car; version=1; order=dfs; dups=n");

/// Whether a node may be told to dial this multiaddr: one of a peer, by name or at a public address.
fn may_be_dialled(multiaddr: &str) -> bool {
    if multiaddr.len() > MAX_ORIGIN || !multiaddr.contains("/p2p/") {
        return false;
    }
    let mut parts = multiaddr.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("ip4" | "ip6"), Some(address)) => {
            address.parse::<IpAddr>().is_ok_and(|address| Guard::public().allows("", address))
        }
        (Some("dns" | "dns4" | "dns6" | "dnsaddr"), Some(name)) => name.contains('.'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_only_sent_to_public_peers() {
        let peer = "p2p/12D3KooWGRUVh65rL8hQ1ZzFFzPbDGVmkGSpKcRXhkyHA6y8Lk6H";
        for good in [
            "/ip4/1.1.1.1/tcp/4001",
            "/ip4/1.1.1.1/udp/4001/quic-v1",
            "/dnsaddr/bootstrap.libp2p.io",
            "/ip6/2600::1/tcp/1",
        ] {
            assert!(may_be_dialled(&format!("{good}/{peer}")), "{good}");
        }
        for bad in [
            "/ip4/127.0.0.1/tcp/80",
            "/ip4/10.0.0.1/tcp/1",
            "/ip6/::1/tcp/1",
            "/dns/localhost/tcp/1",
            "/unix/x",
            "",
            "x",
        ] {
            assert!(!may_be_dialled(&format!("{bad}/{peer}")), "{bad}");
        }
        assert!(!may_be_dialled("/ip4/1.1.1.1/tcp/4001"));
    }
}

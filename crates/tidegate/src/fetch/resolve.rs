//! Names to addresses.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};

use super::FetchError;

/// Something that knows where names lead.
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, in the order in which they should be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, FetchError>>;
}

/// The name servers and the hosts file of this machine.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// As `/etc/resolv.conf` says. Without one only the hosts file is known: a machine without names can still serve its
    /// own content.
    #[must_use]
    pub fn new() -> Self {
        let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
            tracing::warn!(%error, "the system's name servers are not known, so no names can be looked up");
            TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
        });
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        Self(builder.build().expect("only options for TLS can be wrong"))
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, FetchError>> {
        Box::pin(async move {
            let found = self.0.lookup_ip(host).await.map_err(|_| FetchError::Unreachable)?;
            Ok(found.iter().collect())
        })
    }
}

//! What a request looks like to its owner: a `PinStatus` of the specification.

use std::{collections::BTreeMap, net::IpAddr};

use http::{HeaderMap, Uri};
use serde::Serialize;

use crate::{
    app::App,
    db::jobs::{Job, JobStatus},
    http::forwarded::address_as_reached,
};

/// In place of a CID that nobody knows yet: clients read every CID of a list, and give the list up where one is none. It is that of
/// nothing at all.
const UNKNOWN: &str = "bafkqaaa";

/// See the module's documentation.
#[derive(Serialize)]
pub(in crate::http) struct PinStatus {
    requestid: String,
    status: &'static str,
    created: String,
    pin: Pin,
    delegates: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    info: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Pin {
    cid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<String, String>,
}

impl PinStatus {
    /// The status of `job`.
    pub(super) fn of(job: Job, delegates: &[String]) -> Self {
        let info = info(&job);
        // Where content might be is of no interest once it is here.
        let origins = match job.status {
            JobStatus::Pinned => Vec::new(),
            _ => serde_json::from_str(&job.job.origins).unwrap_or_default(),
        };
        Self {
            requestid: job.job.id.0,
            status: job.status.as_str(),
            created: job.created_at.to_string(),
            pin: Pin {
                cid: job.job.cid.unwrap_or_else(|| UNKNOWN.to_owned()),
                name: job.job.name,
                origins,
                meta: serde_json::from_str(&job.job.meta).unwrap_or_default(),
            },
            delegates: delegates.to_vec(),
            info,
        }
    }
}

/// How the work goes, while it is not done.
fn info(job: &Job) -> BTreeMap<&'static str, String> {
    let mut info = BTreeMap::new();
    if job.status == JobStatus::Pinned {
        return info;
    }
    if let Some(reason) = &job.reason {
        info.insert("reason", reason.clone());
    }
    if job.tries > 0 {
        info.insert("tries", job.tries.to_string());
        info.insert("bytes_done", job.progress.bytes_done.to_string());
        info.insert("blocks_done", job.progress.blocks_done.to_string());
    }
    if let Some(total) = job.progress.bytes_total {
        info.insert("bytes_total", total.to_string());
    }
    // While somebody works on it, due_at is the end of their turn.
    if let (JobStatus::Queued | JobStatus::Failed, Some(next)) = (job.status, job.due_at) {
        info.insert("next_try", next.to_string());
    }
    info
}

/// Our own address as a multiaddr. The specification wants at least one, and clients connect to it; what we speak there is HTTP.
pub(super) fn delegates(app: &App, uri: &Uri, headers: &HeaderMap) -> Vec<String> {
    vec![multiaddr(&address_as_reached(app, uri, headers), &app.peer_id)]
}

fn multiaddr(address: &str, peer: &str) -> String {
    let uri: Uri = address.parse().unwrap_or_default();
    let tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let host = uri.host().unwrap_or("localhost").trim_matches(['[', ']']);
    let host = match host.parse() {
        Ok(IpAddr::V4(ip)) => format!("ip4/{ip}"),
        Ok(IpAddr::V6(ip)) => format!("ip6/{ip}"),
        Err(_) => format!("dns/{host}"),
    };
    let tls = if tls { "/tls" } else { "" };
    format!("/{host}/tcp/{port}{tls}/http/p2p/{peer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_multiaddr() {
        for (address, expected) in [
            ("http://127.0.0.1:8030", "/ip4/127.0.0.1/tcp/8030/http/p2p/X"),
            ("https://pins.example.org", "/dns/pins.example.org/tcp/443/tls/http/p2p/X"),
            ("https://pins.example.org:8443/base", "/dns/pins.example.org/tcp/8443/tls/http/p2p/X"),
            ("http://[::1]", "/ip6/::1/tcp/80/http/p2p/X"),
            ("http://a b", "/dns/localhost/tcp/80/http/p2p/X"),
        ] {
            assert_eq!(multiaddr(address, "X"), expected);
        }
    }
}
